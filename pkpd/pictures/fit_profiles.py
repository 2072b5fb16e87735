"""Observed and predicted levels of every subject, as pages of panels, in the units of the data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from pkpd.fit.curves import Curve, curves
from pkpd.pictures.picture import COLOURS, STYLE, Picture, framed, log_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from pkpd.fit.fitted import Fitted
    from pkpd.fit.result import Fit

__all__ = ["axis_units", "profile_page", "profile_page_count"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

COLUMNS, ROWS = 3, 4
#: Colour and dashes of each output of a model, the drug itself first.
OUTPUTS = ((COLOURS["plasma"], "-"), (COLOURS["brain"], "--"), (COLOURS["effect"], "-."))
MOST_DECADES = 4
#: A linear axis ends at this multiple of the largest observation at the latest.
ABOVE = 2.5
# Inches.
_WIDTH, _PANEL, _LABEL = 8.2, 1.9, 0.3


class Panel(NamedTuple):
    """Histories of one subject on one time axis: curves, observations and doses, in the units of the data."""

    label: str
    curves: list[Curve]
    time: FloatArray
    level: FloatArray  # the limit, for a value below it
    output: IntArray
    used: BoolArray
    below: BoolArray
    doses: FloatArray


def axis_units(fit: Fit) -> tuple[str, str]:
    """Return the units of time and concentration in the data."""
    assert fit.fitted is not None  # whoever draws has asked
    texts = fit.fitted.units_of_data.units.texts
    return texts["TIME"], texts["DV"]


def profile_page_count(fit: Fit) -> int:
    """Return how many pages the panels fill."""
    assert fit.fitted is not None  # whoever draws has asked
    return max(1, math.ceil(len(_groups(fit.fitted)) / (COLUMNS * ROWS)))


def profile_page(fit: Fit, page: int = 1, *, log: bool = False) -> Picture:
    """Draw one page of observed and predicted levels.

    Parameters
    ----------
    fit : Fit
    page : int
        From 1.
    log : bool
        Logarithmic axis of the levels.

    Returns
    -------
    Picture
    """
    assert fit.fitted is not None  # whoever draws has asked
    groups, many = _groups(fit.fitted), COLUMNS * ROWS
    count = max(1, math.ceil(len(groups) / many))
    panels = _panels(fit.fitted, groups[(page - 1) * many : page * many])
    time, level = axis_units(fit)
    columns = min(COLUMNS, len(panels))
    rows = math.ceil(len(panels) / columns)
    pages = f", page {page} of {count}" if count > 1 else ""
    with rc_context(STYLE):
        figure = framed(_WIDTH, rows * _PANEL + _LABEL, f"{fit.model}: observed and predicted{pages}")
        grid = figure.subplots(rows, columns, squeeze=False)
        names = [output.name for output in fit.fitted.setup.model.system.outputs]
        marks: dict[str, Line2D] = {}
        for axes, panel in zip(grid.flat, panels):
            marks |= _draw(axes, panel, names, log)
        for place, axes in enumerate(grid.flat):
            axes.set_visible(place < len(panels))
            if place + columns >= len(panels):
                axes.set_xlabel(f"time ({time})", fontsize=8)
            if place % columns == 0:
                axes.set_ylabel(f"concentration ({level})", fontsize=8)
        figure.legend(marks.values(), marks.keys(), loc="lower left", bbox_to_anchor=(0.0, 0.0), ncols=6)
    return figure


def _groups(fitted: Fitted) -> list[tuple[str, IntArray]]:
    """Label and histories of each panel: those of one subject and occasion whose time goes on."""
    at, case = fitted.setup.layout, fitted.setup.case
    owner = case.table.id_index(at.start)
    found: list[tuple[int, list[int]]] = []
    for piece in range(len(at.start)):
        last = found[-1][1][-1] if found else -1
        if found and found[-1][0] == owner[piece] and at.time[at.start[piece]] >= at.time[at.stop[last] - 1]:
            found[-1][1].append(piece)
        else:
            found.append((int(owner[piece]), [piece]))
    parts: dict[int, int] = {}
    labels = []
    for who, _ in found:
        parts[who] = parts.get(who, 0) + 1
        labels.append(f"ID {case.table.ids[who]}" + (f", part {parts[who]}" if parts[who] > 1 else ""))
    return [(label, np.array(pieces)) for label, (_, pieces) in zip(labels, found)]


def _panels(fitted: Fitted, groups: Sequence[tuple[str, IntArray]]) -> list[Panel]:
    """What stands on each panel of a page."""
    scale, at, case = fitted.units_of_data, fitted.setup.layout, fitted.setup.case
    objective = fitted.estimate.objective
    hours = 1.0 / (scale.units.time if scale.canonical else 1.0)
    used = objective.problem.gathered(objective.observed.used)
    below = ~case.used
    level = np.where(below & np.isfinite(case.limit), case.limit, case.dv) / scale.factor
    drawn = curves(fitted)
    found = []
    for label, pieces in groups:
        mine = np.isin(at.obs_piece, pieces)
        doses = at.time[at.dose.row[np.isin(at.dose.piece, pieces)]] * hours
        lines = [curve for curve in drawn if curve.piece in pieces]
        time = at.time[at.obs_row[mine]] * hours
        found.append(Panel(label, lines, time, level[mine], case.output[mine], used[mine], below[mine], doses))
    return found


def _draw(axes: Axes, panel: Panel, names: Sequence[str], log: bool) -> dict[str, Line2D]:
    """Draw one panel and return what its legend needs."""
    marks: dict[str, Line2D] = {}
    several = len(names) > 1
    for curve in panel.curves:
        colour, dashes = OUTPUTS[curve.output % len(OUTPUTS)]
        what = f", {names[curve.output]}" if several else ""
        if curve.pred is not None:
            (marks[f"PRED, typical{what}"],) = axes.plot(curve.time, curve.pred, ":", color="#777777", linewidth=1.2)
        if np.isfinite(curve.ipred).any():
            (marks[f"IPRED{what}"],) = axes.plot(curve.time, curve.ipred, dashes, color=colour, linewidth=1.3)
    for output, name in enumerate(names):
        mine = panel.output == output
        colour, what = OUTPUTS[output % len(OUTPUTS)][0], f", {name}" if several else ""
        for label, chosen, mark, filled in (
            (f"observed{what}", mine & panel.used & ~panel.below, "o", True),
            ("below the limit (at the limit)", mine & panel.below, "v", False),
            ("left out", mine & ~panel.used & ~panel.below, "x", False),
        ):
            if chosen.any():
                shade = colour if filled else "#777777"
                (marks[label],) = axes.plot(
                    panel.time[chosen], panel.level[chosen], mark, color=shade, markersize=3.6, zorder=3,
                    markerfacecolor=shade if filled else "none",
                )  # fmt: skip
    _limits(axes, panel, log)
    if len(panel.doses):
        (marks["dose"],) = axes.plot(
            panel.doses, np.full(len(panel.doses), 0.975), "v", transform=axes.get_xaxis_transform(),
            color=COLOURS["dose"], markersize=4, clip_on=False, zorder=4,
        )  # fmt: skip
    axes.set_title(panel.label, fontsize=9)
    axes.tick_params(labelsize=8)
    return marks


def _limits(axes: Axes, panel: Panel, log: bool) -> None:
    """Axes that show all observations.

    A line may leave below on a logarithmic axis, and above on a linear one: the peak after a bolus that nobody measured
    would leave the observations no room.
    """
    lines = np.concatenate([curve.ipred for curve in panel.curves] + [panel.level])
    lines = lines[np.isfinite(lines)]
    top = float(lines.max(initial=0.0)) or 1.0
    axes.xaxis.set_major_locator(MaxNLocator(5))
    seen = panel.level[panel.level > 0]
    if not log:
        axes.set_ylim(0, min(top * 1.15, ABOVE * float(seen.max(initial=0.0)) or math.inf))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        return
    low = float(seen.min(initial=top)) / 2.0
    log_axis(axes.yaxis, max(low, top * 10.0**-MOST_DECADES), top * 2.0)
