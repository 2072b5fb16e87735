"""Draw the pictures of README.md from real runs: ``python docs/make_pictures.py``."""

from pathlib import Path

import matplotlib.pyplot as plt

import pkpd
from pkpd.picture import COLOURS, STYLE

ROOT = Path(__file__).resolve().parent.parent
DELAYS_MIN = (30, 200)
SHOWN_MIN = (-30, 60)
ROWS = (
    ("lorazepam_brain_mg_L", 1000.0, "brain level\n(µg/L, unbound)", (0.0, 7.5)),
    ("gaba_a_surface", 1.0, "GABA-A receptors\nat the surface", (0.5, 1.05)),
    ("inhibition", 1.0, "net inhibition\n(rest = 1)", (0.4, 1.9)),
    ("seizure_activity", 1.0, "seizure activity", (-0.05, 1.1)),
)


def clock() -> plt.Figure:
    """The same dose, early and late: dose, brain level, receptors and seizure on one clock."""
    who = pkpd.Patient(age_y=35, weight_kg=75, height_cm=175, sex="M")
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(len(ROWS), len(DELAYS_MIN), figsize=(9, 6.6), sharex=True, sharey="row")
        for column, delay in enumerate(DELAYS_MIN):
            order = f"lorazepam 4 mg iv over 2 min at {delay} min"
            found = pkpd.simulate(order, who, until=f"{delay + SHOWN_MIN[1]} min", every="15 s", seizure="status")
            time = found.time_h * 60.0 - delay
            outcome = "the seizure stops" if found.metrics()["seizure_stopped"].item() else "the seizure goes on"
            for axes, (name, scale, label, limits) in zip(panels[:, column], ROWS):
                axes.plot(time, found.outputs[name][0] * scale, color=COLOURS["plasma"])
                axes.axvline(0.0, color=COLOURS["dose"], linewidth=0.9, linestyle=":")
                axes.set(xlim=SHOWN_MIN, ylim=limits)
                axes.set_ylabel(label if column == 0 else "")
            panels[0, column].set_title(f"lorazepam 4 mg, {delay} min after onset:\n{outcome}", fontsize=10)
            panels[-1, column].set_xlabel("minutes from the dose")
        figure.align_ylabels(panels[:, 0])
        figure.tight_layout()
    return figure


if __name__ == "__main__":
    folder = ROOT / "docs" / "pictures"
    folder.mkdir(exist_ok=True)
    clock().savefig(folder / "clock.png", dpi=110)
