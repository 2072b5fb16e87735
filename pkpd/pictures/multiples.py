"""Small multiples: one drug in many scenarios, a panel each, on the same axes, so that the eye can compare."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from numpy.typing import NDArray

from pkpd.pictures.picture import (
    COLOURS,
    STYLE,
    Picture,
    concentration_axis,
    cut,
    framed,
    log_axis,
    time_axis,
    time_ticks,
)

__all__ = ["Profile", "small_multiples"]

_COLUMNS, _WIDTH, _PANEL, _POINTS, _DECADES = 4, 8.2, 1.35, 200, 3.0


@dataclass(frozen=True)
class Profile:
    """Total plasma of one scenario; `low` and `high` are the band of several subjects, or the line itself.

    `time_h` has shape (n,), hours; the others the same, mg/L.
    """

    label: str
    time_h: NDArray[np.float64]
    low: NDArray[np.float64]
    middle: NDArray[np.float64]
    high: NDArray[np.float64]


def small_multiples(
    drug: str, rows: Sequence[Profile], *, low: float | None = None, high: float | None = None
) -> Picture:
    """Draw the total plasma concentration of a drug in several scenarios, a panel each, on one pair of axes.

    Parameters
    ----------
    drug : str
    rows : sequence of Profile
    low, high : float, mg/L, optional
        The therapeutic range; `high` may be absent.

    Returns
    -------
    Picture
    """
    columns = min(_COLUMNS, len(rows))
    lines = math.ceil(len(rows) / columns)
    largest = max(float(np.nanmax(row.high, initial=0.0)) for row in rows) or 1.0
    span = max(float(row.time_h[-1]) for row in rows)
    (scale, unit), (factor, clock) = concentration_axis(largest), time_axis(span)
    with rc_context(STYLE):
        figure = framed(_WIDTH, lines * _PANEL + 0.3, f"{drug}: total plasma concentration in each scenario")
        grid = figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True)
        for place, axes in enumerate(grid.flat):
            axes.set_visible(place < len(rows))
            if place >= len(rows):
                continue
            if low is not None:
                end = high if high is not None and math.isfinite(high) else 10.0 * max(low, largest)
                axes.axhspan(low * scale, end * scale, color=COLOURS["range"], alpha=0.4, linewidth=0, label="range")
            _draw(axes, rows[place], factor, scale)
            axes.set_title(cut(rows[place].label, 27), fontsize=7.5, fontweight="normal")
            axes.tick_params(labelsize=7, labelbottom=place + columns >= len(rows))
        log_axis(grid[0, 0].yaxis, 2.0 * scale * largest * 10.0**-_DECADES, 2.0 * scale * largest)
        time_ticks(grid[0, 0], span)
        for place, axes in enumerate(grid.flat):
            axes.set_xlabel(f"time ({clock})" if place + columns >= len(rows) else "", fontsize=8)
        figure.supylabel(f"concentration ({unit})", fontsize=9)
        handles, labels = grid[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="lower left", bbox_to_anchor=(0.0, 0.0), ncols=3)
    return figure


def _draw(axes: Axes, row: Profile, factor: float, scale: float) -> None:
    """Line and band, thinned; the highest point stays."""
    keep = np.unique(np.append(np.linspace(0, len(row.time_h) - 1, _POINTS).astype(int), int(np.argmax(row.middle))))
    time = row.time_h[keep] * factor
    if np.any(row.high > row.low):
        axes.fill_between(
            time, scale * row.low[keep], scale * row.high[keep], color=COLOURS["plasma"], alpha=0.22, linewidth=0,
            label="5 to 95 % of the subjects",
        )  # fmt: skip
    axes.plot(time, scale * row.middle[keep], color=COLOURS["plasma"], linewidth=1.3, label="plasma, total")
