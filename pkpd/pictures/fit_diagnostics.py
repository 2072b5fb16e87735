"""Pictures that judge a fit as a whole: observed against predicted, weighted residuals, correlation of estimates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib import rc_context
from numpy.typing import NDArray

from pkpd.fit.uncertainty import NORMAL_95
from pkpd.pictures.fit_profiles import axis_units
from pkpd.pictures.picture import COLOURS, STYLE, Picture, log_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pkpd.fit.result import Fit

__all__ = ["correlation", "observed", "qq", "residuals"]

FloatArray = NDArray[np.float64]
_LINE: dict[str, Any] = {"color": COLOURS["dose"], "linewidth": 1.0}
_EDGE: dict[str, Any] = {"color": COLOURS["dose"], "linewidth": 0.8, "linestyle": "--"}
_SIDE = 3.6  # inches


def observed(fit: Fit, *, log: bool = False) -> Picture:
    """Draw observed levels against IPRED, and against PRED where there is one, with the line of identity."""
    found = fit.predictions
    names = [name for name in ("IPRED", "PRED") if name in found.columns]
    level = axis_units(fit)[1]
    titles = {"IPRED": "individual prediction", "PRED": "typical prediction"}
    with rc_context(STYLE):
        figure, row = _row(f"{fit.model}: observed and predicted", len(names))
        for axes, name in zip(row, names):
            seen = found["IRES"].notna() & found[name].notna()
            x, y = found[name][seen].to_numpy(float), found["DV"][seen].to_numpy(float)
            _dots(axes, x, y)
            _identity(axes, x, y, log)
            axes.set_xlabel(f"{titles[name]}, {name} ({level})")
            axes.set_ylabel(f"observed, DV ({level})")
        if fit.method == "pooled":
            row[0].set_xlabel(f"prediction, IPRED ({level})")
    return figure


def residuals(fit: Fit, *, log: bool = False) -> Picture:
    """Draw weighted residuals against time and against the prediction, with the limits of 95 %."""
    found = fit.predictions[fit.predictions["IWRES"].notna()]
    time, level = axis_units(fit)
    with rc_context(STYLE):
        figure, (left, right) = _row(f"{fit.model}: weighted residuals", 2)
        largest = float(found["IWRES"].abs().max()) if len(found) else 0.0
        for axes, name, label in (
            (left, "TIME", f"time ({time})"),
            (right, "IPRED", f"individual prediction, IPRED ({level})"),
        ):
            x = found[name].to_numpy(float)
            _dots(axes, x, found["IWRES"].to_numpy(float))
            axes.axhline(0.0, **_LINE)
            for edge in (-NORMAL_95, NORMAL_95):
                axes.axhline(edge, **_EDGE)
            axes.set_ylim(-1.1 * max(largest, 2.2), 1.1 * max(largest, 2.2))
            axes.set_xlabel(label)
            axes.set_ylabel("IWRES (standard deviations)")
            if log and name == "IPRED" and (x > 0).any():
                log_axis(axes.xaxis, x[x > 0].min() / 1.3, x.max() * 1.3)
        right.set_title("dashed: 95 % of a normal distribution", loc="right", fontsize=8, fontweight="normal")
    return figure


def qq(fit: Fit) -> Picture:
    """Draw the weighted residuals in their order against the quantiles of a normal distribution."""
    from scipy.special import ndtri

    values = np.sort(fit.predictions["IWRES"].dropna().to_numpy(float))
    expected = ndtri((np.arange(len(values)) + 0.5) / max(1, len(values)))
    with rc_context(STYLE):
        figure, (axes,) = _row(f"{fit.model}: distribution of residuals", 1)
        _dots(axes, expected, values)
        edge = 1.08 * max(2.0, float(np.abs(np.concatenate((values, expected))).max(initial=0.0)))
        axes.plot([-edge, edge], [-edge, edge], **_LINE)
        axes.set_xlim(-edge, edge)
        axes.set_ylim(-edge, edge)
        axes.set_xlabel("normal quantile (standard deviations)")
        axes.set_ylabel("IWRES (standard deviations)")
    return figure


def correlation(fit: Fit) -> Picture:
    """Draw the correlation of the estimates (log scale); of several fits the median over those that have it."""
    assert fit.fitted is not None  # whoever draws has asked
    names = fit.fitted.setup.choice.estimated
    every = np.array([fit.fitted.uncertainty[int(unit)].correlation() for unit in fit.fitted.units])
    counts = np.isfinite(every).sum(axis=0)
    middle = np.full(counts.shape, np.nan)
    for i, j in zip(*np.nonzero(counts)):
        middle[i, j] = np.nanmedian(every[:, i, j])
    side = 1.6 + 0.62 * len(names)
    with rc_context({**STYLE, "axes.grid": False}):
        figure = Picture(figsize=(side + 1.0, side), layout="constrained")
        axes = figure.subplots()
        lower = np.where(np.tri(len(names), k=-1, dtype=bool), middle, np.nan)
        image = axes.imshow(lower, cmap="PuOr", vmin=-1, vmax=1)
        for i in range(len(names)):
            axes.text(i, i, names[i], ha="center", va="center", fontsize=8, fontweight="bold")
            for j in range(i):
                said = f"{lower[i, j]:.2f}" if np.isfinite(lower[i, j]) else "–"
                pale = not abs(lower[i, j]) > 0.7
                axes.text(j, i, said, ha="center", va="center", fontsize=8, color="#1c1c1c" if pale else "white")
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_visible(False)
        figure.colorbar(image, ax=axes, shrink=0.8, label="correlation (log scale, no unit)")
        several = f", median of {len(every)} fits" if len(every) > 1 else ""
        figure.suptitle(f"Correlation of estimates{several}", x=0.01, ha="left", fontsize=11, fontweight="bold")
    return figure


def _row(title: str, count: int) -> tuple[Picture, list[Axes]]:
    """A row of square panels."""
    figure = Picture(figsize=(_SIDE * count + 0.4, _SIDE + 0.3), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    return figure, list(figure.subplots(1, count, squeeze=False)[0])


def _dots(axes: Axes, x: FloatArray, y: FloatArray) -> None:
    """Points that stay readable when there are many."""
    faint = 0.75 if len(x) < 400 else 0.35
    axes.plot(x, y, "o", color=COLOURS["plasma"], markersize=4.0, alpha=faint, markeredgewidth=0)


def _identity(axes: Axes, x: FloatArray, y: FloatArray, log: bool) -> None:
    """The same limits on both axes, and the line on which a point belongs."""
    both = np.concatenate((x, y))
    top = float(both.max(initial=0.0)) or 1.0
    seen = both[both > 0]
    if log and len(seen):
        low = float(seen.min()) / 1.3
        log_axis(axes.xaxis, low, top * 1.3)
        log_axis(axes.yaxis, low, top * 1.3)
    else:
        low = min(0.0, float(both.min(initial=0.0)))
        axes.set_xlim(low, top * 1.06)
        axes.set_ylim(low, top * 1.06)
    axes.plot([low, top * 1.3], [low, top * 1.3], **_LINE)
