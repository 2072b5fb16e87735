"""What a regimen will do in the subjects that were fitted, with the uncertainty of their estimates."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd.dataset.dataset import as_dataset
from pkpd.errors import DataError, ParameterError, PkpdWarning, RegimenError
from pkpd.fit.assemble import assemble
from pkpd.fit.cohort import read_patients
from pkpd.fit.fitted import Fitted
from pkpd.fit.layout import GivenDoses, Layout
from pkpd.fit.likelihood import log_variance
from pkpd.fit.problem import Problem
from pkpd.fit.setup import Setup
from pkpd.individual.model_choice import system_drug
from pkpd.options import a_kind
from pkpd.regimen.regimen import Regimen, parse_regimen
from pkpd.streams import seed_number, stream
from pkpd.systems.dosing import administer
from pkpd.systems.ways import way_key
from pkpd.units import parse_time

if TYPE_CHECKING:
    import pandas as pd

    from pkpd.fit.result import Fit

__all__ = ["forecast"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
#: Intervals of the grid by default.
INTERVALS = 200
COLUMNS = ["id", "time_h", "ipred", "low", "high", "pred_low", "pred_high"]


def _example(fit: Fit) -> str:
    """An order of the drug that was fitted."""
    cohort = fit.fitted.setup.model.cohort if fit.fitted is not None else None
    return f"{cohort.known.drug.name if cohort is not None else 'lorazepam'} 4 mg iv every 12 h x 3"


class _Ordered(NamedTuple):
    """Doses to come, in the units of the fit; time counts from the last record of the subject."""

    time: FloatArray
    entry: IntArray
    amount: FloatArray
    rate: FloatArray
    interval: FloatArray
    additional: IntArray


def forecast(
    fit: Fit, regimen: str | pd.DataFrame, until: str | float, *, every: str | float | None, history: bool, n: int,
    seed: int | None,
) -> pd.DataFrame:  # fmt: skip
    """Predict the first output of each fitted subject; see `Fit.forecast`."""
    import pandas as pd

    fitted = fit.fitted
    if fitted is None or not len(fitted.units):
        raise ParameterError(
            f"forecast: nothing was fitted ({fit.message}); expected a fit with estimates. Look at fit.subjects."
        )
    if not isinstance(regimen, str | pd.DataFrame):
        raise RegimenError(
            f"forecast: regimen is {a_kind(regimen)}; expected text such as '{_example(fit)}', or a DataFrame with "
            "dose records. Write 'none' for no further dose."
        )
    end = parse_time(until, allow_bare=not isinstance(until, str), where="forecast: until")
    step = end / INTERVALS
    if every is not None:
        step = parse_time(every, allow_bare=not isinstance(every, str), where="forecast: every")
    if not 0.0 < step <= end:
        raise ParameterError(
            f"forecast: until={until!r} and every={every!r} give no grid; expected 0 < every <= until. Correct them."
        )
    hours = np.append(np.arange(0.0, end - 1e-9 * end, step), end)
    text = parse_regimen(regimen) if isinstance(regimen, str) else None
    setup = fitted.setup if text is None else _with_routes(fit, text)
    parts = []
    for unit in fitted.units:
        subjects = range(len(setup.case.subjects)) if setup.unit_ids[unit] == "pooled" else [int(unit)]
        for subject in subjects:
            rng = stream(seed_number(seed), subject, "forecast")
            if text is not None:
                doses = _from_text(fit, setup, text, subject, end)
            else:
                doses = _from_records(fit, regimen)  # type: ignore[arg-type]
            problem = _extended(setup, subject, doses, hours / fitted.units_of_data.time_inside, history)
            levels = _levels(fitted, problem, int(unit), n, rng)
            parts.append(pd.DataFrame({"id": setup.case.subjects[subject], "time_h": hours, **levels})[COLUMNS])
    return pd.concat(parts, ignore_index=True)


def _with_routes(fit: Fit, regimen: Regimen) -> Setup:
    """The setup of the fit, with the ways in that the regimen needs and the data do not have, at typical values."""
    fitted = fit.fitted
    assert fitted is not None  # checked before
    setup = fitted.setup
    wanted = [(dose.drug, dose.route) for dose in regimen]
    more = [way for way in dict.fromkeys(wanted) if way_key(*way) not in setup.model.system.entries]
    cohort = setup.model.cohort
    if cohort is None or not more:
        return setup
    strange = [drug for drug, _ in more if system_drug(drug).name != cohort.known.drug.name]
    if strange:
        raise RegimenError(
            f"forecast: '{strange[0]}' is not the drug that was fitted; expected {cohort.known.drug.name}. Order that "
            "one."
        )
    options = {**fit.options, "vary": setup.choice.estimated, "check": False}
    return assemble(fit.data, options["model"], options, more).setup


def _levels(fitted: Fitted, problem: Problem, unit: int, n: int, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Concentration at the estimate, and quantiles of what uncertainty and residual error make of it."""
    objective, estimate = fitted.estimate.objective, fitted.estimate
    p = len(fitted.setup.choice.estimated)
    centre = estimate.x[unit : unit + 1]
    cov = np.nan_to_num(_certain(fitted, unit), nan=0.0)
    draws = np.repeat(centre, n + 1, axis=0)
    draws[1:, :p] = rng.multivariate_normal(centre[0, :p], cov, size=n, method="eigh")
    predicted = problem.predict(np.array([0]), draws[None])[0]
    _, scales = objective.estimates(np.array([unit]), centre)
    with np.errstate(divide="ignore", invalid="ignore"):
        sd = np.exp(0.5 * log_variance(objective.error, predicted[1:], scales[0, 0], scales[0, -objective.n_outputs]))
    noise = rng.standard_normal(predicted[1:].shape) * np.where(np.isfinite(sd), sd, 0.0)
    measured = predicted[1:] * np.exp(noise) if objective.error == "log" else predicted[1:] + noise
    factor = fitted.units_of_data.factor
    found = {"ipred": predicted[0]}
    found["low"], found["high"] = np.nanquantile(predicted[1:], (0.025, 0.975), axis=0)
    found["pred_low"], found["pred_high"] = np.nanquantile(measured, (0.025, 0.975), axis=0)
    return {name: values / factor for name, values in found.items()}


