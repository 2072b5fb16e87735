"""Draw the pictures of README.md from the shipped scenarios: ``python docs/make_pictures.py``."""

from pathlib import Path

import pandas as pd

import pkpd

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Draw the scenario that gives all three lines of treatment on time."""
    table = pd.read_csv(ROOT / "data" / "scenarios" / "status_epilepticus.csv").set_index("scenario")
    row = table.loc["ladder_on_time"]
    patient = pkpd.Patient(age_y=row.age_y, weight_kg=row.weight_kg, height_cm=row.height_cm, sex=row.sex)
    figure = pkpd.simulate(row.regimen, patient, until="6 h").plot()
    folder = ROOT / "docs" / "pictures"
    folder.mkdir(exist_ok=True)
    figure.savefig(folder / "ladder.png", dpi=110, bbox_inches="tight")


if __name__ == "__main__":
    main()
