"""The tables of a fit: parameters, predictions, single fits, what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pkpd.fit.case import LeftOut
from pkpd.fit.estimate import scale_names
from pkpd.fit.fitted import Fitted
from pkpd.fit.uncertainty import RAN_AWAY, t_quantile

if TYPE_CHECKING:
    import pandas as pd

    from pkpd.dataset.dataset import Dataset

__all__ = ["left_out_table", "parameter_table", "prediction_table", "subject_table", "with_mean_and_sd"]

FloatArray = NDArray[np.float64]
COLUMNS = ["id", "parameter", "estimate", "stderr", "ci_low", "ci_high", "unit", "reason"]


def parameter_table(fitted: Fitted) -> pd.DataFrame:
    """Return estimates with standard errors and 95 % intervals, of structural parameters and of sigma."""
    import pandas as pd

    rows: list[tuple[Any, ...]] = []
    scales = np.full((len(fitted.setup.unit_ids), fitted.estimate.objective.n_scales), np.nan)
    if len(fitted.units):
        _, scales[fitted.units] = fitted.estimate.objective.estimates(fitted.units, fitted.estimate.x[fitted.units])
    for unit, name in enumerate(fitted.setup.unit_ids):
        if unit in fitted.reasons:
            rows += _not_fitted(fitted, unit, name)
        else:
            rows += _structural(fitted, unit, name)
            rows += _sigmas(fitted, unit, name, np.exp(scales[unit]))
    return pd.DataFrame(rows, columns=COLUMNS)


def _not_fitted(fitted: Fitted, unit: int, name: Any) -> list[tuple[Any, ...]]:
    units, nan = fitted.setup.model.units, float("nan")
    return [
        (name, parameter, nan, nan, nan, nan, units.get(parameter, ""), fitted.reasons[unit])
        for parameter in fitted.setup.choice.estimated
    ]


def _structural(fitted: Fitted, unit: int, name: Any) -> list[tuple[Any, ...]]:
    setup, uncertainty = fitted.setup, fitted.uncertainty[unit]
    nan, rows = float("nan"), []
    quantile = t_quantile(uncertainty.freedom) if uncertainty.freedom > 0 else nan
    for entry, parameter in enumerate(setup.choice.estimated):
        text = setup.model.units.get(parameter, "")
        if not setup.space.active[unit, entry]:
            auto = parameter in setup.choice.auto
            held = float(np.exp(fitted.estimate.x[unit, entry])) if auto else nan
            why = "held: the doses go in by one way only" if auto else "no dose of this subject depends on it"
            rows.append((name, parameter, held, nan, nan, nan, text, why))
            continue
        value = float(np.exp(fitted.estimate.x[unit, entry]))
        se = uncertainty.se(entry)
        reason = uncertainty.reasons.get(entry, "" if np.isfinite(se) else "too few observations")
        low, high = _interval(value, quantile * se)
        if (unit, entry) in fitted.intervals:
            low, high, why = fitted.intervals[unit, entry]
            reason = "; ".join(part for part in (reason, why) if part)
        rows.append((name, parameter, value, value * se, low, high, text, reason))
    return rows + _held(fitted, unit, name)


def _interval(value: float, half: float) -> tuple[float, float]:
    """An interval that is symmetric on the log scale; open ends where numbers end."""
    with np.errstate(over="ignore"):
        return float(value * np.exp(-half)), float(value * np.exp(half))


def _held(fitted: Fitted, unit: int, name: Any) -> list[tuple[Any, ...]]:
    """Parameters held at a value that somebody chose."""
    setup, nan, rows = fitted.setup, float("nan"), []
    first = int(np.searchsorted(setup.layout.unit[setup.layout.set_piece], unit))
    for parameter in setup.choice.shown:
        values = setup.held[parameter]
        text = setup.model.units.get(parameter, "")
        rows.append((name, parameter, float(values[first]), nan, nan, nan, text, "fixed"))
    return rows


def _sigmas(fitted: Fitted, unit: int, name: Any, sigmas: FloatArray) -> list[tuple[Any, ...]]:
    setup, uncertainty, objective = fitted.setup, fitted.uncertainty[unit], fitted.estimate.objective
    quantile = t_quantile(uncertainty.freedom) if uncertainty.freedom > 0 else float("nan")
    rows = []
    for column, parameter in enumerate(scale_names(objective.error, objective.n_outputs)):
        value = float(sigmas[column])
        se = float(np.sqrt(uncertainty.sigma_cov[column, column]))
        reason = "" if np.isfinite(se) else "fixed" if objective.sigma is not None else "not determined"
        additive = objective.error == "additive" or parameter.startswith("sigma_additive")
        text = setup.model.concentration if additive else "1"
        low, high = _interval(value, quantile * se)
        rows.append((name, parameter, value, value * se, low, high, text, reason))
    return rows


def with_mean_and_sd(params: pd.DataFrame, estimated: Sequence[str]) -> pd.DataFrame:
    """Add the mean over the subjects with its standard error and t interval, and the standard deviation.

    A held value is no estimate, and one that ran away has no size: neither counts, and the reason says so.
    """
    import pandas as pd

    rows = []
    for parameter in estimated:
        own = params[params["parameter"] == parameter]
        gone = own["id"][own["reason"].str.startswith(RAN_AWAY)]
        kept = ~own["reason"].str.startswith(("held", RAN_AWAY))
        values = own["estimate"][kept].dropna().to_numpy()
        unit, n = own["unit"].iloc[0], len(values)
        nan, few = float("nan"), "only one subject was fitted" if n == 1 else "no subject was fitted"
        mean = float(values.mean()) if n else nan
        sd = float(values.std(ddof=1)) if n > 1 else nan
        se = sd / np.sqrt(n) if n > 1 else nan
        half = t_quantile(n - 1) * se if n > 1 else nan
        reason = f"of {n} subjects" if n > 1 else few
        reason += f", without ID {', '.join(map(str, gone))}: {RAN_AWAY}" if len(gone) else ""
        rows.append(("mean", parameter, mean, se, mean - half, mean + half, unit, reason))
        rows.append(("sd", parameter, sd, nan, nan, nan, unit, reason))
    order = sorted(rows, key=lambda row: row[0])
    return pd.concat([params, pd.DataFrame(order, columns=COLUMNS)], ignore_index=True)


def prediction_table(fitted: Fitted, data: Dataset, by: Sequence[str], typical: FloatArray | None) -> pd.DataFrame:
    """Return observations and predictions in the units of the data; `typical` are predictions without deviations."""
    import pandas as pd

    setup, objective = fitted.setup, fitted.estimate.objective
    case, problem, factor = setup.case, objective.problem, fitted.units_of_data.factor
    n, width = objective.observed.dv.shape
    ipred, iwres = np.full((n, width), np.nan), np.full((n, width), np.nan)
    if len(fitted.units):
        x = fitted.estimate.x[fitted.units]
        predicted, scales = objective.estimates(fitted.units, x)
        difference, sd = objective.weighted(fitted.units, predicted, scales)
        ipred[fitted.units] = predicted
        used = objective.observed.used[fitted.units]
        with np.errstate(divide="ignore", invalid="ignore"):
            iwres[fitted.units] = np.where(used, difference / sd, np.nan)
    dv, level = case.dv / factor, problem.gathered(ipred) / factor
    quantified = problem.gathered(objective.observed.used)
    table = {"ID": data.frame[data.names["ID"]].iloc[case.row].to_numpy()}
    for name in by:
        table[name] = data.frame[name].iloc[case.row].to_numpy()
    table["TIME"] = np.asarray(data.numbers("TIME"))[case.row]
    if "DVID" in data.names:
        table["DVID"] = data.frame[data.names["DVID"]].iloc[case.row].to_numpy()
    table["DV"] = dv
    if typical is not None:
        table["PRED"] = typical / factor
    table["IPRED"] = level
    table["IRES"] = np.where(quantified, dv - level, np.nan)
    table["IWRES"] = problem.gathered(iwres)
    frame = pd.DataFrame(table)
    return frame.iloc[np.argsort(case.row, kind="stable")].reset_index(drop=True)


def subject_table(fitted: Fitted) -> pd.DataFrame:
    """Return one row for each separate fit."""
    import pandas as pd

    objective, estimate = fitted.estimate.objective, fitted.estimate
    ofv = np.full(len(fitted.setup.unit_ids), np.nan)
    if len(fitted.units):
        ofv[fitted.units] = objective.ofv(fitted.units, *objective.estimates(fitted.units, estimate.x[fitted.units]))
    counts = (objective.observed.used | objective.observed.censored).sum(axis=1)
    rows = []
    for unit, name in enumerate(fitted.setup.unit_ids):
        result = estimate.results[unit]
        if unit in fitted.reasons:
            message = fitted.reasons[unit]
        elif not estimate.converged[unit]:
            message = f"not converged: {result.message if result is not None else 'no minimum was found'}"
        else:
            message = "converged"
        success = unit not in fitted.reasons and bool(estimate.converged[unit])
        rows.append((name, int(counts[unit]), float(ofv[unit]), success, message, int(estimate.starts[unit])))
    return pd.DataFrame(rows, columns=["id", "n_obs", "ofv", "success", "message", "starts"])


def left_out_table(data: Dataset, left_out: Sequence[LeftOut]) -> pd.DataFrame:
    """Return the observations that do not count."""
    import pandas as pd

    label, time, dv = data.names["ID"], data.numbers("TIME"), data.numbers("DV")
    rows = [
        (data.line(out.row), data.frame[label].iloc[out.row], time[out.row], dv[out.row], out.reason)  # type: ignore[index]
        for out in sorted(left_out, key=lambda out: out.row)
    ]
    return pd.DataFrame(rows, columns=["line", "ID", "TIME", "DV", "reason"])
