"""From estimates to the object that the user gets: tables, criteria, warnings and assumptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pkpd.assumption import Assumption
from pkpd.dataset.dataset import Dataset
from pkpd.fit.assemble import Assembled
from pkpd.fit.case import LeftOut
from pkpd.fit.fitted import Fitted
from pkpd.fit.judge import warnings_of
from pkpd.fit.result import Fit
from pkpd.fit.tables import left_out_table, parameter_table, prediction_table, subject_table, with_mean_and_sd

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["outcome"]


def outcome(
    fitted: Fitted, left_out: Sequence[LeftOut], data: Dataset, assembled: Assembled, options: Mapping[str, Any]
) -> Fit:
    """Return the fit."""
    import pandas as pd

    setup, by = fitted.setup, options["by"]
    columns = [] if by is None else [by] if isinstance(by, str) else list(by)
    params = parameter_table(fitted)
    if options["method"] == "two-stage":
        params = with_mean_and_sd(params, setup.choice.estimated)
    subjects = subject_table(fitted)
    ofv, aic, bic = _criteria(fitted, subjects)
    failed = subjects[~subjects["success"]]
    reasons = [f"{name}: {why}" for name, why in zip(failed["id"], failed["message"], strict=True)]
    lines = [(who, *line) for who, line in assembled.assumptions]
    return Fit(
        model=setup.model.name,
        method=options["method"],
        error=setup.objective.error,
        data=data,
        params=params,
        predictions=prediction_table(fitted, data, columns, _typical(fitted)),
        subjects=subjects,
        results={setup.unit_ids[unit]: fitted.estimate.results[unit] for unit in fitted.units},
        ofv=ofv,
        aic=aic,
        bic=bic,
        success=failed.empty,
        message="; ".join(reasons) or "all fits converged",
        assumptions=pd.DataFrame(lines, columns=["id", *Assumption._fields]),
        warnings=(*assembled.warnings, *_after_last(fitted), *warnings_of(fitted)),
        left_out=left_out_table(data, left_out),
        options=dict(options),
        fitted=fitted,
    )


def _typical(fitted: Fitted) -> NDArray[np.float64] | None:
    """Predictions at the typical values, for each observation; None without a prior."""
    objective = fitted.setup.objective
    if objective.prior is None:
        return None
    every = np.arange(objective.problem.n_units)
    return objective.problem.gathered(objective.problem.predict(every, objective.prior.mean[:, None])[:, 0])


def _after_last(fitted: Fitted) -> list[str]:
    """Doses after the last observation of a history, which say nothing."""
    at, case = fitted.setup.layout, fitted.setup.case
    last = np.full(len(at.start), -1)
    np.maximum.at(last, at.obs_piece, at.obs_row)
    idle = np.flatnonzero((at.dose.row > last[at.dose.piece]) & (last[at.dose.piece] >= 0))
    found = []
    for piece in np.unique(at.dose.piece[idle]):
        n = int((at.dose.piece[idle] == piece).sum())
        name = case.subjects[case.piece_subject[piece]]
        found.append(f"ID {name}: {n} dose{'s' if n > 1 else ''} after the last sample; nothing follows from them")
    return found


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
    return ofv, deviance + 2.0 * k, deviance + k * float(np.log(max(n, 1)))
