"""Rules of subjects: each has doses and observations, in an order that can be, once each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pkpd.check.view import View
from pkpd.dataset.observations import kinds_of
from pkpd.dataset.records import number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["subject_rules"]

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: A gap may be a slip of the clock when it is more than this many times the next largest gap of its ID and the usual
#: largest gap (that of all but one ID in twenty); with fewer than three IDs, `ALONE` times the next largest.
JUMP, USUAL, ALONE = 2.0, 0.95, 10.0


def subject_rules(view: View, hour: float) -> None:
    """Check subjects; `hour` is one hour in the unit of TIME."""
    _presence(view)
    _order(view)
    _clock(view, hour)
    _duplicates(view)


def _first_rows(view: View, subjects: IntArray) -> IntArray:
    return view.table.starts[subjects]


def _presence(view: View) -> None:
    count = len(view.table.ids)
    for rule, column, rows, what, fix in (
        ("id-without-dose", "AMT", view.dose, "dose", "Add its doses, or leave the ID out."),
        ("id-without-observation", "DV", view.seen, "observation", "Check EVID, MDV and DV, or leave the ID out."),
    ):
        if not view.has(column):
            continue
        without = np.flatnonzero(np.bincount(view.subject[rows], minlength=count) == 0)
        view.find(
            "warning",
            rule,
            column,
            _first_rows(view, without),
            lambda row, what=what: f"ID {view.who(row)} has no {what}; expected at least one.",  # type: ignore[misc]
            fix,
        )


def _order(view: View) -> None:
    """Doses after the last observation, and levels before the first dose."""
    count = len(view.table.ids)
    first_dose, last_seen = np.full(count, np.inf), np.full(count, -1)
    rows = np.arange(len(view))
    np.minimum.at(first_dose, view.subject[view.dose], rows[view.dose])
    np.maximum.at(last_seen, view.subject[view.seen], rows[view.seen])
    later = view.dose & (rows > last_seen[view.subject]) & (last_seen[view.subject] >= 0)
    view.find(
        "info",
        "dose-after-last-sample",
        "TIME",
        later,
        lambda row: f"the dose at TIME {view.cells('time', row)} is after the last observation of ID {view.who(row)}.",
        "It cannot influence a fit; nothing to do if that is so.",
    )
    start = first_dose[view.subject]
    dosed = np.isfinite(start)
    dose_time = np.full(len(view), np.inf)
    dose_time[dosed] = view.time[start[dosed].astype(np.int64)]
    early = view.seen & (rows < start) & dosed & (view.time < dose_time) & (view.dv > 0)
    view.find(
        "warning",
        "level-before-dose",
        "DV",
        early,
        lambda row: (
            f"DV {view.cells('dv', row)} at TIME {view.cells('time', row)} is before the first dose of "
            f"ID {view.who(row)} (TIME {number(dose_time[row])}); expected no drug there."
        ),
        "Correct the time, or add the earlier doses (SS for a patient at steady state).",
    )


def _clock(view: View, hour: float) -> None:
    """Records that come after a gap far longer than any other of the ID and than is usual."""
    if len(view) < 3:
        return
    gap = np.zeros(len(view))
    gap[1:] = np.diff(view.time)
    gap[np.append(True, np.diff(view.piece) != 0)] = 0
    gap[~np.isfinite(gap) | (gap < 0)] = 0
    count = len(view.table.ids)
    largest, second = np.zeros(count), np.zeros(count)
    np.maximum.at(largest, view.subject, gap)
    top = gap == largest[view.subject]
    once = np.bincount(view.subject[top], minlength=count) == 1
    np.maximum.at(second, view.subject[~top], gap[~top])
    second = np.where(once, second, largest)
    usual = float(np.quantile(largest, USUAL, method="lower")) if count > 2 else ALONE / JUMP * second
    limit = np.maximum(JUMP * np.maximum(second, usual), 20.0 * hour)[view.subject]
    view.find(
        "warning",
        "clock-jump",
        "TIME",
        (gap > limit) & (second[view.subject] > 0),
        lambda row: (
            f"TIME jumps from {number(view.time[row - 1])} to {view.cells('time', row)} for ID {view.who(row)}, far "
            "more than any other gap of it and than is usual here; expected one clock for all records."
        ),
        "Check date and unit of the time; begin a new occasion with EVID 4 or a column named by `by`.",
    )


def _duplicates(view: View) -> None:
    """Rows that are the same, doses of the same amount at one time, and two observations of one kind at one time."""
    import pandas as pd

    codes = [pd.factorize(view.data.frame.iloc[:, place])[0] for place in range(view.data.frame.shape[1])]
    whole = pd.DataFrame({"piece": view.piece, **{str(place): column for place, column in enumerate(codes)}})
    told = _report_same(
        view, whole, "warning", "duplicate-row", "ID", "the row is the same in every column as line {line}"
    )
    keys = {"piece": view.piece, "time": view.time, "cmt": np.nan_to_num(view.cmt, nan=0.0)}
    doses = pd.DataFrame({**keys, "amt": view.amt, "rate": view.rate})[view.dose & ~told]
    _report_same(
        view, doses, "warning", "duplicate-dose", "AMT", "AMT {amt} is given twice at TIME {time}, see line {line}"
    )
    seen = pd.DataFrame({**keys, "kind": kinds_of(view.data) if view.has("DVID") else 0})[view.seen & ~told]
    _report_same(
        view, seen, "info", "duplicate-time", "TIME", "TIME {time} has two observations, see line {line}; expected one"
    )


def _report_same(view: View, table: pd.DataFrame, severity: str, rule: str, column: str, text: str) -> BoolArray:
    """A finding for each row of `table` (its index are rows of the data) that has an equal earlier one."""
    told = np.zeros(len(view), dtype=np.bool_)
    doubled = table[table.duplicated(keep=False).to_numpy()]
    if len(doubled) == 0:
        return told
    groups = doubled.groupby(list(table.columns), dropna=False, sort=False).ngroup()
    first: dict[int, int] = {}
    earlier: dict[int, int] = {}
    for row, group in zip(doubled.index.tolist(), groups.tolist(), strict=True):
        if first.setdefault(group, row) != row:
            earlier[row] = first[group]
    told[list(earlier)] = True
    view.find(
        severity,
        rule,
        column,
        told,
        lambda row: (
            text.format(line=view.line(earlier[row]), time=view.cells("time", row), amt=view.cells("amt", row)) + "."
        ),
        "Delete one of them, or tell them apart (DVID, CMT, or the time of the second).",
    )
    return told
