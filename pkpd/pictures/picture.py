"""How pictures look and how they are written: colours, style, readable units, SVG and PNG without a screen."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, MultipleLocator, NullLocator

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

    from pkpd.library.drug import Range

__all__ = [
    "COLOURS",
    "STYLE",
    "Picture",
    "concentration_axis",
    "cut",
    "framed",
    "limits_of",
    "log_axis",
    "svg_text",
    "time_axis",
    "time_ticks",
]

# Okabe and Ito's palette: distinct for readers with any colour vision, and in grey print by line style.
COLOURS = {"plasma": "#0072B2", "brain": "#D55E00", "effect": "#009E73", "range": "#E9D27C", "dose": "#333333"}

MINUTES_UP_TO_H = 6.0
_STEPS: dict[str, tuple[float, ...]] = {
    "min": (1, 2, 5, 10, 15, 30, 60),
    "h": (1, 2, 3, 4, 6, 12, 24),
    "days": (0.5, 1, 2, 7, 14, 28),
}
_MOST_TICKS = 9

STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["Helvetica", "Arial", "Liberation Sans", "DejaVu Sans"],
    "font.size": 10.0,
    "axes.titlesize": 11.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titley": 1.0,  # a stated place spares matplotlib the search for one
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "figure.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "pkpd",
}


class Picture(Figure):
    """A matplotlib Figure that shows itself in a notebook, once, without pyplot."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=110)
        return buffer.getvalue()


def cut(name: str, most: int = 34) -> str:
    """A name that is not longer than its place."""
    return name if len(name) <= most else name[: most - 1] + "…"


def framed(width: float, height: float, title: str) -> Picture:
    """Return a figure of that many inches with a title above, and room below for a legend of one line."""
    above, below = 0.36, 0.32
    figure = Picture(figsize=(width, height + above + below))
    whole = height + above + below
    figure.set_layout_engine("constrained", rect=(0, below / whole, 1, height / whole))
    figure.text(0.01, 1 - 0.09 / whole, title, fontsize=11, fontweight="bold", va="top")
    return figure


def time_axis(span_h: float) -> tuple[float, str]:
    """Return the factor from hours and the unit in which a span of that many hours reads well.

    Minutes reach up to six hours, over which a seizure is treated and orders are given in minutes.
    """
    if span_h <= MINUTES_UP_TO_H:
        return 60.0, "min"
    if span_h <= 72:
        return 1.0, "h"
    return 1.0 / 24.0, "days"


def time_ticks(axes: Axes, span_h: float) -> None:
    """Let a time axis begin at 0, end with the span, and carry ticks where a clock or a calendar has them."""
    factor, unit = time_axis(span_h)
    end = span_h * factor
    step = next((step for step in _STEPS[unit] if end / step <= _MOST_TICKS), end / _MOST_TICKS)
    axes.set_xlim(0.0, end)
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.set_xlabel(f"time ({unit})")


def concentration_axis(largest_mg_L: float) -> tuple[float, str]:
    """Return the factor from mg/L and the unit in which concentrations up to that one read well."""
    return (1.0, "mg/L") if not 0 < largest_mg_L < 0.5 else (1000.0, "µg/L")


def limits_of(stated: Range, scale: float = 1.0) -> tuple[float, float | None]:
    """Lower and upper limit of a range, scaled; 0 where there is no lower one, None where there is no upper one."""
    high = stated.high_mg_L
    return (stated.low_mg_L or 0.0) * scale, high * scale if high is not None and math.isfinite(high) else None


def log_axis(axis: Axis, low: float, high: float) -> None:
    """Make an axis logarithmic from `low` to `high`, with plain numbers: 1 2 5 10 on a short one, else the decades."""
    axes = axis.axes
    if axis is axes.xaxis:
        axes.set_xscale("log")
        axes.set_xlim(low, high)
    else:
        axes.set_yscale("log")
        axes.set_ylim(low, high)
    decades = math.log10(high / low)
    subs = (1.0, 2.0, 5.0) if decades < 1.8 else (1.0, 3.0) if decades < 2.6 else (1.0,)
    step = max(1, round(decades / 5))
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    places = [s * 10.0**k for k in powers if k % step == 0 for s in subs]
    inside = [place for place in places if low <= place <= high]
    axis.set_major_locator(FixedLocator(inside) if len(inside) > 1 else MaxNLocator(4))
    axis.set_minor_locator(NullLocator())  # they are most of the drawing time and say little
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def svg_text(figure: Figure) -> str:
    """Return a figure as SVG text, the same bytes for the same figure."""
    buffer = io.StringIO()
    with rc_context(STYLE):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": "pkpd"})
    return buffer.getvalue()
