"""Metrics of solved subjects: one column a metric, one value a subject, and a reason where there is no value."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pkpd.systems.groups import DrugSystem

if TYPE_CHECKING:
    from pkpd.solution import SubjectResult

__all__ = ["collect_metrics"]

FloatArray = NDArray[np.float64]
METRICS = (("cmax_mg_L", "cmax"), ("tmax_h", "tmax"), ("auc_mg_h_L", "auc"), ("cmin_mg_L", "cmin"))


def collect_metrics(results: Sequence[SubjectResult], reasons: dict[str, str]) -> dict[str, FloatArray]:
    """Return the metrics of all subjects by column name; `reasons` is filled.

    Parameters
    ----------
    results : sequence of SubjectResult
        Solved, with seizure and infusion syndrome where they apply.
    reasons : dict of str to str
        Why a metric has no value, by column name.

    Returns
    -------
    dict of str to ndarray, shape (n_subjects,)
        Drugs first, then the seizure, then the infusion syndrome; NaN where there is no value.
    """
    # Lists until the end: most rows of a batch are one subject, and an array of one costs more than its number.
    values: defaultdict[str, list[float]] = defaultdict(([math.nan] * len(results)).copy)
    for index, result in enumerate(results):
        for system in result.systems:
            for name, value in _system_metrics(system, reasons).items():
                values[name][index] = value
    for index, result in enumerate(results):
        if result.seizure is not None:
            reasons.update(result.seizure.reasons)
            for name, value in result.seizure.metrics.items():
                values[name][index] = value
    for index, result in enumerate(results):
        if result.pris is not None:
            for name, value in (("pris_risk", result.pris.risk), ("pris_alert", float(result.pris.alert))):
                values[name][index] = value
    for name, column in values.items():
        if name not in reasons and any(map(math.isnan, column)):
            reasons[name] = "the models of some subjects do not have this output"
    return {name: np.array(column) for name, column in values.items()}


def _system_metrics(system: DrugSystem, reasons: dict[str, str]) -> dict[str, float]:
    """Metrics of one drug in one subject, metabolites after it."""
    drug, found = system.person.drug, {}
    for output in system.shape.outputs:
        if not output.volume:
            continue
        name = output.name.removesuffix("_plasma_mg_L")
        summary = system.summary[output.name]
        found.update({f"{name}_{metric}": summary[key] for metric, key in METRICS})
        if summary["cmax"] == 0.0:
            found[f"{name}_tmax_h"] = math.nan
            reasons[f"{name}_tmax_h"] = "nothing was given"
        half_life = f"{name}_half_life_h"
        found[half_life] = system.half_life.get(output.name, math.nan)
        if math.isinf(found[half_life]):
            found[half_life] = math.nan
            reasons[half_life] = "no elimination: clearance is 0"
        elif math.isnan(found[half_life]):
            reasons[half_life] = "saturable elimination: the half-life depends on the concentration"
        if name != drug.name:
            continue
        inside = f"{name}_time_in_range_h"
        found[inside] = math.nan if math.isnan(system.range_mg_L[0]) else summary["in_range"]
        if math.isnan(found[inside]):
            reasons[inside] = "the library has no range"
        if system.person.brain is not None:
            found[f"{name}_brain_cmax_mg_L"] = system.summary[f"{name}_brain_mg_L"]["cmax"]
    return found
