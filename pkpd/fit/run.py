"""`fit`: from data and a model to estimates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.assumption import Assumption
from pkpd.dataset import Dataset, as_dataset
from pkpd.fit.assemble import Assembled, assemble
from pkpd.fit.begin import find_starts
from pkpd.fit.case import LeftOut
from pkpd.fit.estimate import estimate
from pkpd.fit.fitted import Fitted
from pkpd.fit.judge import warnings_of
from pkpd.fit.options import bar, check_options
from pkpd.fit.refine import refine
from pkpd.fit.result import Fit
from pkpd.fit.setup import Setup, without_zero_predictions
from pkpd.fit.tables import left_out_table, parameter_table, prediction_table, subject_table, with_mean_and_sd
from pkpd.fit.uncertainty import covariances
from pkpd.models.compartments import Compartments

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["fit"]


def fit(
    data: str | Path | pd.DataFrame | Dataset,
    model: str | Compartments,
    *,
    method: str = "individual",
    error: str = "proportional",
    vary: str | Collection[str] | None = None,
    start: Mapping[str, float] | None = None,
    fixed: Mapping[str, Any] | None = None,
    omega: Mapping[str, float] | pd.DataFrame | None = None,
    sigma: float | Mapping[str, float] | None = None,
    bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
    interval: str = "wald",
    n_boot: int = 200,
    lloq: float | None = None,
    blq: str = "M1",
    dvid: Any = None,
    by: str | Sequence[str] | None = None,
    ties: str = "record",
    units: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    check: bool = True,
    seed: int | None = None,
    workers: int | None = None,
    progress: bool | None = None,
) -> Fit:
    """Fit a model to concentration data."""
    options = dict(locals())  # the arguments by name, before anything else has one
    check_options(options)
    dataset = as_dataset(options.pop("data"), units, columns)
    assembled = assemble(dataset, model, options)
    fitted, left_out = _run(assembled.setup, progress)
    return _result(fitted, left_out, dataset, assembled, options)


def _run(setup: Setup, progress: bool | None) -> tuple[Fitted, tuple[LeftOut, ...]]:
    """Starts, batch, lmfit and covariance."""
    prior = setup.objective.prior
    starts = find_starts(setup) if prior is None else [prior.mean]
    setup, left_out = without_zero_predictions(setup, starts)
    reasons = _hopeless(setup, starts[0])
    units = np.array([unit for unit in range(len(setup.unit_ids)) if unit not in reasons], dtype=np.int64)
    found = estimate(setup.objective, starts, units, setup.space)
    for unit in units[~np.isfinite(found.cost[units])]:
        reasons[int(unit)] = "no start gave a finite prediction of every observation"
    units = units[np.isfinite(found.cost[units])]
    with bar(len(units), progress, "subjects") as tick:
        found = refine(found, units, tick)
    uncertainty = covariances(found, units, len(setup.space.names)) if len(units) else {}
    return Fitted(setup, found, units, reasons, uncertainty), setup.case.left_out + left_out


def _hopeless(setup: Setup, start: Any) -> dict[int, str]:
    """Units that cannot be fitted, and why."""
    objective = setup.objective
    counts = (objective.observed.used | objective.observed.censored).sum(axis=1)
    active = setup.space.active.sum(axis=1)
    dosed = np.bincount(setup.layout.unit[setup.layout.dose.piece], minlength=len(counts))
    reasons = {}
    for unit, (n, p, doses) in enumerate(zip(counts, active, dosed, strict=True)):
        if n == 0:
            reasons[unit] = "no observation that counts"
        elif doses == 0:
            reasons[unit] = "no dose: every prediction is 0"
        elif objective.prior is None and n <= p:
            samples = f"{n} observation{'s' if n > 1 else ''}"
            reasons[unit] = f"{samples} for {p} parameters and sigma; at least {p + 1} are needed"
        elif not objective.observed.used[unit].any():
            reasons[unit] = "every observation is below the limit of quantification"
    return reasons


def _result(
    fitted: Fitted, left_out: tuple[LeftOut, ...], dataset: Dataset, assembled: Assembled, options: dict[str, Any]
) -> Fit:
    """The object that the user gets."""
    import pandas as pd

    setup, estimated = fitted.setup, fitted.estimate
    by = options["by"]
    columns = [] if by is None else [by] if isinstance(by, str) else list(by)
    params = parameter_table(fitted)
    if options["method"] == "two-stage":
        params = with_mean_and_sd(params, setup.choice.estimated)
    subjects = subject_table(fitted)
    ofv, aic, bic = _criteria(fitted, subjects)
    lines = [(who, *line) for who, line in assembled.assumptions]
    failed = subjects[~subjects["success"]]
    message = "all fits converged" if failed.empty else "; ".join(f"{r.id}: {r.message}" for r in failed.itertuples())
    return Fit(
        model=setup.model.name,
        method=options["method"],
        error=setup.objective.error,
        data=dataset,
        params=params,
        predictions=prediction_table(fitted, dataset, assembled.factor, columns, _typical(fitted)),
        subjects=subjects,
        results={setup.unit_ids[unit]: estimated.results[unit] for unit in fitted.units},
        ofv=ofv,
        aic=aic,
        bic=bic,
        success=bool(failed.empty),
        message=message,
        assumptions=pd.DataFrame(lines, columns=["id", *Assumption._fields]),
        warnings=(*assembled.warnings, *warnings_of(fitted)),
        left_out=left_out_table(dataset, left_out),
        options=options,
        fitted=fitted,
    )


def _typical(fitted: Fitted) -> Any:
    """Predictions at the typical values, for each observation; None without a prior."""
    objective = fitted.setup.objective
    if objective.prior is None:
        return None
    every = np.arange(objective.problem.n_units)
    return objective.problem.gathered(objective.problem.predict(every, objective.prior.mean[:, None])[:, 0])


def _criteria(fitted: Fitted, subjects: pd.DataFrame) -> tuple[float, float, float]:
    """OFV, AIC and BIC over all units that were fitted; the latter two with N ln 2 pi."""
    if not len(fitted.units):
        return float("nan"), float("nan"), float("nan")
    estimated, setup = fitted.estimate, fitted.setup
    ofv = float(subjects["ofv"].sum())
    n = int(estimated.objective.observed.used[fitted.units].sum())
    scales = 0 if estimated.objective.sigma is not None else estimated.objective.n_scales * len(fitted.units)
    k = int(setup.space.active[fitted.units].sum()) + scales
    deviance = ofv + n * float(np.log(2.0 * np.pi))
    return ofv, deviance + 2.0 * k, deviance + k * float(np.log(n))
