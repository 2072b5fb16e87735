"""Rules of a data set, each a finding with its line, its sentence and its remedy.

Every rule is one mask over the records, so that a clean data set of millions of rows costs little. What is an error
here is refused by everything that reads the data, in the same words. No rule changes a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd.dataset.records import RULES, Records, compartment_rule, number
from pkpd.errors import DataError

__all__ = ["MOST_PER_RULE", "Finding", "Reporter", "Rows", "raise_errors", "record_findings", "row_findings"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: The first so many findings of a rule are listed one by one.
MOST_PER_RULE = 100


@dataclass(frozen=True)
class Finding:
    """One thing found in a data set.

    `line` is the line of the file, the header being line 1; 0 where the finding concerns the whole file. `message`
    says what is wrong and what was expected, `fix` what to do.
    """

    severity: str  # error | warning | info
    rule: str
    line: int
    id: object
    column: str
    message: str
    fix: str

    @property
    def sentence(self) -> str:
        """Message and remedy."""
        return f"{self.message} {self.fix}"


def raise_errors(findings: Iterable[Finding], source: str) -> None:
    """Raise the first finding of severity error, by line, as a DataError.

    Raises
    ------
    DataError
        "source line n: what is wrong; what was expected. What to do."
    """
    errors = sorted((f for f in findings if f.severity == "error"), key=lambda f: f.line)
    if not errors:
        return
    first, others = errors[0], len(errors) - 1
    where = f"{source} line {first.line}" if first.line else source
    listed = f"at least {others}" if others >= MOST_PER_RULE else f"{others}"
    more = f" ({listed} more error{'s' if others > 1 else ''} found.)" if others else ""
    raise DataError(f"{where}: {first.sentence}{more}")


class Reporter:
    """Makes findings from masks; knows the lines and the IDs of the rows."""

    def __init__(self, lines: Callable[[int], int], ids: Callable[[int], object]) -> None:
        self._lines, self.id_of = lines, ids
        self.findings: list[Finding] = []

    def report(
        self,
        rule: str,
        column: str,
        rows: Sequence[int] | IntArray,
        message: Callable[[int], str],
        fix: str | Callable[[int], str],
        severity: str = "error",
    ) -> None:
        """Add a finding for each of `rows` (positions in the data); `message` and `fix` get the index into `rows`.

        Only the first `MOST_PER_RULE` are listed; the last of them says how many more there are.
        """
        for i in range(min(len(rows), MOST_PER_RULE)):
            row, text, more = int(rows[i]), message(i), len(rows) - MOST_PER_RULE
            if i == MOST_PER_RULE - 1 and more > 0:
                text = f"{text.removesuffix('.')} (and {more} more row{'s' if more > 1 else ''} like it)."
            todo = fix if isinstance(fix, str) else fix(i)
            self.findings.append(Finding(severity, rule, self._lines(row), self.id_of(row), column, text, todo))


class Rows(NamedTuple):
    """What one pass over the rows has found.

    `starts` are the first rows of the runs of one ID and `ids` their IDs; `nameless` rows have no ID; the time of `odd`
    rows is not 0 or later, that of `earlier` rows is before the row above; at `resets` (EVID 3 and 4) it may be.
    """

    time: FloatArray
    starts: IntArray
    ids: Sequence[object]
    nameless: IntArray
    odd: IntArray
    earlier: IntArray
    resets: IntArray


def row_findings(report: Reporter, rows: Rows) -> None:
    """Check the ID and the time of all rows.

    Parameters
    ----------
    report : Reporter
        Receives the findings.
    rows : Rows
    """
    report.report(
        "id-missing",
        "ID",
        rows.nameless,
        lambda i: "ID is empty; expected the subject on every row.",
        "Fill in the ID, or delete the row.",
    )
    if len(set(rows.ids)) < len(rows.ids):
        _report_split_ids(report, rows)
    if len(rows.odd) or len(rows.earlier):
        _report_times(report, rows)


def _report_split_ids(report: Reporter, rows: Rows) -> None:
    seen: set[object] = set()
    again = []
    for i, name in enumerate(rows.ids):
        if name in seen:
            again.append(i)
        seen.add(name)
    report.report(
        "id-not-contiguous",
        "ID",
        rows.starts[again],
        lambda i: (
            f"ID {rows.ids[again[i]]} begins again after ID {rows.ids[again[i] - 1]}; "
            "rows of one ID must stand together."
        ),
        "Sort the file by ID and TIME, or give the second block an ID of its own.",
    )


def _report_times(report: Reporter, rows: Rows) -> None:
    time = rows.time
    negative = rows.odd[np.isfinite(time[rows.odd])]
    later = np.setdiff1d(rows.earlier, rows.resets)
    report.report(
        "time-missing",
        "TIME",
        np.setdiff1d(rows.odd, negative),
        lambda i: "TIME is missing or not finite; expected a number on every row.",
        "Fill in the time, or delete the row.",
    )
    report.report(
        "time-negative",
        "TIME",
        negative,
        lambda i: f"TIME {number(time[negative[i]])} is negative; expected 0 or later.",
        "Count the time from the first record of the ID on.",
    )
    report.report(
        "time-decreasing",
        "TIME",
        later,
        lambda i: (
            f"TIME {number(time[later[i]])} comes after {number(time[later[i] - 1])} "
            f"for ID {report.id_of(int(later[i]))}; rows of one ID must be in time order."
        ),
        "Sort the file by ID and TIME, or begin a new occasion with EVID 3 or 4.",
    )


def record_findings(report: Reporter, records: Records, compartments: int | None) -> None:
    """Check the dosing items of each record.

    Parameters
    ----------
    report : Reporter
        Receives the findings.
    records : Records
        All rows where an item is not 0.
    compartments : int or None
        Number of compartments of the model, depot included; None leaves CMT unchecked.
    """
    more = () if compartments is None else (compartment_rule(compartments),)
    for rule in (*RULES, *more):
        at = np.flatnonzero(rule.broken(records))
        if len(at) == 0:
            continue

        def sentence(i: int, at: IntArray = at, text: str = rule.message) -> str:
            values = {name: number(getattr(records, name)[at[i]]) for name in records._fields[1:]}
            return text.format(**values)

        report.report(rule.name, rule.column, records.row[at], sentence, rule.fix)
