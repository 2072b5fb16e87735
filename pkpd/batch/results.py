"""What becomes of the rows of one chunk: scenarios are solved, solutions reduced to one row of metrics each."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pkpd.batch.rows import RowReader, one_line
from pkpd.batch.table import TableRow
from pkpd.errors import PkpdError
from pkpd.scenario import Scenario
from pkpd.seizure.outcome import FLAGS
from pkpd.solve import solve_scenarios

if TYPE_CHECKING:
    import pandas as pd

    from pkpd.solution import Solution

__all__ = ["Chunk", "RowResult", "Shown", "metric_columns", "summarise", "work_chunk"]

_PERCENTILES = ("_p05", "_p50", "_p95")


@dataclass(frozen=True)
class Shown:
    """What a results folder keeps of a solution: plain tables and drawn pictures, which go between processes."""

    profile: pd.DataFrame
    assumptions: pd.DataFrame
    svgs: dict[str, str]
    library: dict[str, str]


class Chunk(NamedTuple):
    """Rows to work, and what is needed to read them.

    The first `shown` rows of the table keep what `keep` makes of their name and solution.
    """

    names: Sequence[str]
    rows: Sequence[TableRow]
    seed: int | None = None
    shown: int = 0
    keep: Callable[[str, Solution], Shown] | None = None


@dataclass(frozen=True)
class RowResult:
    """What became of one row; `values` holds the metrics by column name."""

    position: int
    reason: str = ""
    warnings: tuple[str, ...] = ()
    values: dict[str, float] = field(default_factory=dict)
    shown: Shown | None = None

    @property
    def status(self) -> str:
        """``"ok"`` or ``"error"``."""
        return "error" if self.reason else "ok"


def work_chunk(chunk: Chunk) -> list[RowResult]:
    """Run the rows of a chunk.

    Parameters
    ----------
    chunk : Chunk

    Returns
    -------
    list of RowResult
        One a row, in order. A row that cannot be run has a reason; it does not disturb the others.
    """
    collects = gc.isenabled()
    gc.disable()  # what a chunk makes lives as long as the chunk: looking for garbage in between costs a tenth
    try:
        return _work(chunk)
    finally:
        if collects:
            gc.enable()


def _work(chunk: Chunk) -> list[RowResult]:
    reader = RowReader(chunk.names, chunk.seed)
    results: dict[int, RowResult] = {}
    scenarios: dict[int, Scenario] = {}
    for row in chunk.rows:
        try:
            scenarios[row.position] = reader.scenario(row)
        except PkpdError as error:
            results[row.position] = RowResult(row.position, reason=one_line(str(error)))
    for profiles in (True, False):
        chosen = {
            position: scenario for position, scenario in scenarios.items() if (position < chunk.shown) == profiles
        }
        answers = solve_scenarios(list(chosen.values()), profiles=profiles) if chosen else []
        for position, answer in zip(chosen, answers):
            keep = chunk.keep if profiles else None
            results[position] = _row_result(position, scenarios[position].name, answer, keep)
    return [results[row.position] for row in chunk.rows]


def _row_result(
    position: int, name: str, answer: Solution | PkpdError, keep: Callable[[str, Solution], Shown] | None
) -> RowResult:
    if isinstance(answer, PkpdError):
        return RowResult(position, reason=one_line(str(answer)))
    shown = keep(name, answer) if keep is not None else None
    return RowResult(position, warnings=answer.warnings, values=summarise(answer), shown=shown)


def summarise(solution: Solution) -> dict[str, float]:
    """Metrics of one subject as they are, of several as percentiles over the subjects that have a value."""
    values: dict[str, float] = {}
    for name, column in solution.metric_values.items():
        if len(column) == 1:
            values[name] = float(column[0])
            continue
        known = column[np.isfinite(column)]
        if name in FLAGS:
            values[name] = float(known.mean()) if len(known) else np.nan
            continue
        percentiles = np.percentile(known, [5, 50, 95]) if len(known) else np.full(3, np.nan)
        values.update(zip((name + suffix for suffix in _PERCENTILES), percentiles.tolist()))
    return values


def metric_columns(rows: Iterable[Iterable[str]]) -> list[str]:
    """Names of the metric columns of a table: drug by drug, in the order in which they first appear.

    A drug's metrics stay together, its percentiles after or before its plain metrics, and each name after its
    neighbour in the rows that have it. So the columns do not depend on how the rows were dealt out.

    Parameters
    ----------
    rows : iterable
        The names that each row, or each run of rows, has, in order.
    """
    groups: dict[tuple[str, bool], list[str]] = {}
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        names = tuple(row)
        if names in seen:
            continue
        seen.add(names)
        before: dict[tuple[str, bool], str] = {}
        for name in names:
            key = name.partition("_")[0], name.endswith(_PERCENTILES)
            group = groups.setdefault(key, [])
            if name not in group:
                group.insert(group.index(before[key]) + 1 if key in before else len(group), name)
            before[key] = name
    return [name for group in groups.values() for name in group]
