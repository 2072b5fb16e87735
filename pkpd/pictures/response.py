"""Heat map of response: which share of subjects is off, over delay and dose, one panel a value of a third column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib import rc_context

from pkpd.errors import DataError
from pkpd.pictures.picture import STYLE, Picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage
    from numpy.typing import NDArray

__all__ = ["heat_panel", "response_map"]

_CELL, _LEFT, _ABOVE, _BELOW, _RIGHT = 0.46, 0.95, 0.75, 0.62, 0.95


def response_map(
    table: pd.DataFrame,
    *,
    x: str = "delay_min",
    y: str = "dose_mg",
    panel: str | None = None,
    value: str = "seizure_stopped",
    label: str = "share of subjects off at the end",
) -> Picture:
    """Draw a share (0 to 1) over two columns of a table of results.

    Parameters
    ----------
    table : DataFrame
        Results of a batch; one row a cell.
    x, y : str
        Columns along and up the map, such as the delay and the dose.
    panel : str, optional
        A third column, one panel a value.
    value : str
        The share.
    label : str
        What the share is, for the colour bar.

    Returns
    -------
    Picture

    Raises
    ------
    DataError
        If a column is missing or two rows fall into one cell.
    """
    missing = [name for name in (x, y, value, *([panel] if panel else [])) if name not in table.columns]
    if missing:
        raise DataError(f"response map: the column '{missing[0]}' is missing; expected {x}, {y} and {value}. Add it.")
    groups = [("", table)] if panel is None else [(f"{panel} {key}", part) for key, part in table.groupby(panel)]
    grids = [(name, _pivot(part, x, y, value)) for name, part in groups]
    rows, columns = grids[0][1].shape
    wide, high = columns * _CELL, rows * _CELL
    width, height = _LEFT + len(grids) * (wide + 0.35) + _RIGHT, _ABOVE + high + _BELOW
    with rc_context({**STYLE, "axes.grid": False}):
        figure = Picture(figsize=(width, height))
        for number, (name, grid) in enumerate(grids):
            left = (_LEFT + number * (wide + 0.35)) / width
            axes = figure.add_axes((left, _BELOW / height, wide / width, high / height))
            shares = grid.to_numpy(float)
            said = [[f"{100 * share:.0f}" if np.isfinite(share) else "" for share in row] for row in shares]
            mesh = heat_panel(axes, shares, said)
            axes.set_xticks(range(columns), [f"{v:g}" for v in grid.columns])
            axes.set_yticks(range(rows), [f"{v:g}" if number == 0 else "" for v in grid.index])
            axes.set_xlabel(_words(x))
            axes.set_ylabel(_words(y) if number == 0 else "")
            axes.set_title(_words(name), fontsize=9)
        place = figure.add_axes((1 - 0.75 / width, _BELOW / height, 0.13 / width, high / height))
        figure.colorbar(mesh, cax=place).set_label("share", fontsize=8)
        figure.text(0.02, 1 - 0.08 / height, f"{label} (%)", va="top", fontsize=11, fontweight="bold")
    return figure


def heat_panel(
    axes: Axes,
    values: NDArray[np.float64],
    said: Sequence[Sequence[str]],
    *,
    limits: tuple[float, float] = (0.0, 1.0),
    low_is_good: bool = False,
) -> AxesImage:
    """Draw one map, its first row at the bottom: colours that are bright where it went well, and a text in each cell.

    A cell without a value is grey. With `low_is_good` small values are the good ones.
    """
    low, high = limits
    shown = "cividis_r" if low_is_good else "cividis"
    axes.set_facecolor("#D9D9D9")
    mesh = axes.imshow(values, origin="lower", cmap=shown, vmin=low, vmax=high, aspect="auto")
    for (i, j), value in np.ndenumerate(values):
        bright = np.isnan(value) or (value > low + 0.55 * (high - low)) != low_is_good
        size = 8 if len(said[i][j]) < 5 else 6.5
        axes.text(j, i, said[i][j], ha="center", va="center", fontsize=size, color="black" if bright else "white")
    return mesh


def _pivot(part: pd.DataFrame, x: str, y: str, value: str) -> pd.DataFrame:
    import pandas as pd

    numbers = part[[x, y, value]].apply(pd.to_numeric, errors="coerce")
    twice = numbers[numbers.duplicated([x, y])]
    if len(twice):
        raise DataError(
            f"response map: {len(twice) + 1} rows have {x} {twice[x].iloc[0]:g} and {y} {twice[y].iloc[0]:g}; expected "
            "one a cell. Choose a third column as panel."
        )
    return numbers.pivot(index=y, columns=x, values=value)


def _words(name: str) -> str:
    """``delay_min`` reads "delay (min)"."""
    stem, _, unit = name.rpartition("_")
    return f"{stem.replace('_', ' ')} ({unit})" if unit in ("min", "mg", "h", "kg") and stem else name.replace("_", " ")
