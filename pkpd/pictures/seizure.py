"""Pictures of the seizure and of propofol's risk: panels on one clock, with dose marks; bands for several subjects.

Draws what it is given and computes no pharmacology.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib import rc_context
from numpy.typing import NDArray

from pkpd.library.pris_file import load_pris
from pkpd.library.receptor_file import load_receptors
from pkpd.pictures.picture import COLOURS, STYLE, Picture, time_axis, time_ticks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pkpd.solution import Solution

__all__ = ["pris_panel", "receptor_panel"]

FloatArray = NDArray[np.float64]
# Inches; places are computed, as in `pkpd.pictures.concentrations`.
_WIDTH, _LEFT, _RIGHT, _PANEL, _GAP, _TOP, _BOTTOM = 5.8, 0.92, 1.42, 1.12, 0.16, 0.46, 0.5
_MOST_POINTS = 900
_LINE_COLOURS = (COLOURS["plasma"], COLOURS["brain"], COLOURS["effect"], "#CC79A7")
_DASHES = ("-", "--", "-.", ":")
_ALERT_COLOURS = ("#DDEFE3", "#FBE3B5", "#F5C4B8")


class _Line(NamedTuple):
    """One line of a panel: output column and its name in the legend."""

    column: str
    label: str
    scale: float = 1.0


class _Panel(NamedTuple):
    """One panel: what its axis says, its lines, and levels that are marked across it."""

    label: str
    lines: tuple[_Line, ...]
    levels: tuple[tuple[float, str], ...] = ()
    limits: tuple[float | None, float | None] = (None, None)


def receptor_panel(solution: Solution, *, title: str | None = None) -> Picture:
    """Draw seizure, receptors, chloride and potentials on one clock.

    Parameters
    ----------
    solution : Solution
        Of a run with a seizure. With several subjects the median is drawn, with the band from the 5th to the 95th
        percentile; the first panel then shows the share that is seizing.
    title : str, optional
        Line above the panels.

    Returns
    -------
    Picture
        A matplotlib Figure.
    """
    off, on = load_receptors()["seizure_off_threshold"], load_receptors()["seizure_on_threshold"]
    threshold = load_receptors()["v_threshold"]
    panels = (
        _Panel("receptors\n(rest = 1)", (
            _Line("gaba_a_surface", "GABA-A, surface"), _Line("nmda_synaptic", "NMDA, synaptic"),
            _Line("kcc2", "KCC2"), _Line("gaba_a_internal", "GABA-A, internal"))),
        _Panel("chloride\n(mM)", (_Line("chloride_mM", "chloride inside"),), limits=(0.0, None)),
        _Panel("potential\n(mV)", (_Line("e_gaba_mV", "E GABA"), _Line("e_cl_mV", "E Cl")),
               ((threshold, "firing threshold"),), limits=(None, threshold + 6.0)),
        _Panel("inhibition\n(rest = 1)", (_Line("inhibition", "net inhibition"),
                                          _Line("benzodiazepine_occupancy", "benzodiazepine\noccupancy")),
               ((0.0, ""),)),
    )  # fmt: skip
    with rc_context(STYLE):
        figure, axes = _stack(1 + len(panels), title)
        if len(solution.ids) == 1:
            levels = ((on, f"on above {on:g}"), (off, f"off below {off:g}"))
            _draw(axes[0], solution, _Panel("seizure\nactivity", (_Line("seizure_activity", "seizure"),), levels))
        else:
            _draw_share(axes[0], solution, on)
        axes[0].set_ylim(-0.04, 1.08)
        for place, panel in zip(axes[1:], panels):
            _draw(place, solution, panel)
        _finish(axes, solution, solution.orders.to_dict("records"))
    return figure


def pris_panel(solution: Solution, *, title: str | None = None) -> Picture:
    """Draw rate, risk with its interval and alert zones, and laboratory values of a propofol infusion.

    Parameters
    ----------
    solution : Solution
        Of a run with propofol. Of several subjects the medians are drawn; the alert is the highest among them.
    title : str, optional

    Returns
    -------
    Picture
    """
    limits = load_pris().numbers("alert")
    panels = (
        _Panel("lactate\n(mmol/L)", (_Line("lactate_mmol_L", "lactate"),), limits=(0.0, None)),
        _Panel("CK\n(U/L)", (_Line("ck_U_L", "creatine kinase"),), limits=(0.0, None)),
        _Panel("triglycerides\n(mg/dL)", (_Line("triglycerides_mg_dL", "triglycerides"),), limits=(0.0, None)),
    )
    with rc_context(STYLE):
        figure, axes = _stack(2 + len(panels), title)
        _draw_rate(axes[0], solution, limits)
        _draw_risk(axes[1], solution)
        for place, panel in zip(axes[2:], panels):
            _draw(place, solution, panel)
        _finish(axes, solution, [row for row in solution.orders.to_dict("records") if row["drug"] == "propofol"])
    return figure


def _stack(count: int, title: str | None) -> tuple[Picture, list[Axes]]:
    """Panels above each other, with room for legends at their right."""
    above = _TOP + (0.26 if title else 0.0)
    height = above + count * (_PANEL + _GAP) - _GAP + _BOTTOM
    figure = Picture(figsize=(_WIDTH, height))
    if title:
        figure.text(0.02, 1 - 0.07 / height, title, fontsize=11, va="top", fontweight="bold")
    wide = (_WIDTH - _LEFT - _RIGHT) / _WIDTH
    bottoms = [height - above - _PANEL - number * (_PANEL + _GAP) for number in range(count)]
    axes = [figure.add_axes((_LEFT / _WIDTH, low / height, wide, _PANEL / height)) for low in bottoms]
    return figure, axes


def _finish(axes: Sequence[Axes], solution: Solution, orders: Sequence[dict[Any, Any]]) -> None:
    """One time axis for all, dose marks above the first panel, legends beside the data."""
    factor, _ = time_axis(solution.until_h)
    for place in axes:
        time_ticks(place, solution.until_h)
        place.set_xlabel("")
        place.tick_params(labelbottom=place is axes[-1])
        place.yaxis.set_label_coords(-0.16, 0.5)
        if place.get_legend_handles_labels()[1]:
            place.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), borderaxespad=0.0, handlelength=1.9)
    time_ticks(axes[-1], solution.until_h)
    _mark_doses(axes[0], [row for row in orders if row["id"] == solution.ids[0]], factor, solution.until_h * factor)


def _mark_doses(axes: Axes, orders: Sequence[dict[Any, Any]], factor: float, end: float) -> None:
    """Triangles where a dose was given to the first subject; each drug is named once, in two rows of names."""
    edge, named = axes.get_xaxis_transform(), set[str]()
    ends = [-math.inf, -math.inf]  # where the text of each row of names ends
    for row in orders:
        at, drug = float(row["time_h"]) * factor, str(row["drug"])
        if not row["given"] or not row["amount"] > 0.0:
            continue
        axes.plot([at], [1.06], "v", transform=edge, color=COLOURS["dose"], markersize=5, clip_on=False)
        level = next((number for number, used in enumerate(ends) if at > used), None)
        if drug in named or level is None:
            continue
        named.add(drug)
        ends[level] = at + 0.019 * len(drug) * end
        axes.text(at, 1.13 + 0.1 * level, drug, transform=edge, fontsize=7.5, ha="right" if at > 0.8 * end else "left")


def _thin(solution: Solution) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, len(solution.time_h) - 1, min(len(solution.time_h), _MOST_POINTS)).astype(int))


def _draw(axes: Axes, solution: Solution, panel: _Panel) -> None:
    """Lines of a panel; of several subjects the median with its band."""
    keep, (factor, _) = _thin(solution), time_axis(solution.until_h)
    time = solution.time_h[keep] * factor
    for number, line in enumerate(panel.lines):
        values = np.atleast_2d(solution.outputs[line.column])[:, keep] * line.scale
        colour = _LINE_COLOURS[number]
        if len(values) > 1:
            low, high = np.nanpercentile(values, [5, 95], axis=0)
            axes.fill_between(time, low, high, color=colour, alpha=0.18, linewidth=0)
        axes.plot(time, np.nanmedian(values, axis=0), _DASHES[number], color=colour, label=line.label)
    low, high = panel.limits
    if low == 0.0 and high is None:  # a line on the upper edge could not be seen
        high = 1.12 * max(float(np.nanmax(line.get_ydata())) for line in axes.get_lines())
    _mark_levels(axes, panel.levels)
    axes.set_ylabel(panel.label)
    axes.set_ylim(low, high)


def _mark_levels(axes: Axes, levels: Sequence[tuple[float, str]]) -> None:
    """Lines across a panel, named in its legend, where no curve runs over the words."""
    for (level, name), dashes in zip(levels, ((0, (2, 2)), (0, (5, 2)))):
        axes.axhline(level, color="#555555", linewidth=0.9, linestyle=dashes, label=name or "_nolegend_")


def _draw_share(axes: Axes, solution: Solution, on: float) -> None:
    """The share of subjects that are seizing."""
    keep, (factor, _) = _thin(solution), time_axis(solution.until_h)
    share = (solution.outputs["seizure_activity"][:, keep] > on).mean(axis=0)
    axes.fill_between(solution.time_h[keep] * factor, 0.0, share, color=COLOURS["plasma"], alpha=0.3, linewidth=0)
    axes.plot(
        solution.time_h[keep] * factor, share, color=COLOURS["plasma"], label=f"share of\n{len(solution.ids)} seizing"
    )
    axes.set_ylabel("share\nseizing")


def _draw_rate(axes: Axes, solution: Solution, limits: Mapping[str, float]) -> None:
    """Infusion rate of propofol in the first subject, mg/kg/h, with the rates at which the alert changes.

    A load may leave the picture above, as it leaves the alert alone.
    """
    factor, _ = time_axis(solution.until_h)
    rows = solution.orders.to_dict("records")
    rows = [r for r in rows if r["id"] == solution.ids[0] and r["drug"] == "propofol" and r["given"] and r["rate"] > 0]
    weight = solution.patients[0].covariates["weight_kg"]
    edges = sorted({0.0, solution.until_h, *(t for r in rows for t in (r["time_h"], r["time_h"] + r["duration_h"]))})
    rates = [sum(r["rate"] for r in rows if r["time_h"] <= t < r["time_h"] + r["duration_h"]) for t in edges]
    axes.step(
        np.array(edges) * factor, np.array(rates) / weight, where="post", color=COLOURS["plasma"], label="propofol"
    )
    amber, red = limits["amber_rate"], limits["red_rate"]
    _mark_levels(axes, ((amber, f"amber above {amber:g}"), (red, f"red above {red:g},\nafter 48 h")))
    axes.set_ylabel("rate\n(mg/kg/h)")
    held = [rate for rate, start, stop in zip(rates, edges, edges[1:]) if stop - start > limits["load_hours"]]
    axes.set_ylim(0.0, max(1.25 * red, 1.15 * max(held, default=0.0) / weight))


def _draw_risk(axes: Axes, solution: Solution) -> None:
    """Cumulated risk in percent with its 95 % interval, on the colours of the alert."""
    keep, (factor, _) = _thin(solution), time_axis(solution.until_h)
    time = solution.time_h[keep] * factor

    def percent(name: str, reduce: Callable[..., FloatArray] = np.nanmedian) -> FloatArray:
        return 100.0 * reduce(solution.outputs[name][:, keep], axis=0)

    alert = np.nanmax(solution.outputs["pris_alert"][:, keep], axis=0)
    changes = [0, *(np.flatnonzero(np.diff(alert)) + 1), len(keep)]
    for start, stop in zip(changes[:-1], changes[1:]):
        end = time[min(stop, len(keep) - 1)]
        axes.axvspan(time[start], end, color=_ALERT_COLOURS[int(alert[start])], linewidth=0, zorder=0)
    low, high = percent("pris_risk_low"), percent("pris_risk_high")
    axes.fill_between(time, low, high, color=COLOURS["brain"], alpha=0.3, linewidth=0, label="95 % interval")
    axes.plot(time, percent("pris_risk"), color=COLOURS["brain"], label="risk so far")
    for code, name in enumerate(("green", "amber", "red")):
        if (alert == code).any():
            axes.fill_between([], [], color=_ALERT_COLOURS[code], label=f"alert {name}")
    axes.set_ylabel("PRIS risk\n(%)")
    axes.set_ylim(0.0, max(0.1, 1.05 * float(high.max())))  # a risk below that is drawn as what it is: next to none
