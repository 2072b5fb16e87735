"""`python -m benchmarks.trials [NAME ...]`: run the shipped trials and write their table of results.

Every trial is run with typical kinetics, with kinetics that are drawn for each subject, and, where the calibration
states a range, with the joint draws of its parameters. `data/trials/results.csv` and the table in the README beside it
are written after each trial; rows of trials that are not named stay as they are.
"""

from __future__ import annotations

import argparse
import math
import time
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd

import pkpd
from pkpd.trial.design import Endpoint
from pkpd.trial.trial import TrialResult

FOLDER = Path(__file__).parents[1] / "data" / "trials"
BEGIN, END = "<!-- results: begin -->\n", "<!-- results: end -->"
RUNS = ("typical", "variability")
HEADER = ("trial, arm", "published", "calibration", "typical kinetics", "drawn kinetics", "draws", "draws, calibration")


def run(name: str, n: int, *, variability: bool = False, draws: int | None = None, seed: int = 101) -> TrialResult:
    """Run a shipped trial at another size, with typical or drawn kinetics."""
    tables = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    tables["trial"] |= {"n": n, "seed": seed, "pk_variability": variability}
    return pkpd.trial(tables, posterior=draws)


def rows_of(name: str, calibration: pd.DataFrame, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Run one trial in all ways: a row an arm, shares in percent."""
    known = calibration[calibration["trial"] == name].set_index("arm")
    size = {"typical": options.typical, "variability": options.variability}
    done = {kind: run(name, size[kind], variability=kind == "variability") for kind in RUNS}
    arms = {kind: result.arms for kind, result in done.items()}
    endpoint = done["typical"].design.endpoint
    drawn = None
    if options.draws and known["predictive_low"].notna().any():
        drawn = run(name, options.draw_subjects, draws=options.draws, seed=1).arms
    rows = []
    for place, arm in enumerate(arms["typical"].to_dict("records")):
        asked = known.loc[arm["arm"]]
        row = {"trial": name, "arm": arm["arm"]}
        row |= {key: percent(arm[key]) for key in ("published", "published_low", "published_high")}
        row |= {"calibration": asked["share_percent"], "calibration_inside": asked["inside"]}
        for kind in RUNS:
            own = arms[kind].iloc[place]
            row |= {kind: percent(own["share"]), f"{kind}_n": own["n"], f"{kind}_inside": yes(own["inside"])}
            row |= {f"{kind}_{end}": percent(own[f"mc_{end}"]) for end in ("low", "high")}
        row["deviation_se"] = round(deviation(arm["share"], arm["n"], asked, endpoint), 1)
        row["draw_subjects"] = math.nan if drawn is None else options.draw_subjects
        for end in ("low", "median", "high"):
            row[f"predictive_{end}"] = math.nan if drawn is None else percent(drawn.iloc[place][f"predictive_{end}"])
        row |= {f"calibration_predictive_{end}": asked[f"predictive_{end}"] for end in ("low", "high")}
        rows.append(row)
    return rows


def percent(share: float) -> float:
    """Percent with one decimal."""
    return round(100.0 * float(share), 1)


def yes(inside: bool) -> str:
    """As the tables say it."""
    return "yes" if inside else "no"


def deviation(share: float, n: int, asked: pd.Series, endpoint: Endpoint) -> float:
    """Return how far a share is from that of the calibration, in standard errors of both simulations together.

    The error of the calibration is binomial, as the sd of four runs is known to within half of it at best; where its
    number of subjects is not stated, that sd counts.
    """
    m = endpoint.mimic_share
    p = (asked["share_percent"] / 100.0 - m * endpoint.mimic_success) / (1.0 - m)
    theirs = (asked["sd_between_runs"] / 200.0) ** 2
    if asked["subjects"] == asked["subjects"]:
        theirs = (1.0 - m) ** 2 * p * (1.0 - p) / asked["subjects"]
    return (share - asked["share_percent"] / 100.0) / math.sqrt((1.0 - m) ** 2 * p * (1.0 - p) / n + theirs)


def table(results: pd.DataFrame) -> str:
    """The table of the README."""
    lines = ["| " + " | ".join(HEADER) + " |", "|---" * len(HEADER) + "|"]
    for row in results.to_dict("records"):
        cells = [f"`{row['trial']}`, {row['arm']}", span(row["published"], row["published_low"], row["published_high"])]
        cells.append(f"{row['calibration']:.1f}{outside(row['calibration_inside'])}")
        for kind in RUNS:
            share = span(row[kind], row[f"{kind}_low"], row[f"{kind}_high"])
            cells.append(share + outside(row[f"{kind}_inside"]))
        cells.append(limits(row["predictive_low"], row["predictive_high"]))
        cells.append(limits(row["calibration_predictive_low"], row["calibration_predictive_high"]))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def span(share: float, low: float, high: float) -> str:
    """A share with its interval."""
    return f"{share:.1f} ({low:.1f}–{high:.1f})"


def limits(low: float, high: float) -> str:
    """An interval, or a dash where there is none."""
    return "–" if math.isnan(low) else f"{low:.0f}–{high:.0f}"


def outside(inside: str) -> str:
    """A mark for shares outside the published interval."""
    return "" if inside == "yes" else " **outside**"


def keep(rows: list[dict[str, Any]], order: list[str]) -> None:
    """Put the rows in place of the older ones of the same trials, in the file and in the README."""
    path, readme = FOLDER / "results.csv", FOLDER / "README.md"
    results = pd.DataFrame(rows)
    if path.exists():
        older = pd.read_csv(path)
        results = pd.concat([older[~older["trial"].isin(results["trial"])], results])
    place = {name: number for number, name in enumerate(order)}
    results = results.sort_values("trial", key=lambda names: names.map(place), kind="stable")
    results.to_csv(path, index=False)
    head, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    tail = rest.partition(END)[2]
    readme.write_text(head + BEGIN + table(results) + END + tail, encoding="utf-8")


def main() -> None:
    """Parse the command line and run."""
    calibration = pd.read_csv(FOLDER / "calibration.csv")
    names = list(calibration["trial"].unique())
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trials", description=__doc__)
    parser.add_argument("name", nargs="*", choices=[*names, []], help="trials to run (default: all)")
    parser.add_argument("--typical", type=int, default=4000, help="subjects with typical kinetics (default 4000)")
    parser.add_argument("--variability", type=int, default=2000, help="subjects with drawn kinetics (default 2000)")
    parser.add_argument("--draws", type=int, default=24, help="joint draws of the parameters (default 24; 0 for none)")
    parser.add_argument("--draw-subjects", type=int, default=300, help="subjects in each draw (default 300)")
    options = parser.parse_args()
    for name in options.name or names:
        start = time.perf_counter()
        rows = rows_of(name, calibration, options)
        keep(rows, names)
        print(f"{name}: {time.perf_counter() - start:.0f} s")
        for row in rows:
            print(
                f"  {row['arm']:45s}" + "  ".join(f"{row[kind]:5.1f}" for kind in ("published", "calibration", *RUNS))
            )


if __name__ == "__main__":
    main()
