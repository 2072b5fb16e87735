"""The forest plot of a trial: simulated and published share of each arm, with their intervals."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import rc_context

from pkpd.pictures.picture import COLOURS, STYLE, Picture

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from pkpd.trial.trial import TrialResult

__all__ = ["forest"]

_PUBLISHED, _MODEL, _DRAWS = COLOURS["dose"], COLOURS["brain"], COLOURS["plasma"]
_ROW, _ABOVE, _BELOW, _WIDTH = 0.62, 0.5, 0.85, 6.4  # inches
_LABEL, _APART = 26, 0.16


def forest(result: TrialResult) -> Picture:
    """Draw the arms of a trial beside what was published.

    Parameters
    ----------
    result : TrialResult

    Returns
    -------
    Picture
        A matplotlib Figure; squares are published shares with exact 95 % intervals, dots simulated ones with Monte
        Carlo intervals, and diamonds medians with the predictive intervals where posterior draws were made. An arm
        that is simulated outside the published interval says so at the right.
    """
    arms = result.arms
    several = "predictive_low" in arms
    row = _ROW * (1.25 if several else 1.0)
    height = _ABOVE + _BELOW + row * max(1, len(arms))
    with rc_context(STYLE):
        figure = Picture(figsize=(_WIDTH, height))
        axes = figure.add_axes((0.33, _BELOW / height, 0.55, 1 - (_ABOVE + _BELOW) / height))
        place = np.arange(len(arms))[::-1].astype(float)
        _draw(axes, place, _columns(arms, "share mc_low mc_high"), "o", _MODEL, "simulated, Monte Carlo 95 %")
        if several:
            drawn = _columns(arms, "predictive_median predictive_low predictive_high")
            _draw(axes, place + 1.5 * _APART, drawn, "D", _DRAWS, "simulated with other draws of the parameters, 95 %")
        reported = _columns(arms, "published published_low published_high")
        _draw(axes, place - 1.5 * _APART, reported, "s", _PUBLISHED, "published, 95 %")
        for y, inside in zip(place, arms["inside"].fillna(True)):
            if not inside:
                axes.text(
                    1.02, y, "outside the\npublished", transform=axes.get_yaxis_transform(), va="center", fontsize=8
                )
        axes.set_yticks(place, [fill(name, _LABEL) for name in arms["arm"]], fontsize=9)
        axes.set_ylim(-0.6, len(arms) - 0.4)
        axes.set_xlim(0, 100)
        axes.set_xlabel("share of subjects who meet the end point (%)")
        axes.grid(axis="y", visible=False)
        title = fill(result.design.name, 66)
        figure.text(0.02, 1 - 0.1 / height, title, fontsize=11, fontweight="bold", va="top")
        figure.legend(*axes.get_legend_handles_labels(), loc="lower left", bbox_to_anchor=(0.02, 0.0), ncols=2)
    return figure


def _columns(arms: pd.DataFrame, names: str) -> np.ndarray:
    """A share and its limits, shape (n_arms, 3)."""
    return arms[names.split()].to_numpy(float)


def _draw(axes: Axes, place: np.ndarray, rows: np.ndarray, mark: str, colour: str, label: str) -> None:
    """Points with their intervals, of the rows that have one."""
    known = np.isfinite(rows[:, 0])
    if not known.any():
        return
    share, low, high = 100 * rows[known].T
    axes.hlines(place[known], low, high, color=colour, linewidth=3.2, alpha=0.45)
    axes.plot(share, place[known], mark, color=colour, markersize=6, label=label)
