"""The peak of one drug in many scenarios against its therapeutic range."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import rc_context
from numpy.typing import NDArray

from pkpd.pictures.picture import COLOURS, STYLE, Picture, concentration_axis, cut, log_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Peak", "peaks"]

_FAR_APART = 8.0  # peaks that differ by more stand on a logarithmic axis


@dataclass(frozen=True)
class Peak:
    """One line of the overview: a scenario's peak of one drug, in mg/L; low = high = middle for one patient."""

    label: str
    low: float
    middle: float
    high: float


def peaks(
    drug: str, rows: Iterable[Peak], *, low: float | None = None, high: float | None = None, label: str = ""
) -> Picture:
    """Draw the peak concentration of one drug in many scenarios against its therapeutic range.

    Parameters
    ----------
    drug : str
        Name for the title.
    rows : iterable of Peak
        One a scenario, drawn from top to bottom. Peaks further apart than a factor of 8 stand on a logarithmic axis,
        and a median of 0, of a drug that most subjects never got, at its left edge.
    low, high : float, mg/L, optional
        The range; `high` may be absent.
    label : str
        Name of the range.

    Returns
    -------
    Picture
    """
    rows = list(rows)
    largest = max((row.high for row in rows), default=1.0)
    scale, unit = concentration_axis(largest)
    with rc_context(STYLE):
        figure = Picture(figsize=(5.2, 1.15 + 0.2 * max(2, len(rows))), layout="constrained")
        axes = figure.subplots()
        values = scale * np.array([(row.low, row.middle, row.high) for row in rows], float).reshape(-1, 3)
        left, right = _limits(axes, values, scale * (high or low or 0.0))
        if low is not None:
            end = high * scale if high is not None and math.isfinite(high) else right
            axes.axvspan(low * scale, end, color=COLOURS["range"], alpha=0.4, linewidth=0, label=label or "range")
        _draw(axes, values, left)
        axes.set_yticks(np.arange(len(rows))[::-1], [cut(row.label) for row in rows], fontsize=8)
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.set_xlim(left, right)
        figure.suptitle(f"{drug}: peak total plasma concentration", fontsize=11, fontweight="bold", x=0.01, ha="left")
        axes.set_xlabel(f"concentration ({unit})")
        figure.legend(loc="outside lower left", ncols=3)
    return figure


def _draw(axes: Axes, values: NDArray[np.float64], left: float) -> None:
    """Peaks with their bands; what lies at 0 on a logarithmic axis as an open mark at its edge."""
    place, (low, middle, high) = np.arange(len(values))[::-1], values.T
    none = (middle <= 0.0) & (left > 0.0)
    axes.hlines(place, np.maximum(low, left), np.maximum(high, left), color=COLOURS["plasma"], alpha=0.5)
    axes.plot(middle[~none], place[~none], "o", color=COLOURS["plasma"], markersize=4.5, label="peak")
    if none.any():
        axes.plot(
            np.full(int(none.sum()), left), place[none], "o", color=COLOURS["plasma"], markerfacecolor="white",
            markersize=4.5, clip_on=False, label="peak 0: not given",
        )  # fmt: skip


def _limits(axes: Axes, values: NDArray[np.float64], wanted: float) -> tuple[float, float]:
    """Limits of the axis; logarithmic, from above 0, where peaks lie far apart."""
    largest, seen = float(values.max(initial=0.0)), values[:, 1][values[:, 1] > 0.0]
    if not len(seen) or largest <= _FAR_APART * seen.min():
        return 0.0, 1.08 * max(largest, min(1.05 * wanted, 2 * largest)) or 1.0
    left, right = float(seen.min()) / 1.6, 1.5 * max(largest, min(wanted, 2 * largest))
    log_axis(axes.xaxis, left, right)
    return left, right
