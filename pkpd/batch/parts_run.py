"""A large table worked span by span, each written as a part as soon as it is done: the memory does not grow with the
number of rows, and what is written is not lost."""

from __future__ import annotations

import sys
import tempfile
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from pkpd.batch.part_files import give_same_columns, join_parts, part_name, part_suffix, table_columns, write_part
from pkpd.batch.pieces import Piece, join_pieces, work_piece
from pkpd.batch.results import Chunk, RowResult, Shown
from pkpd.batch.table import ScenarioTable, TableRow, hash_of
from pkpd.distribute import Distribute, distributed
from pkpd.errors import DataError
from pkpd.progress import progress_bar

if TYPE_CHECKING:
    from pkpd.solution import Solution

__all__ = ["PartsRun", "chunk_size", "run_to_file"]

CHUNK_ROWS = 500
MOST_FAILURES = 1000


def chunk_size(rows: int, workers: int | None) -> int:
    """Rows that are worked at a time; the numbers do not depend on it."""
    return min(CHUNK_ROWS, -(-rows // (4 * workers)) if workers else CHUNK_ROWS)


@dataclass
class PartsRun:
    """One pass over the rows of a table.

    Attributes
    ----------
    table : ScenarioTable
    todo : set of int
        Numbers of the spans that are to be worked; of the others only the rows that are shown are looked at.
    write : callable
        Told number, rows and piece of each span that is done, in order.
    size : int
        Rows that are worked at a time.
    seed, shown, keep
        As in `Chunk`.
    head : list of RowResult
        Results of the rows that are shown.
    failures : list of (str, str, str)
        Name, place and reason of rows with status error, at most 1000.
    errors, rows : int
        Number of error rows and of rows that were worked.
    interrupted : bool
    """

    table: ScenarioTable
    todo: set[int]
    write: Callable[[int, Sequence[TableRow], Piece], object]
    size: int = CHUNK_ROWS
    seed: int | None = None
    shown: int = 0
    keep: Callable[[str, Solution], Shown] | None = None
    head: list[RowResult] = field(default_factory=list)
    failures: list[tuple[str, str, str]] = field(default_factory=list)
    errors: int = 0
    rows: int = 0
    interrupted: bool = False
    _open: dict[int, list[TableRow]] = field(default_factory=dict)
    _pending: list[Piece] = field(default_factory=list)

    def run(self, spread: Distribute, *, progress: bool | None = None) -> None:
        """Work the spans; Ctrl-C ends the run, and the spans that are done stay written."""
        done = sum(span.stop - span.first for at, span in enumerate(self.table.spans) if at not in self.todo)
        with progress_bar(self.table.count, "scenarios", progress, done=done) as advance:
            try:
                for piece in spread(work_piece, self._chunks()):
                    advance(self._take(piece))
            except KeyboardInterrupt:
                self.interrupted = True

    def flush(self) -> None:
        """Write the rows that are done of a span that is not."""
        if self._pending:
            number, piece = self._number(self._pending[0]), join_pieces(self._pending)
            self.write(number, self._open[number][: len(piece.reasons)], piece)

    def _chunks(self) -> Iterator[Chunk]:
        stream = self.table.stream()
        for number, span in enumerate(self.table.spans):
            rows = list(islice(stream, span.stop - span.first))
            if number not in self.todo:
                rows = [row for row in rows if row.position < self.shown]
            elif hash_of(rows) != span.sha256:
                raise DataError(
                    f"{self.table.where}: rows {span.first + 1} to {span.stop} changed during the run; expected the "
                    "table to stay as it is until the run ends. Run it again."
                )
            else:
                self._open[number] = rows
            for start in range(0, len(rows), self.size):
                yield Chunk(self.table.names, rows[start : start + self.size], self.seed, self.shown, self.keep)

    def _number(self, piece: Piece) -> int:
        return bisect_right([span.first for span in self.table.spans], piece.first) - 1

    def _take(self, piece: Piece) -> int:
        """Keep a piece, write its span if that is done, and return the number of rows that are new."""
        number = self._number(piece)
        self.head += piece.shown
        if number not in self.todo:
            return 0
        self._pending.append(piece)
        self._count(number, piece)
        span = self.table.spans[number]
        if piece.first + len(piece.reasons) == span.stop:
            self.write(number, self._open.pop(number), join_pieces(self._pending))
            self._pending.clear()
        return len(piece.reasons)

    def _count(self, number: int, piece: Piece) -> None:
        self.rows += len(piece.reasons)
        self.errors += piece.errors
        if not piece.errors or len(self.failures) >= MOST_FAILURES:
            return
        offset = self.table.spans[number].first
        place = self.table.names.index("scenario")
        for at, reason in enumerate(piece.reasons):
            if reason and len(self.failures) < MOST_FAILURES:
                row = self._open[number][piece.first + at - offset]
                self.failures.append((row.cells[place].strip(), self.table.place(row), reason))


def run_to_file(
    table: ScenarioTable,
    target: Path | None,
    *,
    seed: int | None = None,
    workers: int | None = None,
    cluster: str | None = None,
) -> PartsRun:
    """Run a table into one CSV or Parquet file, or as CSV to stdout, by way of parts in a temporary folder.

    Parameters
    ----------
    table, seed, workers, cluster
        As in `run_table`.
    target : Path or None
        None is stdout.
    """
    beside, prefix = (None, "pkpd-") if target is None else (target.parent, f".{target.name}.")
    with tempfile.TemporaryDirectory(dir=beside, prefix=prefix) as folder:
        (Path(folder) / "results").mkdir()
        paths: list[Path] = []

        def write(number: int, rows: Sequence[TableRow], piece: Piece) -> None:
            paths.append(Path(folder) / part_name(number + 1, part_suffix()))
            write_part(paths[-1], table, rows, piece)

        run = PartsRun(table, set(range(len(table.spans))), write, chunk_size(table.count, workers), seed)
        with distributed(workers=workers, cluster=cluster) as spread:
            run.run(spread)
        run.flush()
        if paths:
            for _ in give_same_columns(paths, table_columns(paths, len(table.columns))):
                pass
            join_parts(paths, sys.stdout if target is None else target)
        return run
