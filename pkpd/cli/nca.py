"""`pkpd nca`: non-compartmental analysis of a data set, one row a profile."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from pkpd.cli.shared import add_data_options, add_json, names_of, pairs, print_json, print_table, say, text_table

if TYPE_CHECKING:
    import pandas as pd

HELP = "non-compartmental analysis: exposure, half-life, clearance and volume of each profile"
EXAMPLES = """examples:
  pkpd nca data.csv                                        a table on the terminal; CSV when piped or redirected
  pkpd nca data.csv -o nca.csv
  pkpd nca data.csv --units TIME=min,AMT=mg,DV=ng/mL       what the numbers are; otherwise h, mg and mg/L
  pkpd nca data.csv --by OCC --intervals '0-12 h,12-24 h'  one profile an occasion, with partial areas
  pkpd nca data.csv --columns SUBJ=ID,HOURS=TIME --method linear --json

Each ID is one profile: its first dose and the samples up to the next, or all doses where 3 samples follow each; EVID 3
and 4 and SS 1 begin another. ROUTE, RATE and CMT say how a dose enters; SS and II on it mean a steady state.
The exit code is 1 where a quantity is missing."""

#: As many IDs are named of those that share a reason.
MOST = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `pkpd nca`."""
    parser.add_argument("file", metavar="FILE", help="data set with the columns ID, TIME, DV and AMT (CSV)")
    parser.add_argument("-o", "--output", metavar="PATH", help="file (.csv, .parquet or .json); stdout by default")
    parser.add_argument(
        "--method", default="lin-up-log-down", metavar="NAME", help="lin-up-log-down (the default) or linear"
    )
    parser.add_argument("--intervals", metavar="LIST", help="partial areas since the dose, such as '0-12 h,12-24 h'")
    add_data_options(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Analyse the file and write the table."""
    from pkpd.nca.nca import nca
    from pkpd.result_files import check_file, write_table

    place = check_file(arguments.output) if arguments.output else None
    result = nca(
        arguments.file,
        method=arguments.method,
        intervals=arguments.intervals,
        units=pairs(arguments.units, "--units"),
        columns=pairs(arguments.columns, "--columns"),
        by=names_of(arguments.by),
    )
    if place is not None:
        write_table(result, place)
    if arguments.json:
        print_json(result.to_dict("records"))
    elif place is None and sys.stdout.isatty():
        print(_text(result))
    elif place is None:
        print_table(result)
    quantities = result.drop(columns=["id", "reason", "tau_h", "auc_tau_mg_h_L"], errors="ignore")
    complete = int(quantities.notna().all(axis=1).sum())
    _say_summary(result, complete, arguments.output)
    return 0 if complete == len(result) else 1


def _text(result: pd.DataFrame) -> str:
    """The table for reading: four digits, and the reasons elsewhere."""
    shown = result.drop(columns="reason")
    rows = [["" if cell != cell else f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row]
            for row in shown.itertuples(index=False)]  # fmt: skip
    return text_table([str(name) for name in shown.columns], rows)


def _say_summary(result: pd.DataFrame, complete: int, output: str | None) -> None:
    """Why quantities are missing, and what was left out; IDs with the same reason together."""
    for reason, rows in result[result["reason"] != ""].groupby("reason", sort=False):
        ids = [str(name) for name in rows["id"]]
        more = f" and {len(ids) - MOST} more" if len(ids) > MOST else ""
        say(f"pkpd: ID {', '.join(ids[:MOST])}{more}: {reason}.")
    where = f" Results: {output}" if output else ""
    say(f"pkpd: {len(result)} profiles, {complete} of them complete.{where}")
