"""`pkpd batch`: a table of scenarios in, a table of results out, with profiles, pictures and a page in a folder."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pkpd.cli.shared import add_json, add_seed, is_folder, print_json, print_table, say
from pkpd.errors import ParameterError

if TYPE_CHECKING:
    from pkpd.evaluate import Batch

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
    parser.add_argument("--workers", type=int, metavar="N", help="number of processes (default 1)")
    add_seed(parser, "seed for rows that state none (default 0)")
    parser.add_argument(
        "--profiles", metavar="all|none|N", help="scenarios with profiles, picture and page entry (default: first 200)"
    )
    add_json(parser, "print the results as JSON; with -o a summary")


def run(arguments: argparse.Namespace) -> int:
    """Run the table and write the results."""
    from pkpd.evaluate import how_many_shown, run_table
    from pkpd.result_files import check_file, prepare_folder, write_table
    from pkpd.scenario_table import read_scenarios

    folder = is_folder(arguments.output)
    if arguments.profiles is not None and not folder:
        raise ParameterError(
            f"--profiles: '{arguments.profiles}' needs a folder to write to; expected -o with a folder, such as "
            "-o results/. Add it, or leave --profiles out."
        )
    if arguments.seed is not None and arguments.seed < 0:
        raise ParameterError(f"--seed: '{arguments.seed}' is not possible; expected a whole number from 0. Correct it.")
    if folder:
        from pkpd.results_folder import keep_for_folder, write_folder  # loads what draws pictures
    table = read_scenarios(arguments.file)
    shown = how_many_shown(arguments.profiles, table.count) if folder else 0
    place = Path(arguments.output) if arguments.output else None
    if place is not None:
        place = prepare_folder(place) if folder else check_file(place)
    batch = run_table(
        table, shown=shown, keep=keep_for_folder if folder else None, seed=arguments.seed, workers=arguments.workers
    )
    with _undisturbed():
        if place is None:
            _to_stdout(batch, arguments.json)
        elif folder:
            # The number of workers changes no result, hence it is no part of the manifest.
            write_folder(place, batch, options={"profiles": shown, "seed": arguments.seed or 0})
        else:
            write_table(batch.to_frame(), place)
        if place is not None and arguments.json:
            print_json(_summary(batch, arguments.output))
    return _say_how_it_went(batch, arguments.output)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C waits while results are written: what is done shall not be lost by impatience."""
    try:
        earlier = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not in the main thread: nobody can interrupt there
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, earlier)


def _to_stdout(batch: Batch, as_json: bool) -> None:
    frame = batch.to_frame()
    if as_json:
        print_json(frame.to_dict("records"))
    else:
        print_table(frame)


def _summary(batch: Batch, output: str) -> dict[str, object]:
    failed = {batch.table.column("scenario")[r.position]: r.reason for r in batch.results if r.reason}
    return {
        "output": output,
        "rows": batch.table.count,
        "run": len(batch.results),
        "ok": len(batch.results) - batch.errors,
        "error": batch.errors,
        "complete": not batch.interrupted,
        "reasons": failed,
    }


def _say_how_it_went(batch: Batch, output: str | None) -> int:
    for result in [result for result in batch.results if result.reason][:5]:
        row = batch.table.rows[result.position]
        say(f"pkpd: {batch.table.place(row)}: {result.reason}")
    if batch.errors > 5:
        say(f"pkpd: ... and {batch.errors - 5} more rows with status error; the column 'reason' says why.")
    if batch.interrupted:
        done, total = len(batch.results), batch.table.count
        say(f"pkpd: interrupted; the {done} of {total} rows that were done are in the results.")
    where = f" Results: {output}" if output else ""
    say(f"pkpd: {len(batch.results)} scenarios, {len(batch.results) - batch.errors} ok, {batch.errors} error.{where}")
    return 1 if batch.errors or batch.interrupted else 0
