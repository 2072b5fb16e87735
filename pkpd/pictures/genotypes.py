"""What a genotype does: ratios to a reference as a forest plot, and how a seizure ends over genotype and delay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from numpy.typing import NDArray

from pkpd.pictures.picture import COLOURS, STYLE, Picture, log_axis
from pkpd.pictures.response import heat_panel

__all__ = ["DelayMap", "Ratio", "delay_maps", "genotype_forest"]

# Inches.
_WIDTH, _LEFT, _RIGHT, _APART, _ROW, _ABOVE, _BELOW = 6.4, 1.0, 0.14, 0.2, 0.2, 0.62, 0.82
_CELL, _HIGH, _TITLE, _UNDER = 0.56, 0.36, 0.3, 0.55
#: The conventional limits of bioequivalence: what stays inside is seldom told apart in patients.
ALIKE = (0.8, 1.25)


@dataclass(frozen=True)
class Ratio:
    """One row of the forest: a genotype in a group of scenarios that differ in it alone.

    Attributes
    ----------
    group, label : str
        The regimen, and the genotype.
    values : mapping of str to (float, float, float)
        By quantity: 5th percentile, median and 95th percentile over the reference; all the same for one patient.
    reference : bool
        Whether the others are compared with this row.
    """

    group: str
    label: str
    values: Mapping[str, tuple[float, float, float]]
    reference: bool = False


@dataclass(frozen=True)
class DelayMap:
    """One panel of a map: outcome over genotype (rows) and delay to treatment in minutes (columns).

    `values` are percentages of subjects, or minutes with NaN for a seizure that goes on, shape (n_genotypes, n_delays).
    """

    title: str
    genotypes: tuple[str, ...]
    delays: tuple[float, ...]
    values: NDArray[np.float64]


def genotype_forest(title: str, rows: Sequence[Ratio]) -> Picture:
    """Draw ratios to the reference genotype: a panel a quantity, a row a genotype, under the regimen it belongs to.

    Parameters
    ----------
    title : str
    rows : sequence of Ratio
        Rows of one group follow each other.

    Returns
    -------
    Picture
    """
    quantities = list(dict.fromkeys(name for row in rows for name in row.values))
    lines: list[Ratio | str] = []
    for row in rows:
        if not lines or row.group != _last_group(lines):
            lines.append(row.group)
        lines.append(row)
    place = np.arange(len(lines))[::-1]
    height = _ABOVE + _BELOW + _ROW * max(3, len(lines))
    wide = (_WIDTH - _LEFT - _RIGHT - _APART * (len(quantities) - 1)) / len(quantities)
    with rc_context(STYLE):
        figure = Picture(figsize=(_WIDTH, height))
        figure.text(0.012, 1 - 0.08 / height, title, fontsize=11, fontweight="bold", va="top")
        panels = []
        for number, quantity in enumerate(quantities):
            left = (_LEFT + number * (wide + _APART)) / _WIDTH
            axes = figure.add_axes((left, _BELOW / height, wide / _WIDTH, 1 - (_ABOVE + _BELOW) / height))
            _draw_ratios(axes, quantity, place, lines)
            panels.append(axes)
        _name_rows(figure, panels, place, lines)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="lower left", bbox_to_anchor=(0.0, 0.0), ncols=4)
    return figure


def _last_group(lines: Sequence[Ratio | str]) -> str:
    last = lines[-1]
    return last if isinstance(last, str) else last.group


def _draw_ratios(axes: Axes, quantity: str, place: NDArray[np.int_], lines: Sequence[Ratio | str]) -> None:
    """One quantity: bands, ratios and the reference, on a logarithmic axis that is the same to both sides of 1."""
    axes.axvspan(*ALIKE, color="#EEEEEE", linewidth=0, zorder=0, label=f"{ALIKE[0]:g} to {ALIKE[1]:g}")
    axes.axvline(1.0, color=COLOURS["dose"], linewidth=0.9)
    found = [
        (y, line.reference, *line.values[quantity])
        for y, line in zip(place, lines)
        if isinstance(line, Ratio) and quantity in line.values
    ]
    table = np.array(found, float).reshape(-1, 5)
    banded = table[:, 4] > table[:, 2]
    if banded.any():
        axes.hlines(
            table[banded, 0], table[banded, 2], table[banded, 4], color=COLOURS["plasma"], linewidth=2.4, alpha=0.4,
            label="5 to 95 % of the subjects",
        )  # fmt: skip
    for is_reference, fill, label in ((False, COLOURS["plasma"], "genotype"), (True, "white", "reference")):
        mine = table[table[:, 1] == is_reference]
        axes.plot(mine[:, 3], mine[:, 0], "o", color=COLOURS["plasma"], markerfacecolor=fill, markersize=5, label=label)
    spread = 1.15 * float(np.max(np.maximum(table[:, 4], 1.0 / table[:, 2]), initial=1.6))
    log_axis(axes.xaxis, 1.0 / spread, spread)
    axes.set_title(quantity, fontsize=9)
    axes.set_xlabel("ratio", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.grid(axis="y", visible=False)


def _name_rows(figure: Picture, panels: Sequence[Axes], place: NDArray[np.int_], lines: Sequence[Ratio | str]) -> None:
    """Genotypes at the left, and each regimen on a line of its own above its rows."""
    named = [(y, line.label) for y, line in zip(place, lines) if isinstance(line, Ratio)]
    low, high = -0.7, len(lines) - 0.52
    for axes in panels:
        axes.set_ylim(low, high)
        axes.set_yticks([y for y, _ in named], [""] * len(named))
    panels[0].set_yticklabels([shorten(label, 16, placeholder="…") for _, label in named], fontsize=8)
    box = panels[0].get_position()
    for y, line in zip(place, lines):
        if isinstance(line, str):
            for axes in panels:  # a strip of its own, on which nothing runs behind the words
                axes.axhspan(y - 0.48, y + 0.48, color="white", linewidth=0, zorder=4)
            figure.text(
                0.012, box.y0 + box.height * (y - low) / (high - low), shorten(line, 92, placeholder=" …"),
                fontsize=7.5, va="center", style="italic",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
            )  # fmt: skip


def delay_maps(title: str, maps: Sequence[DelayMap], *, share: bool) -> Picture:
    """Draw the outcome of a seizure over genotype and delay to treatment, a panel a regimen.

    Parameters
    ----------
    title : str
    maps : sequence of DelayMap
    share : bool
        Whether the values are percentages of subjects who are off at the end; else minutes from the first order to off.

    Returns
    -------
    Picture
    """
    wide = max(len(one.delays) for one in maps) * _CELL
    width = max(_LEFT + wide + 1.0, 5.6)
    height = 0.35 + sum(len(one.genotypes) * _HIGH + _TITLE + _UNDER for one in maps)
    longest = 100.0 if share else max(float(np.nanmax(one.values, initial=1.0)) for one in maps)
    with rc_context({**STYLE, "axes.grid": False}):
        figure = Picture(figsize=(width, height))
        figure.text(0.012, 1 - 0.08 / height, title, fontsize=11, fontweight="bold", va="top")
        at = height - 0.35
        for one in maps:
            high = len(one.genotypes) * _HIGH
            at -= _TITLE + high
            axes = figure.add_axes((_LEFT / width, at / height, wide / width, high / height))
            said = [["goes on" if np.isnan(value) else f"{value:.0f}" for value in row] for row in one.values[::-1]]
            mesh = heat_panel(axes, one.values[::-1], said, limits=(0.0, longest), low_is_good=not share)
            axes.set_xticks(range(len(one.delays)), [f"{delay:g}" for delay in one.delays])
            axes.set_yticks(range(len(one.genotypes)), one.genotypes[::-1])
            axes.set_xlabel("delay from onset to the first dose (min)")
            axes.set_title(shorten(one.title, 80, placeholder=" …"), fontsize=8, fontweight="normal", style="italic")
            bar = figure.add_axes(((_LEFT + wide + 0.15) / width, at / height, 0.13 / width, high / height))
            figure.colorbar(mesh, cax=bar).set_label("%" if share else "min", fontsize=8)
            bar.tick_params(labelsize=7)
            at -= _UNDER
    return figure
