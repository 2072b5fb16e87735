"""Heat map of response: which share of subjects is off, over delay and dose, one panel a value of a third column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib import rc_context

from pkpd.errors import DataError
from pkpd.pictures.picture import STYLE, Picture

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["response_map"]

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
            mesh = axes.imshow(grid.to_numpy(), origin="lower", cmap="cividis", vmin=0.0, vmax=1.0, aspect="auto")
            for (i, j), share in np.ndenumerate(grid.to_numpy()):
                if np.isfinite(share):
                    axes.text(j, i, f"{100 * share:.0f}", ha="center", va="center", fontsize=8,
                              color="white" if share < 0.55 else "black")  # fmt: skip
            axes.set_xticks(range(columns), [f"{v:g}" for v in grid.columns])
            axes.set_yticks(range(rows), [f"{v:g}" if number == 0 else "" for v in grid.index])
            axes.set_xlabel(_words(x))
            axes.set_ylabel(_words(y) if number == 0 else "")
            axes.set_title(_words(name), fontsize=9)
        place = figure.add_axes((1 - 0.75 / width, _BELOW / height, 0.13 / width, high / height))
        figure.colorbar(mesh, cax=place).set_label("share", fontsize=8)
        figure.text(0.02, 1 - 0.08 / height, f"{label} (%)", va="top", fontsize=11, fontweight="bold")
    return figure


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
