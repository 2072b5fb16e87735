"""Rules of single rows: DV, MDV, BLQ and LLOQ agree with what the record is, and dosing items stand on doses."""

from __future__ import annotations

import numpy as np

from pkpd.check.view import View

__all__ = ["row_rules"]


def row_rules(view: View) -> None:
    """Check what stands on each row."""
    _mdv(view)
    _missing_dv(view)
    _dv(view)
    _limits(view)
    _dosing_items(view)


def _mdv(view: View) -> None:
    mdv = view.mdv
    event = view.evid != 0
    view.find(
        "warning",
        "mdv-unknown",
        "MDV",
        ~np.isnan(mdv) & ~np.isin(mdv, (0, 1, 100, 101)),
        lambda row: f"MDV {view.cells('mdv', row)} is not known; expected 0 observed or 1 missing.",
        "Correct MDV.",
    )
    view.find(
        "warning",
        "mdv-disagrees",
        "MDV",
        event & (mdv == 0),
        lambda row: f"MDV is 0 on a record with EVID {view.cells('evid', row)}; expected MDV 1 there.",
        "Set MDV to 1, or EVID to 0 if this is an observation.",
    )
    view.find(
        "info",
        "dv-left-out",
        "MDV",
        ~event & (mdv == 1) & (view.blq != 1) & ~np.isnan(view.dv) & (view.dv != 0),
        lambda row: f"MDV is 1 on an observation with DV {view.cells('dv', row)}; it is left out of fits.",
        "Set MDV to 0 if the value counts.",
    )


def _missing_dv(view: View) -> None:
    missing = (view.evid == 0) & np.isnan(view.dv) & (view.blq != 1) & view.has("DV")
    view.find(
        "warning",
        "dv-missing",
        "DV",
        missing & (view.mdv == 0),
        lambda row: "DV is empty where MDV is 0; expected a value, and the row is not used as an observation.",
        "Fill in DV, or set MDV to 1 (BLQ to 1 for a level below the limit).",
    )
    view.find(
        "info",
        "dv-empty",
        "DV",
        missing & np.isnan(view.mdv),
        lambda row: "DV is empty on a row that is no dose; it is not used as an observation.",
        "Fill in DV, or set MDV to 1 to say so.",
    )


def _dv(view: View) -> None:
    dv = view.dv
    view.find(
        "info",
        "dv-on-dose",
        "DV",
        view.dose & ~np.isnan(dv) & (dv != 0),
        lambda row: f"DV {view.cells('dv', row)} stands on a dose; expected DV empty or 0 there, and it is not used.",
        "Give an observation at the time of the dose a row of its own, and clear DV here.",
    )
    view.find(
        "warning",
        "dv-negative",
        "DV",
        view.seen & (dv < 0),
        lambda row: f"DV {view.cells('dv', row)} is negative; expected a concentration of 0 or more.",
        "Correct DV; for logarithms of concentrations, transform them back.",
    )
    view.find(
        "warning",
        "dv-infinite",
        "DV",
        view.seen & np.isinf(dv),
        lambda row: "DV is not finite; expected a concentration.",
        "Correct DV, or set MDV to 1.",
    )
    view.find(
        "info",
        "dv-zero",
        "DV",
        view.seen & (dv == 0) & (view.blq != 1),
        lambda row: "DV is 0; a measured level is never exactly 0, and a proportional or log error cannot use it.",
        "If it is below the limit of quantification, set BLQ to 1 and give LLOQ.",
    )


def _limits(view: View) -> None:
    flagged, limit = view.blq == 1, view.lloq
    view.find(
        "warning",
        "blq-unknown",
        "BLQ",
        (view.blq != 0) & ~flagged,
        lambda row: f"BLQ {view.cells('blq', row)} is not known; expected 1 below the limit, else 0.",
        "Correct BLQ.",
    )
    view.find(
        "warning",
        "lloq-impossible",
        "LLOQ",
        ~np.isnan(limit) & ~((limit > 0) & np.isfinite(limit)),
        lambda row: f"LLOQ {view.cells('lloq', row)} is no limit of quantification; expected a number above 0.",
        "Correct LLOQ.",
    )
    view.find(
        "warning",
        "blq-without-lloq",
        "LLOQ" if view.has("LLOQ") else "BLQ",
        (view.evid == 0) & flagged & np.isnan(limit),
        lambda row: "BLQ is 1 without a limit; expected the limit of quantification in LLOQ.",
        "Give LLOQ, or say lloq=... when fitting.",
    )
    with np.errstate(invalid="ignore"):
        below = view.seen & ~flagged & (view.dv < limit)
    view.find(
        "info",
        "dv-below-lloq",
        "DV",
        below,
        lambda row: f"DV {view.cells('dv', row)} is below LLOQ {view.cells('lloq', row)}; it counts as BLQ.",
        "Set BLQ to 1 to say so.",
    )


def _dosing_items(view: View) -> None:
    for name, values in (("SS", view.ss), ("ADDL", view.addl)):
        view.find(
            "warning",
            f"{name.lower()}-without-dose",
            name,
            ~view.dose & (values > 0),
            lambda row, name=name: (  # type: ignore[misc]
                f"{name} {view.cells(name.lower(), row)} stands on a record with EVID {view.cells('evid', row)}, where "
                "it does nothing; expected it on doses only."
            ),
            f"Clear {name}, or set EVID to 1 if this is a dose.",
        )
    idle = view.dose & (view.ii > 0) & (view.addl == 0) & (view.ss == 0)
    kept = idle & _dose_at_interval(view)
    for severity, rows in (("warning", idle & ~kept), ("info", kept)):
        view.find(
            severity,
            "ii-without-addl",
            "II",
            rows,
            lambda row: (
                f"II {view.cells('ii', row)} stands without ADDL or SS, so that it does nothing; expected ADDL, the "
                "number of further doses."
            ),
            "Give ADDL (or SS), or clear II.",
        )
    view.find(
        "warning",
        "cmt-unknown",
        "CMT",
        ~np.isnan(view.cmt) & ~((view.cmt >= 0) & (view.cmt == np.floor(view.cmt))),
        lambda row: f"CMT {view.cells('cmt', row)} is no compartment; expected a whole number, 0 or more.",
        "Correct CMT.",
    )


def _dose_at_interval(view: View) -> np.ndarray:
    """Doses whose neighbour among the doses of the ID stands at II: they are written out, and II is a remark."""
    rows = np.flatnonzero(view.dose)
    found = np.zeros(len(view), dtype=np.bool_)
    for one, other in ((rows[1:], rows[:-1]), (rows[:-1], rows[1:])):
        gap = np.abs(view.time[one] - view.time[other])
        near = np.isclose(gap, view.ii[one], rtol=1e-6) & (view.subject[one] == view.subject[other])
        found[one[near]] = True
    return found