def _certain(fitted: Fitted, unit: int) -> FloatArray:
    """The covariance of a unit; a warning where a parameter has none."""
    cov, names = fitted.uncertainty[unit].cov, fitted.setup.choice.estimated
    silent = [name for i, name in enumerate(names) if fitted.setup.space.active[unit, i] and np.isnan(cov[i, i])]
    if silent:
        warnings.warn(
            f"forecast: {', '.join(silent)} of {fitted.setup.unit_ids[unit]} has no standard error; the interval "
            "leaves out what is not known of it. Look at the reason in fit.params.",
            PkpdWarning,
            stacklevel=5,
        )
    return cov


def _extended(setup: Setup, subject: int, doses: _Ordered, grid: FloatArray, history: bool) -> Problem:
    """The last history of a subject, continued by doses and a grid of times."""
    case, at, problem = setup.case, setup.layout, setup.objective.problem
    piece = int(np.flatnonzero(case.piece_subject == subject)[-1])
    rows = np.arange(at.start[piece], at.stop[piece])
    now = at.time[rows[-1]] if history else 0.0
    old = np.flatnonzero((at.dose.piece == piece) & history)
    sets = np.flatnonzero(at.set_piece == piece)
    kept = rows if history else rows[-1:]
    sets = sets if history else sets[-1:]
    new_time = np.concatenate((doses.time, grid)) + now
    order = np.argsort(new_time, kind="stable")
    n_old, n_dose = len(kept), len(doses.time)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order)) + n_old
    zero = np.zeros(len(old) + n_dose, dtype=np.int64)
    dose = GivenDoses(
        piece=zero,
        row=np.concatenate((at.dose.row[old] - kept[0], place[:n_dose])),
        entry=np.concatenate((at.dose.entry[old], doses.entry)),
        amount=np.concatenate((at.dose.amount[old], doses.amount)),
        rate=np.concatenate((at.dose.rate[old], doses.rate)),
        interval=np.concatenate((at.dose.interval[old], doses.interval)),
        additional=np.concatenate((at.dose.additional[old], doses.additional)),
        steady=np.concatenate((at.dose.steady[old], np.zeros(n_dose, dtype=np.int64))),
    )
    time = np.concatenate((at.time[kept] if history else np.zeros(1), new_time[order]))
    seen = place[n_dose:]
    one = np.zeros(1, dtype=np.int64)
    layout = Layout(
        time=time, unit=one, start=one, stop=np.array([len(time)]), set_piece=np.zeros(len(sets), dtype=np.int64),
        set_row=np.maximum(at.set_row[sets] - kept[0], 0), obs_piece=np.zeros(len(seen), dtype=np.int64), obs_row=seen,
        obs_output=np.zeros(len(seen), dtype=np.int64), dose=dose,
    )  # fmt: skip

    def values(names: tuple[str, ...], local: IntArray, positions: IntArray, x: FloatArray) -> Mapping[str, FloatArray]:
        return problem.values(names, sets[local], positions, x)

    return Problem(problem.system, layout, values, problem.acts_on_doses)


