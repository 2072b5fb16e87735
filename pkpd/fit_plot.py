"""Pictures of a fit: observed and predicted concentrations against time, one panel a subject."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib import rc_context

from pkpd.picture import COLOURS, STYLE, Picture

if TYPE_CHECKING:
    from pkpd.fit.result import Fit

__all__ = ["plot_fit"]

#: Panels in a row, panels at most, and the size of one (inches).
ACROSS, MOST, WIDTH, HEIGHT = 4, 24, 2.3, 1.9


def plot_fit(fit: Fit, *, log: bool = False) -> Picture:
    """Draw the observations and the predictions at their times.

    Parameters
    ----------
    fit : Fit
    log : bool
        Logarithmic concentration axis.

    Returns
    -------
    matplotlib.figure.Figure
        The first 24 subjects.
    """
    units = fit.fitted.units_of_data.units.texts if fit.fitted is not None else {"TIME": "h", "DV": "mg/L"}
    groups = list(fit.predictions.groupby("ID", sort=False))
    shown = groups[:MOST]
    across = min(ACROSS, len(shown))
    down = math.ceil(len(shown) / across)
    with rc_context(STYLE):
        figure = Picture(figsize=(WIDTH * across + 0.4, HEIGHT * down + 0.5), layout="constrained")
        for place, (name, table) in enumerate(shown):
            axes = figure.add_subplot(down, across, place + 1)
            order = np.argsort(table["TIME"].to_numpy(), kind="stable")
            time = table["TIME"].to_numpy()[order]
            axes.plot(time, table["IPRED"].to_numpy()[order], color=COLOURS["plasma"])
            axes.plot(time, table["DV"].to_numpy()[order], "o", color=COLOURS["dose"], markersize=3)
            axes.set_title(f"ID {name}", fontsize=9)
            if log:
                axes.set_yscale("log")
        figure.supxlabel(f"time ({units['TIME']})", fontsize=9)
        figure.supylabel(f"concentration ({units['DV']})", fontsize=9)
    return figure
