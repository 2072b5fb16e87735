"""Results of neighbouring rows by column: small to keep, quick to send between processes, easy to join and to write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd.batch.results import Chunk, RowResult, metric_columns, work_chunk

__all__ = ["Piece", "join_pieces", "piece_of", "value_columns", "work_piece"]

FloatArray = NDArray[np.float64]


class Piece(NamedTuple):
    """Results of the rows from position `first` on; `values` holds the metrics, NaN where a row has none."""

    first: int
    reasons: list[str]
    warnings: list[str]
    values: dict[str, FloatArray]
    shown: tuple[RowResult, ...] = ()

    @property
    def errors(self) -> int:
        """Number of rows with status error."""
        return sum(1 for reason in self.reasons if reason)


def work_piece(chunk: Chunk) -> Piece:
    """Run the rows of a chunk; of those that are shown, the whole result comes along."""
    results = work_chunk(chunk)
    return piece_of(results)._replace(shown=tuple(result for result in results if result.position < chunk.shown))


def piece_of(results: Sequence[RowResult]) -> Piece:
    """Results of neighbouring rows by column."""
    return Piece(
        results[0].position if results else 0,
        [result.reason for result in results],
        ["; ".join(result.warnings) for result in results],
        value_columns(results),
    )


def value_columns(results: Sequence[RowResult]) -> dict[str, FloatArray]:
    """Metrics by column, in the order of the table."""
    names = metric_columns(result.values for result in results)
    place = {name: number for number, name in enumerate(names)}
    table = np.full((len(names), len(results)), np.nan)
    for at, result in enumerate(results):
        for name, value in result.values.items():
            table[place[name], at] = value
    return dict(zip(names, table))


def join_pieces(pieces: Sequence[Piece]) -> Piece:
    """Put pieces that follow each other together."""
    names = metric_columns(piece.values for piece in pieces)
    values = {
        name: np.concatenate(
            [piece.values[name] if name in piece.values else np.full(len(piece.reasons), np.nan) for piece in pieces]
        )
        for name in names
    }
    return Piece(
        pieces[0].first,
        [reason for piece in pieces for reason in piece.reasons],
        [warning for piece in pieces for warning in piece.warnings],
        values,
        tuple(result for piece in pieces for result in piece.shown),
    )
