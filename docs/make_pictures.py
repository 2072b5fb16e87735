"""Draw the pictures of README.md and of the pages from real runs: ``python docs/make_pictures.py [NAME ...]``."""

import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import pkpd
from pkpd.library.receptor_file import load_receptors
from pkpd.models.receptors import CONSTANTS, chloride_potential, ghk_potential
from pkpd.pictures.picture import COLOURS, STYLE

FOLDER = Path(__file__).resolve().parent / "pictures"
DELAYS_MIN = (30, 200)
SHOWN_MIN = (-30, 60)
ROWS = (
    ("lorazepam_brain_mg_L", 1000.0, "brain level,\nunbound (µg/L)", (0.0, 7.5), COLOURS["brain"]),
    ("gaba_a_surface", 1.0, "GABA-A receptors\n(rest = 1)", (0.5, 1.05), COLOURS["plasma"]),
    ("inhibition", 1.0, "net inhibition\n(rest = 1)", (0.4, 1.9), COLOURS["effect"]),
    ("seizure_activity", 1.0, "seizure\n(0 to 1)", (-0.05, 1.1), COLOURS["dose"]),
)
WHO = {"age_y": 35, "weight_kg": 75, "height_cm": 175, "sex": "M"}
PRESETS = (
    ("status", "status: man, calibrated", COLOURS["plasma"], "-"),
    ("status-rodent", "status-rodent: experiment", COLOURS["brain"], "--"),
    ("status-fast", "status-fast: worst case", COLOURS["effect"], "-."),
)


def clock() -> plt.Figure:
    """The same dose, early and late: dose, brain level, receptors and seizure on one clock."""
    who = pkpd.Patient(**WHO)
    figure, panels = plt.subplots(len(ROWS), len(DELAYS_MIN), figsize=(9, 6.6), sharex=True, sharey="row")
    for column, delay in enumerate(DELAYS_MIN):
        order = f"lorazepam 4 mg iv over 2 min at {delay} min"
        found = pkpd.simulate(order, who, until=f"{delay + SHOWN_MIN[1]} min", every="15 s", seizure="status")
        time = found.time_h * 60.0 - delay
        outcome = "the seizure stops" if found.metrics()["seizure_stopped"].item() else "the seizure goes on"
        seizing = time[found.outputs["seizure_activity"][0] > load_receptors()["seizure_on_threshold"]]
        for axes, (name, scale, label, limits, colour) in zip(panels[:, column], ROWS):
            axes.axvspan(SHOWN_MIN[0], min(seizing.max(), SHOWN_MIN[1]), color="#F2EDE2", linewidth=0, zorder=0)
            axes.plot(time, found.outputs[name][0] * scale, color=colour, linewidth=2.0)
            axes.axvline(0.0, color=COLOURS["dose"], linewidth=0.9, linestyle=":")
            axes.set(xlim=SHOWN_MIN, ylim=limits)
            axes.set_ylabel(label if column == 0 else "")
        panels[0, column].set_title(f"lorazepam 4 mg, {delay} min after onset:\n{outcome}", fontsize=11)
        edge = panels[0, column].get_xaxis_transform()
        panels[0, column].plot(0.0, 0.9, "v", transform=edge, color=COLOURS["dose"], markersize=7)
        panels[0, column].text(-1.5, 0.9, "dose", transform=edge, fontsize=9, ha="right", va="center")
        panels[-1, column].text(SHOWN_MIN[0] + 1.5, 0.12, "shaded: seizing", fontsize=9)
        panels[-1, column].set_xlabel("minutes from the dose")
    figure.align_ylabels(panels[:, 0])
    return figure


def untreated() -> plt.Figure:
    """What a seizure without treatment does to receptors and chloride, in the three presets."""
    shown = (
        ("gaba_a_surface", "GABA-A at the surface\n(rest = 1)", (0.0, 1.08)),
        ("nmda_synaptic", "NMDA receptors\n(rest = 1)", (0.9, 1.75)),
        ("chloride_mM", "chloride inside\n(mM)", (0.0, 24.0)),
        ("e_gaba_mV", "E GABA\n(mV)", (-78.0, -36.0)),
    )
    figure, panels = plt.subplots(2, 2, figsize=(9, 5.6), sharex=True)
    for preset, label, colour, dash in PRESETS:
        found = pkpd.simulate("none", pkpd.Patient(**WHO), until="8 h", every="1 min", seizure=preset)
        for axes, (name, _, _) in zip(panels.flat, shown):
            axes.plot(found.time_h, found.outputs[name][0], color=colour, linestyle=dash, label=label)
    for axes, (_, label, limits) in zip(panels.flat, shown):
        axes.set(ylabel=label, ylim=limits, xlim=(0, 8))
    panels[1, 1].axhline(load_receptors()["v_threshold"], color=COLOURS["dose"], linewidth=0.9, linestyle=":")
    panels[1, 1].annotate("firing threshold", (0.1, -49.2), fontsize=8)
    for axes in panels[1]:
        axes.set_xlabel("hours from onset, untreated")
    panels[0, 0].legend(loc="lower left")
    return figure


