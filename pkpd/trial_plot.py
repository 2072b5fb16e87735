"""The forest plot of a trial: simulated and published share of each arm, with their intervals."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import rc_context

from pkpd.picture import COLOURS, STYLE, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pkpd.trial import TrialResult

__all__ = ["forest"]

_PUBLISHED, _MODEL = COLOURS["dose"], COLOURS["brain"]
_ROW, _ABOVE, _BELOW, _WIDTH = 0.62, 0.55, 1.15, 6.4  # inches
_LABEL, _APART = 26, 0.15


def forest(result: TrialResult) -> Picture:
    """Draw the arms of a trial beside what was published.

    Parameters
    ----------
    result : TrialResult

    Returns
    -------
    Picture
        A matplotlib Figure; squares are published shares with exact 95 % intervals, dots simulated ones with Monte
        Carlo intervals, and thin lines the predictive intervals where posterior draws were made.
    """
    arms = result.arms
    height = _ABOVE + _BELOW + _ROW * max(1, len(arms))
    with rc_context(STYLE):
        figure = Picture(figsize=(_WIDTH, height))
        axes = figure.add_axes((0.34, _BELOW / height, 0.62, 1 - (_ABOVE + _BELOW) / height))
        place = np.arange(len(arms))[::-1].astype(float)
        if "predictive_low" in arms:
            axes.hlines(
                place + _APART, 100 * arms["predictive_low"], 100 * arms["predictive_high"], color=_MODEL, linewidth=1,
                label="predictive interval, posterior draws",
            )  # fmt: skip
        _draw(
            axes, place + _APART, arms[["share", "mc_low", "mc_high"]].to_numpy(float), "o", _MODEL, "simulated, 95 %"
        )
        reported = arms[["published", "published_low", "published_high"]].to_numpy(float)
        _draw(axes, place - _APART, reported, "s", _PUBLISHED, "published, 95 %")
        axes.set_yticks(place, [fill(name, _LABEL) for name in arms["arm"]], fontsize=9)
        axes.set_ylim(-0.6, len(arms) - 0.4)
        axes.set_xlim(0, 100)
        axes.set_xlabel("share of subjects (%)")
        axes.grid(axis="y", visible=False)
        title = fill(result.design.name, 66)
        figure.text(0.02, 1 - 0.1 / height, title, fontsize=11, fontweight="bold", va="top")
        figure.legend(*axes.get_legend_handles_labels(), loc="lower left", bbox_to_anchor=(0.02, 0.0), ncols=2)
    return figure


def _draw(axes: Axes, place: np.ndarray, rows: np.ndarray, mark: str, colour: str, label: str) -> None:
    """Points with their intervals, of the rows that have one."""
    known = np.isfinite(rows[:, 0])
    if not known.any():
        return
    share, low, high = 100 * rows[known].T
    axes.hlines(place[known], low, high, color=colour, linewidth=3.2, alpha=0.45)
    axes.plot(share, place[known], mark, color=colour, markersize=6, label=label)
