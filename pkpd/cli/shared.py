"""What several verbs share: output places, JSON, and lists such as ``age_y=30,weight_kg=80``."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pkpd.cli.speech import say, say_error, say_warning, worded
from pkpd.errors import ParameterError
from pkpd.research_use import RESEARCH_USE
from pkpd.result_files import json_value

if TYPE_CHECKING:
    import pandas as pd

    from pkpd.library.effect import Effect

__all__ = [
    "add_data_options",
    "add_json",
    "add_seed",
    "add_workers",
    "is_folder",
    "names_of",
    "pairs",
    "print_json",
    "print_table",
    "say",
    "say_error",
    "say_research_use",
    "say_warning",
    "subject_of",
    "text_table",
    "worded",
]


def say_research_use() -> None:
    """What every result is for, as the last line."""
    say(f"pkpd: {RESEARCH_USE[:1].lower()}{RESEARCH_USE[1:]}")


def add_json(parser: argparse.ArgumentParser, what: str = "print JSON on stdout") -> None:
    """The option `--json`."""
    parser.add_argument("--json", action="store_true", help=what)


def add_seed(parser: argparse._ActionsContainer, what: str) -> None:
    """The option `--seed`."""
    parser.add_argument("--seed", type=int, metavar="N", help=what)


def add_workers(parser: argparse.ArgumentParser) -> None:
    """The options `--workers` and `--cluster`."""
    parser.add_argument("--workers", type=int, metavar="N", help="number of processes (default 1)")
    parser.add_argument(
        "--cluster", metavar="ADDRESS", help="work on the Dask cluster whose scheduler is there (tcp://host:8786)"
    )


def add_data_options(parser: argparse._ActionsContainer) -> None:
    """The options that say what the columns of a data set mean."""
    parser.add_argument("--units", metavar="LIST", help="units of columns, such as TIME=min,AMT=mg,DV=ng/mL")
    parser.add_argument("--columns", metavar="LIST", help="what columns mean, such as BW=weight_kg,HOURS=TIME")
    parser.add_argument("--by", metavar="COLUMN", help="column(s) that tell occasions apart, with commas between")


def names_of(given: str | None) -> list[str] | None:
    """The columns of `--by`; None where there is none."""
    return [name.strip() for name in given.split(",") if name.strip()] if given else None


def is_folder(path: str | None) -> bool:
    """Whether `-o` names a folder: it ends in a slash, or is one."""
    return path is not None and (path.endswith(("/", os.sep)) or Path(path).is_dir())


def pairs(given: str | None, option: str) -> dict[str, str]:
    """Read ``"CYP3A4=*1/*22,ABCB1=CC"``; a part without ``=`` continues the one before.

    Raises
    ------
    ParameterError
        If the first part has no ``=``, or a name is missing or stands twice.
    """
    found: dict[str, str] = {}
    last = ""
    for part in (given or "").split(","):
        if not part.strip():
            continue
        name, sign, value = (piece.strip() for piece in part.partition("="))
        if not sign and last:
            found[last] += f",{part}"
            continue
        if surplus := re.search(r"[;\s]\s*(\w+)=", value):
            raise ParameterError(
                f"{option}: '{part.strip()}' holds two pairs; expected commas between them. Write a comma before "
                f"'{surplus[1]}='."
            )
        if not sign or not name or name in found:
            why = "stands twice" if name in found and sign else "is not name=value"
            raise ParameterError(
                f"{option}: '{part.strip()}' {why}; expected pairs such as {option} name=value,name=value. Correct it."
            )
        found[name], last = value, name
    return found


def print_json(value: Any) -> None:
    """The value as JSON on stdout; NaN is null."""
    sys.stdout.write(json.dumps(json_value(value), indent=1, ensure_ascii=False) + "\n")


def subject_of(effect: Effect) -> str:
    """For which genotype an effect is, in words."""
    if effect.no_function_alleles is None:
        return effect.subject
    return f"{effect.subject}, no-function alleles: {effect.no_function_alleles}"


def print_table(frame: pd.DataFrame) -> None:
    """A table as CSV on stdout."""
    frame.to_csv(sys.stdout, index=False, lineterminator="\n")


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]], indent: str = "") -> str:
    """Columns set with blanks, for reading on a terminal."""
    widths = [max(len(row[place]) for row in (header, *rows)) for place in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in (header, *rows)]
    return "\n".join(indent + line for line in lines)
