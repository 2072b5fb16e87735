"""The rows of a table run in memory: one row in, one row out, in order, whatever the workers or the chunks.

Rows are worked in chunks, in this process or in several; a row that cannot be run becomes an error row with a reason
that names the column and the value, and the others go on. Numbers do not depend on how the rows were dealt out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pkpd.batch.part_files import piece_frame
from pkpd.batch.parts_run import chunk_size
from pkpd.batch.pieces import piece_of
from pkpd.batch.results import Chunk, RowResult, Shown, work_chunk
from pkpd.batch.table import ScenarioTable
from pkpd.distribute import Distribute, distributed
from pkpd.options import check_workers
from pkpd.progress import progress_bar

if TYPE_CHECKING:
    import pandas as pd

    from pkpd.solution import Solution

__all__ = ["Batch", "run_table"]


@dataclass(frozen=True)
class Batch:
    """The rows that were run, in input order; fewer than the table has when the run was interrupted."""

    table: ScenarioTable
    results: list[RowResult]
    interrupted: bool = False

    @property
    def errors(self) -> int:
        """Number of rows with status error."""
        return sum(1 for result in self.results if result.reason)

    def to_frame(self) -> pd.DataFrame:
        """Input columns, then status, reason, warnings, then the metrics.

        Returns
        -------
        DataFrame
            One row for each row that was run.
        """
        return piece_frame(
            self.table, [self.table.rows[result.position] for result in self.results], piece_of(self.results)
        )

    def failures(self) -> list[tuple[str, str, str]]:
        """Name, place and reason of each row with status error."""
        names = self.table.column("scenario")
        bad = [(self.table.rows[result.position], result.reason) for result in self.results if result.reason]
        return [(names[row.position].strip(), self.table.place(row), reason) for row, reason in bad]


def run_table(
    table: ScenarioTable,
    *,
    spread: Distribute | None = None,
    shown: int = 0,
    keep: Callable[[str, Solution], Shown] | None = None,
    seed: int | None = None,
    progress: bool | None = None,
    workers: int | None = None,
    cluster: str | None = None,
    chunk_rows: int | None = None,
) -> Batch:
    """Run the rows of a table; Ctrl-C ends the run and keeps the rows that are done.

    Parameters
    ----------
    table : ScenarioTable
    spread : Distribute, optional
        What does the work, in place of `workers` and `cluster`.
    shown : int
        Of the first so many rows the result holds what `keep` makes of name and solution.
    keep : function, optional
        At the top of a module, so that it can be called in another process.
    seed : int, optional
        For rows that state none; 0 by default.
    progress, workers, cluster
        As in `evaluate`.
    chunk_rows : int
        Rows worked at a time, at most 500 by default; the numbers do not depend on it.

    Returns
    -------
    Batch
    """
    if spread is None:
        size = chunk_rows or chunk_size(table.count, check_workers(workers))
        with distributed(workers=workers, cluster=cluster) as opened:
            return run_table(
                table, spread=opened, shown=shown, keep=keep, seed=seed, progress=progress, chunk_rows=size
            )
    size = chunk_rows or chunk_size(table.count, None)
    chunks = (
        Chunk(table.names, table.rows[start : start + size], seed, shown, keep) for start in range(0, table.count, size)
    )
    results: list[RowResult] = []
    interrupted = False
    with progress_bar(table.count, "scenarios", progress) as advance:
        try:
            for done in spread(work_chunk, chunks):
                results.extend(done)
                advance(len(done))
        except KeyboardInterrupt:
            interrupted = True
    return Batch(table, results, interrupted)