def _from_text(fit: Fit, setup: Setup, regimen: Regimen, subject: int, until_h: float) -> _Ordered:
    """The doses of a regimen as this subject gets them."""
    fitted = fit.fitted
    assert fitted is not None  # checked before
    if regimen.needs_seizure:
        raise RegimenError(
            "forecast: the regimen asks whether the patient seizes; expected orders without a condition. Remove 'if'."
        )
    row = int(np.flatnonzero(setup.case.subject == subject)[0]) if (setup.case.subject == subject).any() else 0
    patients = read_patients(fit.data)
    patient = patients.patients[patients.of_row[setup.case.row[row] if len(setup.case.row) else 0]]
    given = [dose for dose in administer(regimen, patient, until_h) if dose.given and dose.amount > 0]
    scale = fitted.units_of_data
    keys = list(setup.model.system.entries)
    entry = [_entry(setup, keys, dose.drug, dose.route) for dose in given]
    return _Ordered(
        np.array([dose.time_h for dose in given]) / scale.time_inside,
        np.array(entry, dtype=np.int64),
        np.array([dose.amount for dose in given]) / scale.amount_inside,
        np.array([dose.rate for dose in given]) / scale.rate_inside,
        np.zeros(len(given)),
        np.zeros(len(given), dtype=np.int64),
    )


def _entry(setup: Setup, keys: list[str], drug: str, route: str) -> int:
    """The way in of an ordered dose; a short form has its depot, if any, as compartment 1 and the central one next."""
    if setup.model.cohort is not None:
        key, ways = way_key(drug, route), keys
    else:
        oral = bool(setup.model.system.entries["1"].rate_constant)
        numbers = {"iv": "2", "po": "1"} if oral else {"iv": "1"}
        key, ways = numbers.get(route, ""), list(numbers)
    if key not in keys:
        raise RegimenError(
            f"forecast: {drug} {route} is no way in of this fit; expected one of {', '.join(ways)}. Order one of "
            "these, or fit data in which that route occurs."
        )
    return keys.index(key)


def _from_records(fit: Fit, frame: pd.DataFrame) -> _Ordered:
    """Dose records with the columns of a data set, in the units of the data."""
    fitted = fit.fitted
    assert fitted is not None  # checked before
    keys = list(fitted.setup.model.system.entries)
    frame = frame.assign(ID=1) if "ID" not in frame.columns else frame
    data = as_dataset(frame)
    columns: dict[str, Any] = {name: data.numbers(name) for name in ("TIME", "AMT", "RATE", "CMT", "II", "ADDL")}
    if columns["TIME"] is None or columns["AMT"] is None:
        raise DataError("forecast: the records have no TIME or no AMT; expected both, and RATE CMT II ADDL. Add them.")
    n = len(data)
    filled = {
        name: np.zeros(n) if values is None else np.nan_to_num(np.asarray(values, dtype=float))
        for name, values in columns.items()
    }
    scale = fitted.units_of_data
    if fitted.setup.model.cohort is not None:
        entry = np.zeros(n, dtype=np.int64)
        if len(keys) > 1:
            raise DataError(
                "forecast: a library model with several ways in cannot read records without a route; expected a "
                f"regimen as text, such as '{keys[0].split()[0]} 5 mg {keys[0].split()[1]}'."
            )
    else:
        entry = np.maximum(filled["CMT"].astype(np.int64), 1) - 1
        if (entry >= len(keys)).any():
            raise DataError(f"forecast: CMT {filled['CMT'].max():g} is out of range; expected 1 to {len(keys)}.")
    inside = scale.factors_inside
    return _Ordered(
        filled["TIME"] * inside["TIME"], entry, filled["AMT"] * inside["AMT"], filled["RATE"] * inside["RATE"],
        filled["II"] * inside["II"], filled["ADDL"].astype(np.int64),
    )  # fmt: skip
