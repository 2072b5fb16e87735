"""Draw the pictures of README.md from the shipped scenarios: ``python docs/make_pictures.py``."""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

import pkpd

ROOT = Path(__file__).resolve().parent.parent
DRUGS = {"lorazepam": "lorazepam", "phenytoin": "fosphenytoin, as phenytoin", "midazolam": "midazolam"}


def ladder() -> plt.Figure:
    """The scenario that gives all three lines of treatment on time: one panel a drug, plasma and brain."""
    table = pd.read_csv(ROOT / "data" / "scenarios" / "status_epilepticus.csv").set_index("scenario")
    row = table.loc["ladder_on_time"]
    patient = pkpd.Patient(age_y=row.age_y, weight_kg=row.weight_kg, height_cm=row.height_cm, sex=row.sex)
    frame = pkpd.simulate(row.regimen, patient, until="4 h", every="0.5 min").to_frame()
    figure, panels = plt.subplots(1, 3, figsize=(11, 3.4), layout="constrained")
    for axes, (drug, title) in zip(panels, DRUGS.items()):
        for output, label, style in (("plasma", "plasma, total", "C0-"), ("brain", "brain, unbound", "C1--")):
            values = frame[f"{drug}_{output}_mg_L"]
            axes.plot(frame["time_h"] * 60, values.where(values > 0), style, label=label)
        wanted = pkpd.load_drug(drug).default_range
        if wanted is not None and wanted.high_mg_L:
            axes.axhspan(wanted.low_mg_L, wanted.high_mg_L, color="C2", alpha=0.15, label="range, total")
        peak = frame[f"{drug}_plasma_mg_L"].max()
        axes.set(title=title, xlabel="time (min)", yscale="log", ylim=(peak / 300, peak * 3), xlim=(0, 240))
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("concentration (mg/L)")
    panels[0].legend(frameon=False, fontsize=8, loc="lower right")
    return figure


if __name__ == "__main__":
    folder = ROOT / "docs" / "pictures"
    folder.mkdir(exist_ok=True)
    ladder().savefig(folder / "ladder.png", dpi=110)
