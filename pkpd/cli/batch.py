"""`pkpd batch`: a table of scenarios in, a table of results out, with profiles, pictures and a page in a folder."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NamedTuple

from pkpd.cli.shared import add_json, add_seed, add_workers, is_folder, print_json, print_table, say, say_error
from pkpd.errors import ParameterError

if TYPE_CHECKING:
    from pkpd.batch.table import ScenarioTable

HELP = "run a table of scenarios: one row in, one row out"
EXAMPLES = """examples:
  pkpd batch scenarios.csv -o results/            table, profiles, pictures, page and manifest in a folder
  pkpd batch scenarios.csv -o results.csv         the table alone; also .parquet and .json
  pkpd batch scenarios.csv --workers 2 > results.csv
  pkpd batch scenarios.csv -o results/ --profiles all

required columns: scenario, regimen, until (times with a unit). Optional: n seed every evidence models seizure
seizure_onset condition, patient columns (age_y weight_kg ...), gene columns (CYP3A4 ...), comedication.
Rows that cannot be run get status "error" and a reason, and the exit code is 1."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `pkpd batch`."""
    parser.add_argument("file", metavar="FILE", help="CSV file of scenarios, in UTF-8")
    parser.add_argument("-o", "--output", metavar="PATH", help="folder (ending in '/') or file; stdout by default")
    add_workers(parser)
    add_seed(parser, "seed for rows that state none (default 0)")
    parser.add_argument(
        "--profiles", metavar="all|none|N", help="scenarios with profiles, picture and page entry (default: first 200)"
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with a run into the folder that was ended before its end"
    )
    add_json(parser, "print the results as JSON; with -o a summary")


class Outcome(NamedTuple):
    """How a run went: rows run and with status error, the first failures (name, place, reason), whether it ended."""

    run: int
    errors: int
    failures: list[tuple[str, str, str]]
    interrupted: bool
    parts: bool = False


def run(arguments: argparse.Namespace) -> int:
    """Run the table and write the results."""
    from pkpd.batch.table import read_scenarios

    folder = is_folder(arguments.output)
    _refuse_without_folder(arguments, folder)
    if arguments.seed is not None and arguments.seed < 0:
        raise ParameterError(f"--seed: '{arguments.seed}' is not possible; expected a whole number from 0. Correct it.")
    table = read_scenarios(arguments.file)
    outcome = _into_folder(arguments, table) if folder else _into_file(arguments, table)
    if arguments.output and arguments.json:
        print_json(_summary(outcome, table, arguments.output))
    return _say_how_it_went(outcome, table, arguments.output)


def _refuse_without_folder(arguments: argparse.Namespace, folder: bool) -> None:
    for name, value in (("profiles", arguments.profiles), ("resume", arguments.resume or None)):
        if value is not None and not folder:
            shown = f"'{value}' " if name == "profiles" else ""
            raise ParameterError(
                f"--{name}: {shown}needs a folder to write to; expected -o with a folder, such as -o results/. Add it, "
                f"or leave --{name} out."
            )


def _into_folder(arguments: argparse.Namespace, table: ScenarioTable) -> Outcome:
    from pkpd.batch.folder_run import run_into_folder

    done = run_into_folder(
        table,
        arguments.output,
        profiles=arguments.profiles,
        seed=arguments.seed,
        resume=arguments.resume,
        workers=arguments.workers,
        cluster=arguments.cluster,
    )
    rows = done.record["rows"]
    return Outcome(rows["run"], rows["error"], done.failures, done.interrupted, parts="format" in done.record)


def _into_file(arguments: argparse.Namespace, table: ScenarioTable) -> Outcome:
    from pkpd.batch.parts_run import run_to_file
    from pkpd.batch.run import run_table
    from pkpd.result_files import check_file, undisturbed, write_table

    place = check_file(arguments.output) if arguments.output else None
    how = {"seed": arguments.seed, "workers": arguments.workers, "cluster": arguments.cluster}
    as_rows = arguments.json if place is None else place.suffix.lower() == ".json"
    if len(table.spans) > 1 and not as_rows:
        done = run_to_file(table, place, **how)
        return Outcome(done.rows, done.errors, done.failures, done.interrupted)
    batch = run_table(table, **how)
    with undisturbed():
        if place is not None:
            write_table(batch.to_frame(), place)
        elif arguments.json:
            print_json(batch.to_frame().to_dict("records"))
        else:
            print_table(batch.to_frame())
    return Outcome(len(batch.results), batch.errors, batch.failures(), batch.interrupted)


def _summary(outcome: Outcome, table: ScenarioTable, output: str) -> dict[str, object]:
    return {
        "output": output,
        "rows": table.count,
        "run": outcome.run,
        "ok": outcome.run - outcome.errors,
        "error": outcome.errors,
        "complete": not outcome.interrupted,
        "reasons": {name: reason for name, _, reason in outcome.failures},
    }


def _say_how_it_went(outcome: Outcome, table: ScenarioTable, output: str | None) -> int:
    for _, place, reason in outcome.failures[:5]:
        say_error("pkpd", f"{place}: {reason}")
    if outcome.errors > 5:
        say(f"pkpd: ... and {outcome.errors - 5} more rows with status error; the column 'reason' says why.")
    if outcome.interrupted:
        more = " Go on with --resume." if outcome.parts else ""
        say(f"pkpd: interrupted; the {outcome.run} of {table.count} rows that were done are in the results.{more}")
    where = f" Results: {output}" if output else ""
    say(f"pkpd: {outcome.run} scenarios, {outcome.run - outcome.errors} ok, {outcome.errors} error.{where}")
    return 1 if outcome.errors or outcome.interrupted else 0
