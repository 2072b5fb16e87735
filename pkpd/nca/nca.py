"""Non-compartmental analysis: exposure, terminal half-life, clearance and volume without a model.

Knows the table of results, and for every quantity that is missing the reason. The areas and slopes are measured in
`pkpd.nca.profile`; which dose and which samples make a profile is settled in `pkpd.nca.doses`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pkpd.dataset.dataset import Dataset, as_dataset
from pkpd.dataset.observations import Observations, observations
from pkpd.dataset.units import DataUnits, data_units
from pkpd.errors import ParameterError, UnitError
from pkpd.nca.doses import Followed, followed
from pkpd.nca.profile import BOLUS, INFUSION, Measures, Profiles, measure
from pkpd.options import keywords_explained, one_of
from pkpd.units import parse_time

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["METHODS", "nca"]

FloatArray = NDArray[np.float64]

#: Where the samples of the terminal slope are looked for; else after the peak.
TERMINAL = {BOLUS: "from the peak on", INFUSION: "after the peak and the infusion"}
METHODS = ("lin-up-log-down", "linear")
_RANGE = re.compile(r"\s*([\d.]+)\s*([a-zA-Z]*)\s*-\s*([\d.]+)\s*([a-zA-Z]*)\s*")


@keywords_explained
def nca(
    data: str | Path | pd.DataFrame | Dataset,
    *,
    method: str = "lin-up-log-down",
    intervals: str | Sequence[tuple[float | str, float | str]] | None = None,
    units: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    by: str | Sequence[str] | None = None,
) -> pd.DataFrame:
    """Analyse concentration profiles without a model.

    Parameters
    ----------
    data : path, pandas.DataFrame or Dataset
        Records with NONMEM columns; see `read_data`. Each ID is one profile: its first dose and the samples up to
        the next dose, or all its doses where at least 3 quantifiable samples follow each of them. A reset (EVID 3 or
        4) and a steady state (SS 1) begin another profile, with an id such as ``"3 / 2"``.
    method : "lin-up-log-down" or "linear"
        Whether falling pieces of the curve are log-linear, or all pieces straight.
    intervals : str or sequence of pairs, optional
        Partial areas, from and to, since the first dose: ``[(0, 12), (12, 24)]`` in hours, ``[("0 h", "90 min")]``, or
        ``"0-12 h, 12-24 h"``. Each gives a column such as ``auc_0_12_mg_h_L``.
    units : mapping of str to str, optional
        Units of columns, such as ``{"TIME": "min", "AMT": "mg", "DV": "ng/mL"}``; otherwise h, mg, mg/h, mg/L.
    columns : mapping of str to str, optional
        What a column means, such as ``{"HOURS": "TIME"}``.
    by : str or sequence of str, optional
        Columns that tell the occasions of a subject apart; each is a profile, with an id such as ``"3 / 2"``.

    Returns
    -------
    pandas.DataFrame
        One row a profile: id, cmax_mg_L, tmax_h (since the first dose), auc_last_mg_h_L (to the last quantifiable
        sample), auc_inf_mg_h_L, auc_extrap_percent, lambda_z_1_h, half_life_h, cl_L_h and vz_L (over the
        bioavailability where the dose is absorbed), mrt_h, n_lambda_z, r2_adj, route (bolus, infusion, extravascular,
        or the word in ROUTE) and reason, which says why a quantity is missing and what was left out; then the partial
        areas and, where there is a profile at steady state, tau_h and auc_tau_mg_h_L.

    Raises
    ------
    DataError
        If the data cannot be read, a record breaks a rule, or there is no observation.
    ParameterError
        If an option or an interval is not known.
    UnitError
        If a unit does not fit, or is in moles.

    Notes
    -----
    The curve begins at the dose, for an iv bolus with the concentration extrapolated back through the first two
    samples. A sample below quantification (BLQ, a DV below LLOQ, a DV of 0) is 0 before the first quantifiable one
    and left out after it. The terminal slope has the best adjusted r2 over at least 3 samples after the peak; a bolus
    peaks at the dose, so its highest sample may be one of them. AUC to infinity adds c_last / lambda_z; CL = dose /
    AUC, Vz = CL / lambda_z, MRT = AUMC / AUC less the mean time at which the doses are given (half the duration of
    an infusion). At steady state (SS and II on the dose) AUC_tau, the area over one interval, takes the place of the
    area to infinity, and AUMC_tau + tau (AUC_inf - AUC_tau) that of the first moment.

    References
    ----------
    Gabrielsson and Weiner, Pharmacokinetic and Pharmacodynamic Data Analysis, 5th ed., 2016.

    Examples
    --------
    >>> import pandas as pd
    >>> data = pd.DataFrame({"ID": 1, "TIME": [0, 1, 2, 4], "AMT": [100, 0, 0, 0], "DV": [0, 8, 4, 1], "CMT": 1})
    >>> nca(data)[["auc_inf_mg_h_L", "half_life_h", "cl_L_h"]].round(3).values.tolist()
    [[23.083, 1.0, 4.332]]
    """
    one_of("nca: method=", method, METHODS)
    bounds = _bounds(intervals)
    dataset = as_dataset(data, units, columns)
    dataset = dataset if by is None else dataset.by_occasion(by)
    table, seen = dataset.table(), observations(dataset)
    factors = data_units(dataset)
    seen = seen._replace(blq=seen.blq | (seen.dv == 0))
    profiles = followed(dataset, table, seen, factors)
    return _table(profiles, _measured(profiles, seen, factors, bounds, method), bounds)


def _bounds(intervals: Any) -> FloatArray:
    """Partial areas as hours, shape (n, 2)."""
    if intervals is None:
        return np.empty((0, 2))
    pairs = intervals
    if isinstance(intervals, str):
        pairs = []
        for part in intervals.split(","):
            found = _RANGE.fullmatch(part)
            if found is None:
                raise _interval_error(part.strip())
            low, low_unit, high, high_unit = found.groups()
            pairs.append((f"{low} {low_unit or high_unit or 'h'}", f"{high} {high_unit or low_unit or 'h'}"))
    bounds = []
    for pair in pairs if isinstance(pairs, Sequence | np.ndarray) else [pairs]:
        try:
            low, high = (parse_time(float(x) if isinstance(x, np.number) else x, allow_bare=True) for x in pair)
        except (TypeError, ValueError) as error:
            raise _interval_error(pair, f" ({error})" if isinstance(error, UnitError) else "") from None
        if not 0 <= low < high:
            raise _interval_error(pair)
        bounds.append((low, high))
    return np.array(bounds, dtype=np.float64).reshape(-1, 2)


def _interval_error(pair: object, why: str = "") -> ParameterError:
    return ParameterError(
        f"intervals: {pair!r} is no interval{why}; expected a start and a later end, in hours since the dose or with "
        "a unit. Write for example [(0, 12), (12, 24)] or '0-12 h, 12-24 h'."
    )


def _measured(profiles: Followed, seen: Observations, units: DataUnits, bounds: FloatArray, method: str) -> Measures:
    """The profiles as arrays, measured."""
    edges = np.searchsorted(profiles.profile, np.arange(len(profiles.names) + 1))
    doses = np.searchsorted(profiles.later, np.arange(len(profiles.names) + 1))
    arrays = Profiles(
        time=profiles.time,
        conc=seen.dv[profiles.sample] * units.concentration,
        blq=seen.blq[profiles.sample],
        start=edges[:-1],
        stop=edges[1:],
        kind=profiles.kind,
        infused=profiles.infused,
        tau=profiles.tau,
        later=profiles.later_time,
        later_kind=profiles.later_kind,
        first_later=doses[:-1],
        last_later=doses[1:],
    )
    return measure(arrays, bounds, log_down=method == "lin-up-log-down")


def _table(profiles: Followed, m: Measures, bounds: FloatArray) -> pd.DataFrame:
    """The table of results."""
    import pandas as pd

    tau, steady = profiles.tau, profiles.tau > 0
    auc_inf = m.auc_last + m.c_last / m.lambda_z
    aumc_inf = m.aumc_last + m.c_last * m.t_last / m.lambda_z + m.c_last / m.lambda_z**2
    area = np.where(steady, m.auc_tau, auc_inf)
    moment = np.where(steady, m.aumc_tau + tau * (auc_inf - m.auc_tau), aumc_inf)
    cl = profiles.amount / area
    mrt = np.where(np.isnan(cl), np.nan, moment / area - profiles.mean_input)
    result = {
        "id": profiles.names,
        "cmax_mg_L": m.cmax,
        "tmax_h": m.tmax,
        "auc_last_mg_h_L": m.auc_last,
        "auc_inf_mg_h_L": auc_inf,
        "auc_extrap_percent": 100 * (auc_inf - m.auc_last) / auc_inf,
        "lambda_z_1_h": m.lambda_z,
        "half_life_h": np.log(2) / m.lambda_z,
        "cl_L_h": cl,
        "vz_L": cl / m.lambda_z,
        "mrt_h": mrt,
        "n_lambda_z": m.n_lambda_z.astype(np.int64),
        "r2_adj": m.r2_adj,
        "route": profiles.route,
    }
    areas = {f"auc_{low:g}_{high:g}_mg_h_L": m.areas[:, k] for k, (low, high) in enumerate(bounds)}
    if steady.any():
        areas |= {"tau_h": np.where(steady, tau, np.nan), "auc_tau_mg_h_L": m.auc_tau}
    return pd.DataFrame({**result, "reason": _reasons(profiles, m, mrt, areas), **areas})


def _reasons(profiles: Followed, m: Measures, mrt: FloatArray, areas: Mapping[str, FloatArray]) -> list[str]:
    """For each profile why quantities are missing, and what was left out; empty where there is nothing to say."""
    incomplete = np.isnan(mrt) | np.isnan(m.auc_last)
    for values in areas.values():
        incomplete |= np.isnan(values)
    said = profiles.notes
    for i in np.flatnonzero(incomplete).tolist():
        said[i] = [*_missing(profiles, i, m, areas), *said[i]]
    return ["; ".join(parts) for parts in said]


def _missing(profiles: Followed, i: int, m: Measures, areas: Mapping[str, FloatArray]) -> list[str]:
    """Which quantities of one profile are missing, and why."""
    if np.isnan(m.cmax[i]):
        what = "no quantifiable sample" if i in profiles.profile else "no usable observation"
        return [f"{what} after the dose: nothing can be measured"]
    said = []
    slope, steady = not np.isnan(m.lambda_z[i]), profiles.tau[i] > 0
    if not slope:
        n, where = int(m.n_candidates[i]), TERMINAL.get(int(profiles.kind[i]), "after the peak")
        why = f"the samples {where} do not fall" if n >= 3 else f"{n} of at least 3 quantifiable samples {where}"
        said.append(f"no terminal slope ({why}): no lambda_z, half_life, auc_inf,{'' if steady else ' cl,'} vz and mrt")
    missed = [name for name, values in areas.items() if np.isnan(values[i]) and (steady or "tau" not in name)]
    if missed:
        said.append(f"the curve does not reach over {', '.join(missed)}")
    if slope and np.isnan(profiles.infused[i]):
        said.append("RATE -1 or -2 leaves the duration of the infusion to the parameters: no mrt")
    return said
