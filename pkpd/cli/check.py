"""`pkpd check`: what is wrong or odd in a data set, line by line, with the remedy."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from pkpd.cli.shared import add_data_options, add_json, is_folder, names_of, pairs, print_json, say, worded
from pkpd.errors import ParameterError

if TYPE_CHECKING:
    import pandas as pd

HELP = "check a data set with NONMEM columns before it is used"
EXAMPLES = """examples:
  pkpd check data.csv
  pkpd check data.csv --units TIME=min,AMT=mg,DV=ng/mL --columns BW=weight_kg
  pkpd check data.csv --by OCC                      each occasion is checked as an ID of its own
  pkpd check data.csv -o findings.csv               also .json and .parquet; --json prints on stdout

severities: error (predict and fit refuse the data), warning (likely a mistake), info (worth knowing).
exit codes: 0 no error and no warning; 1 errors or warnings; 2 wrong usage or unreadable file"""

#: Of one rule the text shows so many; -o and --json give all that are listed.
SHOWN = 5
NAMES = {"error": "ERROR", "warning": "WARNING", "info": "info"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `pkpd check`."""
    parser.add_argument("file", metavar="FILE", help="data set: CSV, tab or blanks, in UTF-8")
    add_data_options(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="write the findings as .csv, .json or .parquet")
    add_json(parser, "print the findings as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Check the file and print the findings."""
    from pkpd.check.run import check
    from pkpd.result_files import check_file, write_table

    if is_folder(arguments.output):
        raise ParameterError(
            f"-o: '{arguments.output}' is a folder; expected a file for the findings. Write '-o findings.csv'."
        )
    place = check_file(arguments.output) if arguments.output else None
    units, columns = pairs(arguments.units, "--units"), pairs(arguments.columns, "--columns")
    found = check(arguments.file, units=units or None, columns=columns or None, by=names_of(arguments.by))
    found["fix"] = found["fix"].map(worded)
    if place is not None:
        write_table(found.assign(id=found["id"].astype(str)), place)
    if arguments.json:
        print_json(found.to_dict("records"))
    elif place is None and len(found):
        print(_text(found))
    say(f"pkpd: {Path(arguments.file).name}: {_counts(found)}.")
    return 1 if found["severity"].isin(["error", "warning"]).any() else 0


def _counts(found: pd.DataFrame) -> str:
    from pkpd.dataset.rules import MOST_PER_RULE

    counts = {severity: int((found["severity"] == severity).sum()) for severity in NAMES}
    if not len(found):
        return "nothing found"
    most = found.groupby(["severity", "rule"]).size().max() >= MOST_PER_RULE
    words = {"error": "error", "warning": "warning", "info": "remark"}
    return ("at least " if most else "") + ", ".join(
        f"{counts[s]} {words[s]}{'' if counts[s] == 1 else 's'}" for s in NAMES if counts[s]
    )


def _text(found: pd.DataFrame) -> str:
    """The findings for reading: one paragraph each, and of one rule the first few."""
    parts = []
    # Severity and rule in the order in which they first stand in the table, which is that of their gravity.
    for (severity, rule), rows in found.groupby(["severity", "rule"], sort=False):
        parts += [_paragraph(row) for row in rows.head(SHOWN).itertuples(index=False)]
        if len(rows) > SHOWN:
            parts.append(f"{NAMES[str(severity)]}  {rule}: {len(rows) - SHOWN} more; -o or --json lists them")
    return "\n".join(parts)


def _paragraph(row: object) -> str:
    line, who, column = row.line, row.id, row.column  # type: ignore[attr-defined]
    where = [f"line {line}" if line else "file", str(column), f"ID {who}" if who != "" else ""]
    head = f"{NAMES[row.severity]}  {', '.join(part for part in where if part)}  [{row.rule}]"  # type: ignore[attr-defined]
    body = f"{row.message} {row.fix}"  # type: ignore[attr-defined]
    return f"{head}\n{textwrap.fill(body, 100, initial_indent='    ', subsequent_indent='    ')}"
