"""Pictures of a result: concentration against time, one panel a drug.

Draws what it is given and computes no pharmacology. Figures are made without a screen and without touching the
global state of matplotlib, so that a batch may draw them in any process.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rc_context
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from pkpd.individual.model_choice import system_drug
from pkpd.pictures.picture import (
    COLOURS,
    STYLE,
    Picture,
    concentration_axis,
    limits_of,
    log_axis,
    time_axis,
    time_ticks,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pkpd.solution import Solution

__all__ = ["doses_of", "profiles"]

_LINES = (
    ("plasma", "plasma, total", "-"),
    ("brain", "brain, unbound", "--"),
    ("effect", "effect site", "-."),
)
_MOST_POINTS = 600
_LOG_DECADES = 3
# Inches. Places are computed, not searched for: a layout engine would take longer than all the drawing.
_WIDTH, _LEFT, _RIGHT, _PANEL, _BETWEEN, _TITLE = 5.6, 0.72, 0.16, 1.75, 1.16, 0.36


def profiles(solution: Solution, *, log: bool = False, title: str | None = None) -> Picture:
    """Draw concentration against time: one panel a drug, plasma and brain, range and doses.

    Parameters
    ----------
    solution : Solution
        What `simulate` returns. With several subjects the median is drawn, with the band from the 5th to the 95th
        percentile.
    log : bool
        Logarithmic concentration axis, over at most three decades below the peak.
    title : str, optional
        Line above the panels.

    Returns
    -------
    Picture
        A matplotlib Figure; `savefig` writes it.
    """
    with rc_context(STYLE):
        drugs = [drug for drug in solution.drugs if f"{drug}_plasma_mg_L" in solution.outputs]
        figure, panels = _empty_panels(len(drugs), title)
        factor, _ = time_axis(solution.until_h)
        keep = _thin_index(solution, drugs)
        for axes, drug in zip(panels, drugs):
            _draw_panel(axes, solution, drug, keep, factor, log)
            time_ticks(axes, solution.until_h)
        if not drugs:
            figure.text(0.5, 0.5, "no drug is given", ha="center", va="center")
    return figure


def _empty_panels(count: int, title: str | None) -> tuple[Picture, list[Axes]]:
    """A figure with room for the title and, under each panel, for its legend."""
    above = _TITLE + (0.3 if title else 0.0)
    height = above + max(count, 1) * (_PANEL + _BETWEEN + _TITLE) - _TITLE
    figure = Picture(figsize=(_WIDTH, height))
    if title:
        figure.text(0.02, 1 - 0.08 / height, title, fontsize=11, va="top", fontweight="bold")
    wide = (_WIDTH - _LEFT - _RIGHT) / _WIDTH
    bottoms = (height - above - _PANEL - number * (_PANEL + _BETWEEN + _TITLE) for number in range(count))
    return figure, [figure.add_axes((_LEFT / _WIDTH, low / height, wide, _PANEL / height)) for low in bottoms]


def _draw_panel(axes: Axes, solution: Solution, drug: str, keep: NDArray[np.intp], factor: float, log: bool) -> None:
    """One drug: lines, bands, range, doses and the legend to the right of the data."""
    time = np.asarray(solution.time_h)[keep] * factor
    several = len(solution.ids) > 1
    shown = {key: _bands(solution.outputs[name], keep) for key, name in _outputs(solution, drug).items()}
    largest = max((float(np.nanmax(bands[-1])) for bands in shown.values()), default=0.0)
    scale, unit = concentration_axis(largest)
    for key, label, dashes in _LINES:
        if key in shown:
            low, middle, high = (scale * band for band in shown[key])
            if several:
                axes.fill_between(time, low, high, color=COLOURS[key], alpha=0.22, linewidth=0)
            axes.plot(time, middle, dashes, color=COLOURS[key], label=label)
    top = _draw_range(axes, solution, drug, scale, unit, largest * scale)
    _set_limits(axes, top, largest * scale, log)
    _draw_doses(axes, solution, drug, factor)
    axes.set_title(drug)
    axes.set_ylabel(f"concentration ({unit})")
    axes.legend(loc="upper left", bbox_to_anchor=(0.0, -0.25), ncols=2, borderaxespad=0.0, handlelength=2.4)
    if several:
        axes.set_title("median, and 5 to 95 % of the subjects", loc="right", fontsize=8, fontweight="normal")


def _outputs(solution: Solution, drug: str) -> dict[str, str]:
    """Kind of line to the name of its output column, for the outputs that this drug has."""
    names = {key: f"{drug}_{key}_mg_L" for key, _, _ in _LINES}
    return {key: name for key, name in names.items() if name in solution.outputs}


def _bands(values: NDArray[np.float64], keep: NDArray[np.intp]) -> NDArray[np.float64]:
    """5th, 50th and 95th percentile over subjects; three times the line itself for one subject."""
    values = np.atleast_2d(values)[:, keep]
    return np.repeat(values, 3, axis=0) if len(values) == 1 else np.nanpercentile(values, [5, 50, 95], axis=0)


def _thin_index(solution: Solution, drugs: Sequence[str]) -> NDArray[np.intp]:
    """Grid points to draw: lowest and highest of each bucket of each line, so that no peak is lost."""
    count = len(solution.time_h)
    if count <= _MOST_POINTS:
        return np.arange(count)
    edges = np.linspace(0, count, _MOST_POINTS // 3, dtype=int)
    chosen = {0, count - 1}
    for drug in drugs:
        for name in _outputs(solution, drug).values():
            line = np.atleast_2d(solution.outputs[name]).mean(axis=0)
            for start, stop in zip(edges[:-1], edges[1:]):
                chosen.update((start, start + int(line[start:stop].argmin()), start + int(line[start:stop].argmax())))
    return np.array(sorted(chosen), dtype=np.intp)


def _draw_range(axes: Axes, solution: Solution, drug: str, scale: float, unit: str, largest: float) -> float:
    """Shade the therapeutic range and return the concentration that the axis must reach."""
    stated = solution.ranges.get(drug)
    if stated is None:
        return largest
    low, high = limits_of(stated, scale)
    end = high if high is not None else max(low, largest) * 10
    said = f"{low:.4g}–{high:.4g} {unit}" if high is not None else f"from {low:.4g} {unit}"
    label = fill(f"{stated.label}: {said}", 32)  # long names would run out of the picture
    axes.axhspan(low, end, color=COLOURS["range"], alpha=0.35, linewidth=0, label=label, zorder=0.5)
    # Room for the range, but not so much that the lines shrink to the floor of the picture.
    wanted = high if high is not None else low * 1.3
    return max(largest, min(wanted, 3 * largest)) if largest > 0 else wanted


def _set_limits(axes: Axes, top: float, largest: float, log: bool) -> None:
    if top <= 0:
        top = 1.0
    if log and largest > 0:
        log_axis(axes.yaxis, largest * 10.0**-_LOG_DECADES, top * 2.5)
    else:
        axes.set_ylim(0, top * 1.18)
        axes.yaxis.set_major_locator(MaxNLocator(5))


def _draw_doses(axes: Axes, solution: Solution, drug: str, factor: float) -> None:
    """Mark the doses on the upper edge: a triangle for a dose, a bar for an infusion."""
    edge = axes.get_xaxis_transform()
    times, bars = set(), set()
    for order in doses_of(solution, drug):
        start = float(order["time_h"]) * factor
        length = float(order["duration_h"] or 0.0) * factor
        length = min(length, solution.until_h * factor - start) if math.isfinite(length) else math.inf
        times.add(start)
        if length > 0.01 * solution.until_h * factor:
            bars.add((start, min(start + length, solution.until_h * factor)))
    if times:
        axes.plot(
            sorted(times),
            [0.985] * len(times),
            "v",
            transform=edge,
            color=COLOURS["dose"],
            markersize=6,
            label="dose",
            clip_on=False,
        )
    for number, (start, stop) in enumerate(sorted(bars)):
        axes.plot(
            [start, stop], [0.985] * 2, "-", transform=edge, color=COLOURS["dose"], linewidth=3, alpha=0.55,
            solid_capstyle="butt", label=None if number else "infusion",
        )  # fmt: skip


def doses_of(solution: Solution, drug: str) -> list[dict[str, Any]]:
    """Rows of `solution.orders` of the first subject that were given and that feed `drug`."""
    orders = solution.orders
    if not len(orders):
        return []
    first = orders[orders["id"] == orders["id"].iloc[0]]
    rows = first.to_dict("records")
    return [row for row in rows if row["given"] and system_drug(str(row["drug"])).name == drug]
