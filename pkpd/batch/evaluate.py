"""Many scenarios from a table: one row in, one row out, in order, whatever the workers or the chunks.

Rows are worked in chunks, in this process or in several; a row that cannot be run becomes an error row with a reason
that names the column and the value, and the others go on. Numbers do not depend on how the rows were dealt out.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pkpd.batch.part_files import piece_frame
from pkpd.batch.parts_run import PartsRun, chunk_size
from pkpd.batch.pieces import Piece, piece_of
from pkpd.batch.results import Chunk, RowResult, Shown, metric_columns, work_chunk
from pkpd.batch.table import WRITTEN, ScenarioTable, TableRow, read_scenarios
from pkpd.distribute import Distribute, distributed, progress_bar
from pkpd.errors import ParameterError
from pkpd.options import as_path, check_workers, keywords_explained

if TYPE_CHECKING:
    import pandas as pd

    from pkpd.solution import Solution

__all__ = ["Batch", "evaluate", "how_many_shown", "run_table"]

SHOWN_BY_DEFAULT = 200


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


@keywords_explained
def evaluate(
    scenarios: str | os.PathLike[str] | pd.DataFrame,
    *,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    profiles: int | str | None = None,
    progress: bool | None = None,
    workers: int | None = None,
    cluster: str | None = None,
) -> pd.DataFrame:
    """Run a table of scenarios.

    Parameters
    ----------
    scenarios : path or DataFrame
        One scenario a row; columns as in the scenario CSV.
    out : path, optional
        Folder for results, profiles, pictures, page and manifest.
    resume : bool
        Go on with a run into `out` that was ended before its end, whatever ended it: parts that are whole stay, the
        others are worked. Where there is nothing to go on with, the run begins. With `out`.
    profiles : int, "all" or "none", optional
        How many of the first scenarios get profiles, pictures and an entry on the page; 200 by default. With `out`.
    progress : bool, optional
        Progress bar on stderr; by default only on a terminal.
    workers : int, optional
        Number of processes; 1 by default. A program that asks for more protects its start with
        ``if __name__ == "__main__":``, as each process loads the program anew.
    cluster : str, optional
        Address of a Dask scheduler, such as ``"tcp://192.168.1.10:8786"``, whose workers do the work; in place of
        `workers`. Needs ``pkpd[cluster]`` here and the same pkpd on each worker.

    Returns
    -------
    DataFrame
        Without `out` one row a scenario in input order: the input columns unchanged, then ``status`` (ok or error),
        ``reason``, ``warnings`` and the metrics; for n > 1 each metric as ``_p05 _p50 _p95`` over the subjects that
        have it. With `out` the manifest, one row a part: ``part rows ok error first last sha256``.

    Raises
    ------
    DataError
        If the table as a whole cannot be meant. A bad row is no error: it has status ``error`` and a reason.
    ParameterError
        If an option is not possible, or the folder cannot be written.
    """
    table = read_scenarios(scenarios)
    if out is None:
        _refuse_without_folder(resume=resume, profiles=profiles)
        return _in_memory(table, progress, workers, cluster)
    from pkpd.report.folder_run import run_into_folder

    run = run_into_folder(
        table,
        as_path(out, "out"),
        profiles=profiles,
        resume=resume,
        progress=progress,
        workers=workers,
        cluster=cluster,
    )
    if run.interrupted:
        raise KeyboardInterrupt
    return run.parts()


def _in_memory(table: ScenarioTable, progress: bool | None, workers: int | None, cluster: str | None) -> pd.DataFrame:
    """The whole table; span by span, as a row costs less in a table than on its own."""
    import pandas as pd

    frames: list[pd.DataFrame] = []

    def keep(number: int, rows: Sequence[TableRow], piece: Piece) -> None:
        frames.append(piece_frame(table, rows, piece))

    run = PartsRun(table, set(range(len(table.spans))), keep, chunk_size(table.count, check_workers(workers)))
    with distributed(workers=workers, cluster=cluster) as spread:
        run.run(spread, progress=progress)
    if run.interrupted:
        raise KeyboardInterrupt
    first = len(table.columns) + len(WRITTEN)
    metrics = metric_columns(frame.columns[first:] for frame in frames)
    return pd.concat(frames, ignore_index=True)[[*frames[0].columns[:first], *metrics]]


def _refuse_without_folder(*, resume: bool, profiles: int | str | None) -> None:
    unused = {"resume": resume or None, "profiles": None if profiles in (None, "none", 0) else profiles}
    for name, value in unused.items():
        if value is not None:
            raise ParameterError(
                f"evaluate, {name}: '{value}' needs a folder to write to; expected out='results/' beside it. "
                f"Give out, or leave {name} out."
            )


def how_many_shown(profiles: int | str | None, rows: int) -> int:
    """Number of scenarios with profiles, pictures and an entry on the page.

    Raises
    ------
    ParameterError
        If `profiles` is neither None, ``"all"``, ``"none"`` nor a whole number from 0.
    """
    if profiles is None:
        return min(rows, SHOWN_BY_DEFAULT)
    if profiles in ("all", "none"):
        return rows if profiles == "all" else 0
    text = str(profiles).strip()
    if not text.isdecimal():
        raise ParameterError(f"profiles: '{profiles}' is not possible; expected all, none or a number. Correct it.")
    return min(rows, int(text))


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