def reversal() -> plt.Figure:
    """Chloride against the potentials, and against the sign of inhibition."""
    receptors = load_receptors()
    c = np.array([receptors[name] for name in CONSTANTS])
    chloride = np.linspace(3.0, 30.0, 200)
    e_gaba, e_cl = ghk_potential(chloride, c), chloride_potential(chloride, c)
    rest, threshold = ghk_potential(receptors["cl_in_rest"], c), receptors["v_threshold"]
    shunt = receptors["shunt_weight"]
    sign = shunt + (1.0 - shunt) * (threshold - e_gaba) / (threshold - rest)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    left.plot(chloride, e_cl, color=COLOURS["brain"], linestyle="--", label="E Cl (Nernst)")
    left.plot(chloride, e_gaba, color=COLOURS["plasma"], label="E GABA (with bicarbonate)")
    left.axhline(threshold, color=COLOURS["dose"], linewidth=0.9, linestyle=":")
    left.annotate("firing threshold", (3.0, threshold + 1.2), fontsize=8)
    left.set(xlabel="chloride inside (mM)", ylabel="potential (mV)")
    left.legend(loc="lower right")
    right.plot(chloride, sign, color=COLOURS["plasma"])
    right.axhline(0.0, color=COLOURS["dose"], linewidth=0.9)
    crossing = float(np.interp(0.0, -sign, chloride))
    right.annotate(f"GABA begins to excite\nat {crossing:.1f} mM", (crossing, 0.0), (20.0, 0.45), fontsize=8,
                   arrowprops={"arrowstyle": "-", "linewidth": 0.8})  # fmt: skip
    right.set(xlabel="chloride inside (mM)", ylabel="f: what one open receptor does\n(rest = 1)")
    return figure


def delay() -> plt.Figure:
    """Share of virtual adults who are off an hour after lorazepam, by delay and dose."""
    doses, delays = (2, 4, 8), (10, 20, 30, 60, 90, 120, 180, 240)
    figure, axes = plt.subplots(figsize=(6.4, 3.8))
    looks = zip(doses, (COLOURS["effect"], COLOURS["plasma"], COLOURS["brain"]), ("-.", "-", "--"), "so^", strict=True)
    for dose, colour, dash, mark in looks:
        shares = []
        for minutes in delays:
            found = pkpd.simulate(
                f"lorazepam {dose} mg iv over 2 min at {minutes} min",
                pkpd.Population(400, seed=1, age_y=45, weight_kg=75),
                until=f"{minutes + 60} min",
                every="1 h",
                seizure="status",
            )
            shares.append(100.0 * found.metrics()["seizure_stopped"].mean())
        axes.plot(delays, shares, color=colour, linestyle=dash, marker=mark, markersize=5, label=f"{dose} mg")
    axes.set(xlabel="minutes from onset to the dose", ylabel="off an hour later (%)", ylim=(0, 100), xlim=(0, 250))
    axes.legend(title="lorazepam iv", loc="lower left")
    return figure


def infusion_syndrome() -> plt.Figure:
    """Risk, impairment and laboratory values at 3, 5 and 6.5 mg/kg/h of propofol."""
    shown = (
        ("pris_risk", 100.0, "risk so far (%)"),
        ("mitochondrial_impairment", 1.0, "mitochondrial impairment\n(0 to 1)"),
        ("triglycerides_mg_dL", 1.0, "triglycerides\n(mg/dL)"),
        ("lactate_mmol_L", 1.0, "lactate\n(mmol/L)"),
    )
    figure, panels = plt.subplots(2, 2, figsize=(9, 5.4), sharex=True)
    looks = zip((3, 5, 6.5), (COLOURS["effect"], COLOURS["plasma"], COLOURS["brain"]), ("-.", "-", "--"), strict=True)
    for rate, colour, dash in looks:
        order = f"propofol {rate} mg/kg/h iv for 96 h"
        found = pkpd.simulate(order, pkpd.Patient(**WHO), until="120 h", every="15 min")
        for axes, (name, scale, label) in zip(panels.flat, shown):
            axes.plot(found.time_h / 24.0, found.outputs[name][0] * scale, color=colour, linestyle=dash,
                      label=f"{rate:g} mg/kg/h")  # fmt: skip
            axes.set(ylabel=label, xlim=(0, 5))
        low, high = (found.outputs[f"pris_risk_{end}"][0] * 100.0 for end in ("low", "high"))
        panels[0, 0].fill_between(found.time_h / 24.0, low, high, color=colour, alpha=0.12, linewidth=0)
    for axes in panels[1]:
        axes.set_xlabel("days; the infusion stops after four")
    panels[0, 0].legend(loc="upper left")
    return figure


def fit() -> plt.Figure:
    """Twelve subjects after theophylline by mouth, fitted one by one."""
    data = FOLDER.parent.parent / "data" / "observed" / "theophylline.csv"
    return pkpd.fit(data, "1cmt oral", error="additive").plot()


PICTURES: dict[str, Callable[[], plt.Figure]] = {
    "clock": clock,
    "untreated": untreated,
    "reversal": reversal,
    "delay": delay,
    "infusion_syndrome": infusion_syndrome,
    "fit": fit,
}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or PICTURES:
        with plt.rc_context(STYLE):
            figure = PICTURES[name]()
            if figure.get_layout_engine() is None:  # pictures of the package have their own
                figure.tight_layout(w_pad=2.0)
            figure.savefig(FOLDER / f"{name}.png", dpi=110)
