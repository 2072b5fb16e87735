"""`pkpd trial`: a virtual trial from a file, its arms beside what was published."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pkpd.cli.shared import (
    add_json,
    add_seed,
    add_workers,
    is_folder,
    print_json,
    print_table,
    say,
    say_research_use,
    say_warning,
    text_table,
)
from pkpd.research_use import RESEARCH_USE
from pkpd.result_files import json_value

if TYPE_CHECKING:
    from pkpd.trial.trial import TrialResult

HELP = "run a virtual trial and compare its arms with what was published"
EXAMPLES = """examples:
  pkpd trial data/trials/esett.toml -o results/          arms, subjects, forest plot, page and manifest in a folder
  pkpd trial data/trials/phtse.toml                      the arms alone, as CSV on stdout
  pkpd trial data/trials/va.toml --posterior 24 -o va/   with the interval over joint draws of the parameters
  pkpd trial data/trials/rampart.toml --seed 2 --json

data/trials/README.md explains the format of the files."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `pkpd trial`."""
    parser.add_argument("file", metavar="FILE", help="trial file (TOML)")
    parser.add_argument("-o", "--output", metavar="PATH", help="folder (ending in '/') or file; stdout by default")
    parser.add_argument(
        "--posterior", type=int, metavar="K", help="run again with K joint draws of the parameters (at most 24)"
    )
    add_workers(parser)
    add_seed(parser, "seed in place of the file's")
    add_json(parser, "print arms, warnings and versions as JSON; with -o too")


def run(arguments: argparse.Namespace) -> int:
    """Run the trial and write the result."""
    from pkpd.result_files import check_file, prepare_folder, write_table
    from pkpd.trial.file import read_trial
    from pkpd.trial.trial import trial

    read_trial(arguments.file, arguments.seed)  # what is wrong with the file is said before a folder is made
    folder = is_folder(arguments.output)
    place = Path(arguments.output) if arguments.output else None
    if place is not None:
        place = prepare_folder(place) if folder else check_file(place)
    result = trial(
        arguments.file,
        posterior=arguments.posterior,
        seed=arguments.seed,
        workers=arguments.workers,
        cluster=arguments.cluster,
    )
    if place is not None and folder:
        _write_folder(place, result)
    elif place is not None:
        write_table(result.arms, place)
    if arguments.json:
        print_json(_everything(result))
    elif place is None:
        print_table(result.arms)
    _say_summary(result, arguments.output)
    return 0


def _write_folder(folder: Path, result: TrialResult) -> None:
    from pkpd.pictures.picture import svg_text
    from pkpd.pictures.trial import forest
    from pkpd.result_files import write_table, write_text

    write_table(result.arms, folder / "results.csv")
    write_table(result.subjects, folder / "subjects.csv")
    (folder / "posterior.csv").unlink(missing_ok=True)  # of an earlier run
    if result.posterior is not None:
        write_table(result.posterior, folder / "posterior.csv")
    (folder / "figures").mkdir(exist_ok=True)
    write_text(svg_text(forest(result)), folder / "figures" / "forest.svg")
    write_text(result.report(), folder / "report.html")
    record = {**json_value(dict(result.provenance)), "drawn": result.drawn, "warnings": list(result.warnings)}
    write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", folder / "manifest.json")


def _everything(result: TrialResult) -> dict[str, Any]:
    arms = result.arms.astype(object).where(result.arms.notna(), None)
    return {
        "use": RESEARCH_USE,
        "trial": result.design.name,
        "arms": arms.to_dict("records"),
        "drawn": result.drawn,
        "entered": result.entered,
        "reached": result.reached,
        "warnings": list(result.warnings),
        "provenance": dict(result.provenance),
    }


def _say_summary(result: TrialResult, output: str | None) -> None:
    from pkpd.report.trial import arm_rows

    header, rows = arm_rows(result)
    say(text_table(header, rows))
    for warning in result.warnings:
        say_warning(warning)
    where = f" Results: {output}" if output else ""
    say(f"pkpd: {result.drawn} onsets drawn, {result.reached} reached the start.{where}")
    say_research_use()
