"""What follows from the estimates of a linear model: terminal half-life and steady-state volume, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pkpd.fit.fitted import Fitted
from pkpd.fit.flip import DISPOSITION
from pkpd.fit.uncertainty import t_quantile

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["derived_table"]

FloatArray = NDArray[np.float64]

COLUMNS = ["id", "quantity", "estimate", "stderr", "ci_low", "ci_high", "unit"]
#: Step of the central differences; logarithms of parameters.
STEP = 1e-5


def derived_table(fitted: Fitted | None) -> pd.DataFrame:
    """Return the derived quantities of each fit; no rows for a saturable model, whose half-life is none.

    Notes
    -----
    Standard errors by the delta method on the log scale, intervals as those of the estimates.
    """
    import pandas as pd

    rows: list[tuple[Any, ...]] = []
    if fitted is not None and not fitted.setup.model.system.saturable:
        for unit in fitted.units:
            rows += _of_unit(fitted, int(unit))
    return pd.DataFrame(rows, columns=COLUMNS)


def _of_unit(fitted: Fitted, unit: int) -> list[tuple[Any, ...]]:
    setup, uncertainty = fitted.setup, fitted.uncertainty[unit]
    p = len(setup.choice.estimated)
    centre = fitted.estimate.x[unit]
    points = np.repeat(centre[None], 2 * p + 1, axis=0)
    index = np.arange(p)
    points[1 + index, index] += STEP
    points[1 + p + index, index] -= STEP
    values = np.log(_quantities(fitted, unit, points))
    slopes = (values[1 : p + 1] - values[p + 1 :]) / (2.0 * STEP)
    quantile = t_quantile(uncertainty.freedom) if uncertainty.freedom > 0 else float("nan")
    units = (setup.model.units["CL"].rpartition("/")[2], setup.model.units["V1"])
    rows = []
    for column, name in enumerate(("half-life", "Vss")):
        acting = np.abs(slopes[:, column]) > STEP
        slope, cov = slopes[acting, column], uncertainty.cov[np.ix_(acting, acting)]
        se = float(np.sqrt(slope @ cov @ slope)) if acting.any() else float("nan")
        value = float(np.exp(values[0, column]))
        with np.errstate(over="ignore"):
            low, high = value * np.exp(-quantile * se), value * np.exp(quantile * se)
        rows.append((setup.unit_ids[unit], name, value, value * se, low, high, units[column]))
    return rows


def _quantities(fitted: Fitted, unit: int, points: FloatArray) -> FloatArray:
    """Terminal half-life and steady-state volume at each point, shape (k, 2)."""
    setup = fitted.setup
    n = setup.model.system.compartments
    names = DISPOSITION[: 2 * n]
    first = np.searchsorted(setup.layout.unit[setup.layout.set_piece], unit)
    given = setup.objective.problem.values(names, np.array([first]), np.zeros(1, dtype=np.int64), points[None])
    # An estimate stands for itself: that of pooled data is at the reference covariates, not at those of the first set.
    own = dict(zip(setup.choice.estimated, np.exp(points.T)))
    values = np.stack([own.get(name, given[name]) for name in names], axis=1)
    cl, v1 = values[:, 0], values[:, 1]
    rates = np.zeros((len(points), n, n))
    rates[:, 0, 0] = -cl / v1
    for other in range(1, n):
        q, v = values[:, 2 * other], values[:, 2 * other + 1]
        rates[:, 0, 0] -= q / v1
        rates[:, other, 0] = q / v1
        rates[:, 0, other] = q / v
        rates[:, other, other] = -q / v
    slowest = -np.linalg.eigvals(rates).real.max(axis=1)
    return np.column_stack((np.log(2.0) / slowest, values[:, 1::2].sum(axis=1)))
