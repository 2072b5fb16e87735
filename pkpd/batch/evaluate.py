"""`evaluate`: many scenarios from a table, into a table in memory or into a folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pkpd.batch.folder_run import run_into_folder
from pkpd.batch.part_files import piece_frame
from pkpd.batch.parts_run import PartsRun, chunk_size
from pkpd.batch.pieces import Piece
from pkpd.batch.results import metric_columns
from pkpd.batch.table import WRITTEN, ScenarioTable, TableRow, read_scenarios
from pkpd.distribute import distributed
from pkpd.errors import ParameterError
from pkpd.options import as_path, check_workers, keywords_explained

if TYPE_CHECKING:
    import pandas as pd


__all__ = ["evaluate"]


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
