"""The estimates of a fit with their intervals: a panel a parameter, a row a subject."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rc_context
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from pkpd.pictures.picture import COLOURS, STYLE, Picture, framed, log_axis

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

    from pkpd.fit.result import Fit

__all__ = ["forest", "forest_page_count"]

FloatArray = NDArray[np.float64]

SUBJECTS, COLUMNS = 40, 4
#: Estimates further apart than this factor stand on a logarithmic axis.
WIDE = 8.0
#: An interval is cut where it leaves the range of the estimates by this factor; an estimate itself where it is so far
#: from the median that the others could not be told apart.
CUT, FAR = 3.0, 200.0
# Inches.
_WIDTH, _ROW, _AROUND = 8.2, 0.17, 0.85


def _rows(fit: Fit) -> list[object]:
    """The IDs of the rows, subjects first and their mean last."""
    ids = list(dict.fromkeys(fit.params["id"]))
    return [name for name in ids if name != "sd"] if fit.method == "two-stage" else ids


def forest_page_count(fit: Fit) -> int:
    """Return how many pages the subjects fill."""
    return max(1, math.ceil(len(_rows(fit)) / SUBJECTS))


def forest(fit: Fit, page: int = 1) -> Picture:
    """Draw estimates with their 95 % intervals, and the typical values of a library model beside them.

    Parameters
    ----------
    fit : Fit
    page : int
        From 1.

    Returns
    -------
    Picture
    """
    count = forest_page_count(fit)
    ids = _rows(fit)[(page - 1) * SUBJECTS : page * SUBJECTS]
    names = [name for name, own in fit.params.groupby("parameter", sort=False) if own["estimate"].notna().any()]
    columns = min(COLUMNS, len(names))
    rows = math.ceil(len(names) / columns)
    pages = f", page {page} of {count}" if count > 1 else ""
    marks: dict[str, Line2D] = {}
    with rc_context(STYLE):
        height = rows * (_AROUND + _ROW * max(2, len(ids)))
        figure = framed(_WIDTH, height, f"{fit.model}: estimates with 95 % intervals{pages}")
        grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
        for axes, name in zip(grid.flat, names):
            own = fit.params[fit.params["parameter"] == name].set_index("id")
            marks |= _draw(axes, own.reindex(ids), _typical(fit, str(name), ids))
            unit = own["unit"].iloc[0]
            axes.set_title(str(name), fontsize=9)
            axes.set_xlabel("no unit" if unit == "1" else str(unit), fontsize=8)
            axes.tick_params(labelsize=8)
        for axes in grid.flat[len(names) :]:
            axes.set_visible(False)
        grid[0, 0].set_yticks(np.arange(len(ids))[::-1], [_label(name) for name in ids], fontsize=8)
        grid[0, 0].set_ylim(-0.7, len(ids) - 0.3)
        figure.legend(marks.values(), marks.keys(), loc="lower left", bbox_to_anchor=(0.0, 0.0), ncols=5)
    return figure


def _label(name: object) -> str:
    return str(name) if name in ("pooled", "mean") else f"ID {name}"


def _typical(fit: Fit, parameter: str, ids: list[object]) -> FloatArray:
    """What the library expects of each row; NaN where it says nothing."""
    assert fit.fitted is not None  # whoever draws has asked
    setup = fit.fitted.setup
    values = np.full(len(ids), np.nan)
    if parameter in setup.reference and fit.model != "":
        known = dict(zip(setup.unit_ids, setup.reference[parameter]))
        values = np.array([known.get(name, np.nan) for name in ids], dtype=np.float64)
    return values


def _draw(axes: Axes, own: pd.DataFrame, typical: FloatArray) -> dict[str, Line2D]:
    """One parameter: intervals, estimates, and typical values."""
    marks: dict[str, Line2D] = {}
    place = np.arange(len(own))[::-1].astype(float)
    estimate, low, high = (own[name].to_numpy(float) for name in ("estimate", "ci_low", "ci_high"))
    known = np.isfinite(estimate)
    left, right, wide = _range(estimate[known], low, high, typical)
    with np.errstate(invalid="ignore"):
        inner_low, inner_high = np.maximum(low, left), np.minimum(high, right)
    far = known & ((estimate < left) | (estimate > right))
    bars = known & ~far & np.isfinite(low) & np.isfinite(high)
    held = known & ~far & ~bars
    if wide:
        log_axis(axes.xaxis, left, right)
    else:
        axes.set_xlim(left, right)
        axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.hlines(place[bars], inner_low[bars], inner_high[bars], color=COLOURS["plasma"], linewidth=2.2, alpha=0.45)
    style: dict[str, Any] = {"linestyle": "none", "color": COLOURS["plasma"], "markersize": 4.0}
    for cut, edge, mark in ((bars & (low < left), left, "<"), (bars & (high > right), right, ">")):
        if cut.any():
            shown = axes.plot(np.full(int(cut.sum()), edge), place[cut], marker=mark, clip_on=False, **style)
            marks["interval goes on"] = shown[0]
    if far.any():
        shown = axes.plot(
            np.clip(estimate[far], left, right), place[far], marker="X", clip_on=False, **{**style, "markersize": 6.0}
        )
        marks["far outside"] = shown[0]
    if np.isfinite(typical).any():
        shown = axes.plot(typical, place, "|", color=COLOURS["brain"], markersize=8, markeredgewidth=1.8)
        marks["library, typical"] = shown[0]
    if bars.any():
        marks["estimate, 95 % interval"] = axes.plot(estimate[bars], place[bars], marker="o", **style)[0]
    if held.any():
        shown = axes.plot(estimate[held], place[held], marker="o", markerfacecolor="white", **style)
        marks["no interval"] = shown[0]
    axes.grid(axis="y", visible=False)
    return marks


def _range(estimate: FloatArray, low: FloatArray, high: FloatArray, typical: FloatArray) -> tuple[float, float, bool]:
    """Limits of the axis, and whether it is logarithmic; extreme intervals and estimates are cut."""
    seen = np.concatenate((estimate, typical[np.isfinite(typical)]))
    seen = seen[seen > 0]
    if not len(seen):
        return 0.0, 1.0, False
    middle = float(np.median(seen))
    seen = seen[(seen >= middle / FAR) & (seen <= middle * FAR)]
    ends = np.concatenate((low, high))
    ends = ends[np.isfinite(ends) & (ends >= seen.min() / CUT) & (ends <= seen.max() * CUT)]
    least, most = float(np.append(ends, seen.min()).min()), float(np.append(ends, seen.max()).max())
    if most > WIDE * least:
        return least / 1.25, most * 1.25, True
    room = 0.08 * (most - least) or 0.1 * most
    return max(0.0, least - room), most + room, False
