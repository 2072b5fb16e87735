"""Parts of the validation page from runs that take long: their results are kept as files and read here."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

from benchmarks.figure import BEGIN, END
from docs.generate.markdown import code, table

__all__ = ["Section", "speed_text", "trial_section"]

ROOT = Path(__file__).resolve().parent.parent.parent
TRIALS = ROOT / "data" / "trials" / "results.csv"
SPEED = ROOT / "benchmarks" / "README.md"


class Section(NamedTuple):
    """A part of the page: its title, what it is compared with, its text, and how many comparisons were met."""

    title: str
    against: str
    text: str
    met: int
    missed: int

    @property
    def name(self) -> str:
        """The title as the name of its anchor and of its place in validation.md."""
        return self.title.lower().replace(" ", "-")


def trial_section() -> Section:
    """Return the arms of the virtual trials, from the table that `python -m benchmarks.trials` writes."""
    with TRIALS.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lines = [
        (code(row["trial"]), row["arm"], _span(row, "published"), row["calibration"], _span(row, "typical"),
         _yes(row, "typical"), _span(row, "variability"), _yes(row, "variability"), _draws(row))
        for row in rows
    ]  # fmt: skip
    head = ("trial", "arm", "published % (95 %)", "calibration", "ours, typical kinetics", "inside",
            "ours, drawn kinetics", "inside", "joint draws, ours (calibration)")  # fmt: skip
    met = sum(row["typical_inside"] == "yes" for row in rows)
    text = "\n\n".join(filter(None, [table(head, lines), _without_results(rows)]))
    return Section("Trials", "clinical trials", text, met, len(rows) - met)


def _without_results(rows: list[dict[str, str]]) -> str:
    """A sentence on the shipped trials that the table lacks, or nothing."""
    missing = sorted({p.stem for p in TRIALS.parent.glob("*.toml")} - {row["trial"] for row in rows})
    if not missing:
        return ""
    return f"Shipped without a result here, hence compared by nobody: {', '.join(map(code, missing))}."


def _draws(row: dict[str, str]) -> str:
    """Predictive interval over the joint draws of the parameters, the calibration's own beside it; nothing for none."""
    if not row["predictive_low"]:
        return ""
    theirs = row["calibration_predictive_low"], row["calibration_predictive_high"]
    beside = f" ({float(theirs[0]):.0f} to {float(theirs[1]):.0f})" if all(theirs) else ""
    return f"{float(row['predictive_low']):.0f} to {float(row['predictive_high']):.0f}{beside}"


def _span(row: dict[str, str], kind: str) -> str:
    return f"{row[kind]} ({row[f'{kind}_low']} to {row[f'{kind}_high']})"


def _yes(row: dict[str, str], kind: str) -> str:
    return "yes" if row[f"{kind}_inside"] == "yes" else "**no**"


def speed_text() -> str:
    """Return the table that `python -m benchmarks --write` keeps."""
    return SPEED.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip()
