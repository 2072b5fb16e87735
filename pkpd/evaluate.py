"""Many scenarios from a table: one row in, one row out, in order, whatever the workers or the chunks.

Rows are worked in chunks, in this process or in several; a row that cannot be run becomes an error row with a reason
that names the column and the value, and the others go on. Numbers do not depend on how the rows were dealt out.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.errors import ParameterError, SolverError
from pkpd.scenario_results import Chunk, RowResult, Shown, metric_columns, work_chunk
from pkpd.scenario_table import ScenarioTable, read_scenarios

if TYPE_CHECKING:
    import pandas as pd

    from pkpd.solution import Solution

__all__ = ["Batch", "evaluate", "how_many_shown", "run_table"]

CHUNK_ROWS = 250
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
        import pandas as pd

        positions = [result.position for result in self.results]
        if self.table.frame is not None:
            carried = self.table.frame.iloc[positions].reset_index(drop=True)
        else:
            rows = self.table.rows
            cells = zip(*(rows[position].cells for position in positions))
            columns = dict(zip(self.table.columns, cells)) if positions else dict.fromkeys(self.table.columns, ())
            carried = pd.DataFrame({name: list(texts) for name, texts in columns.items()})
        written: dict[str, Any] = {
            "status": [result.status for result in self.results],
            "reason": [result.reason for result in self.results],
            "warnings": ["; ".join(result.warnings) for result in self.results],
        }
        for name in metric_columns(self.results):
            written[name] = np.array([result.values.get(name, np.nan) for result in self.results])
        return pd.concat([carried, pd.DataFrame(written)], axis=1)


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
        Not part of this version.
    profiles : int, "all" or "none", optional
        How many of the first scenarios get profiles, pictures and an entry on the page; 200 by default. With `out`.
    progress : bool, optional
        Progress bar on stderr; by default only on a terminal.
    workers : int, optional
        Number of processes; 1 by default. A program that asks for more protects its start with
        ``if __name__ == "__main__":``, as each process loads the program anew.
    cluster : str, optional
        Not part of this version.

    Returns
    -------
    DataFrame
        Without `out` one row a scenario in input order: the input columns unchanged, then ``status`` (ok or error),
        ``reason``, ``warnings`` and the metrics; for n > 1 each metric as ``_p05 _p50 _p95`` over the subjects that
        have it. With `out` the manifest, one row a part.

    Raises
    ------
    DataError
        If the table as a whole cannot be meant. A bad row is no error: it has status ``error`` and a reason.
    ParameterError
        If an option is not possible, or the folder cannot be written.
    """
    _refuse_later_options(resume, cluster)
    if out is None:
        if profiles not in (None, "none", 0):
            raise ParameterError(
                f"evaluate, profiles: '{profiles}' needs a folder to write to; expected out='results/' beside it. "
                "Give out, or leave profiles out."
            )
        batch = run_table(read_scenarios(scenarios), progress=progress, workers=workers)
        if batch.interrupted:
            raise KeyboardInterrupt
        return batch.to_frame()
    from pkpd.result_files import prepare_folder
    from pkpd.results_folder import keep_for_folder, write_folder

    table = read_scenarios(scenarios)
    shown = how_many_shown(profiles, table.count)
    folder = prepare_folder(out)
    batch = run_table(table, shown=shown, keep=keep_for_folder, progress=progress, workers=workers)
    parts = write_folder(folder, batch, options={"profiles": shown, "seed": 0})
    if batch.interrupted:
        raise KeyboardInterrupt
    return parts


def _refuse_later_options(resume: bool, cluster: str | None) -> None:
    for name, value in (("resume", resume), ("cluster", cluster)):
        if value:
            raise ParameterError(
                f"evaluate, {name}: '{value}' is not part of this version; expected it to be left out. "
                "Run the table in one go, with workers on this machine."
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
    shown: int = 0,
    keep: Callable[[str, Solution], Shown] | None = None,
    seed: int | None = None,
    progress: bool | None = None,
    workers: int | None = None,
    chunk_rows: int | None = None,
) -> Batch:
    """Run the rows of a table; Ctrl-C ends the run and keeps the rows that are done.

    Parameters
    ----------
    table : ScenarioTable
    shown : int
        Of the first so many rows the result holds what `keep` makes of name and solution.
    keep : function, optional
        At the top of a module, so that it can be called in another process.
    seed : int, optional
        For rows that state none; 0 by default.
    progress, workers
        As in `evaluate`.
    chunk_rows : int
        Rows worked at a time, at most 250 by default; the numbers do not depend on it.

    Returns
    -------
    Batch
    """
    if workers is not None and not 1 <= workers <= 1024:
        raise ParameterError(f"workers: '{workers}' is not possible; expected a number from 1 to 1024. Correct it.")
    if chunk_rows is None:
        chunk_rows = min(CHUNK_ROWS, -(-table.count // (4 * workers)) if workers else CHUNK_ROWS)
    chunks = [
        Chunk(table.names, table.rows[start : start + chunk_rows], seed, shown, keep)
        for start in range(0, table.count, chunk_rows)
    ]
    results: list[RowResult] = []
    interrupted = False
    with _bar(table.count, progress) as advance:
        try:
            for done in _worked(chunks, min(workers or 1, len(chunks))):
                results.extend(done)
                advance(len(done))
        except KeyboardInterrupt:
            interrupted = True
    return Batch(table, results, interrupted)


@contextmanager
def _bar(total: int, progress: bool | None) -> Iterator[Callable[[int], object]]:
    """A progress bar on stderr and the function that moves it; without one, on a terminal only."""
    if progress is None:
        progress = sys.stderr.isatty()
    if not progress:
        yield lambda rows: None
        return
    from tqdm import tqdm

    with tqdm(total=total, unit=" scenarios", file=sys.stderr, dynamic_ncols=True) as bar:
        yield bar.update


def _worked(chunks: Sequence[Chunk], workers: int) -> Iterator[list[RowResult]]:
    """Results of the chunks, in order."""
    if workers == 1:
        yield from map(work_chunk, chunks)
        return
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_ignore_interrupt)
    try:
        yield from pool.map(work_chunk, chunks)
    except BrokenProcessPool:
        raise SolverError(
            "workers: a process ended before its rows were done; expected it to live through the run. It may have run "
            "out of memory, or the program that started it lacks `if __name__ == '__main__':`. Try workers=1."
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _ignore_interrupt() -> None:
    """Ctrl-C reaches all processes of a terminal; only the first one decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
