"""Parts of a large table on the disk: written one by one, given the same columns at the end, joined on request.

Which columns a table has is known only when its last row is done. Until then a part has the columns of its own rows;
`give_same_columns` then adds the missing ones as empty columns, so that any program opens the folder as one table.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from pkpd.batch.pieces import Piece
from pkpd.batch.results import metric_columns
from pkpd.batch.table import WRITTEN, ScenarioTable, TableRow
from pkpd.result_files import write_whole

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "columns_of",
    "give_same_columns",
    "join_parts",
    "part_name",
    "part_suffix",
    "piece_frame",
    "table_columns",
    "write_part",
]


def part_suffix() -> str:
    """``".parquet"`` where pyarrow is installed, else ``".csv"``."""
    return ".parquet" if util.find_spec("pyarrow") is not None else ".csv"


def part_name(number: int, suffix: str) -> str:
    """Name of a part in the folder, numbered from 1."""
    return f"results/part-{number:05d}{suffix}"


def piece_frame(table: ScenarioTable, rows: Sequence[TableRow], piece: Piece) -> pd.DataFrame:
    """Input columns, then status, reason, warnings, then the metrics, of the rows of a piece."""
    import pandas as pd

    if table.frame is not None:
        carried = table.frame.iloc[[row.position for row in rows]].reset_index(drop=True)
    else:
        cells = zip(*(row.cells for row in rows)) if rows else [()] * len(table.columns)
        carried = pd.DataFrame({name: list(texts) for name, texts in zip(table.columns, cells)}, dtype="str")
    written: dict[str, Any] = {
        "status": ["error" if reason else "ok" for reason in piece.reasons],
        "reason": piece.reasons,
        "warnings": piece.warnings,
    }
    return pd.concat([carried, pd.DataFrame(written, dtype="str"), pd.DataFrame(piece.values)], axis=1)


def write_part(path: Path, table: ScenarioTable, rows: Sequence[TableRow], piece: Piece) -> None:
    """Write a part; when the function returns, the disk has it."""
    frame = piece_frame(table, rows, piece)
    if path.suffix == ".csv":
        write_whole(
            path, lambda place: frame.to_csv(place, index=False, lineterminator="\n", encoding="utf-8"), durable=True
        )
        return
    import pyarrow as pa

    schema = None if table.frame is None else _schema(table.frame)
    carried = frame.iloc[:, : len(table.columns)]
    rest = pa.Table.from_pandas(frame.iloc[:, len(table.columns) :], preserve_index=False)
    content = pa.Table.from_pandas(carried, schema=schema, preserve_index=False)
    for name in rest.column_names:
        content = content.append_column(name, rest[name])
    _write_parquet(path, content)


def _schema(frame: pd.DataFrame) -> Any:
    """Types of the columns of the whole DataFrame, so that all parts agree; a mixed column becomes text."""
    import pyarrow as pa

    fields = []
    for name in frame.columns:
        try:
            kind = pa.Array.from_pandas(frame[name]).type
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            kind = pa.string()
        fields.append(pa.field(str(name), kind))
    return pa.schema(fields)


def _write_parquet(path: Path, content: Any) -> None:
    import pyarrow.parquet as pq

    plain = content.replace_schema_metadata(None)
    write_whole(path, lambda place: pq.write_table(plain, place), durable=True)


def columns_of(path: Path) -> list[str]:
    """Column names of a part."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return next(csv.reader(file))
    import pyarrow.parquet as pq

    return list(pq.read_schema(path).names)


def table_columns(paths: Sequence[Path], carried: int) -> list[str]:
    """Columns of the whole table: the carried ones, status, reason and warnings, then the metrics of all parts."""
    own = [columns_of(path) for path in paths]
    first = carried + len(WRITTEN)
    return [*own[0][:first], *metric_columns(names[first:] for names in own)]


def give_same_columns(paths: Sequence[Path], columns: Sequence[str]) -> Iterator[Path]:
    """Give all parts the columns of the whole table, and yield each that had to be written anew."""
    for path in paths:
        if columns_of(path) != list(columns):
            _widen(path, columns)
            yield path


def _widen(path: Path, columns: Sequence[str]) -> None:
    if path.suffix == ".csv":
        write_whole(path, lambda place: _copy_csv(path, place, columns), durable=True)
        return
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = pq.read_table(path)
    empty = pa.nulls(content.num_rows, pa.float64())
    known = set(content.column_names)
    wide = [content[name] if name in known else empty for name in columns]
    _write_parquet(path, pa.table(wide, names=list(columns)))


def _copy_csv(source: Path, target: Path, columns: Sequence[str]) -> None:
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(_csv_rows(source, columns))


def _csv_rows(path: Path, columns: Sequence[str]) -> Iterator[list[str]]:
    """Rows of a CSV part with the columns asked for."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        place = {name: number for number, name in enumerate(next(reader))}
        places = [place.get(name) for name in columns]
        for cells in reader:
            yield [cells[at] if at is not None else "" for at in places]


def join_parts(paths: Sequence[Path], target: Path | TextIO) -> None:
    """Write parts, which have the same columns, as one Parquet or CSV file, or as CSV to a stream."""
    if not isinstance(target, Path):
        _join_csv(paths, target)
    elif target.suffix.lower() == ".parquet":
        write_whole(target, lambda place: _join_parquet(paths, place), durable=True)
    else:
        write_whole(target, lambda place: _join_csv(paths, place), durable=True)


def _join_parquet(paths: Sequence[Path], target: Path) -> None:
    import pyarrow.parquet as pq

    with pq.ParquetWriter(target, pq.read_schema(paths[0])) as writer:
        for path in paths:
            writer.write_table(pq.read_table(path))


def _join_csv(paths: Sequence[Path], target: Path | TextIO) -> None:
    for number, path in enumerate(paths):
        frame = read_part(path)
        with_header = number == 0
        frame.to_csv(target, mode="w" if with_header else "a", header=with_header, index=False, lineterminator="\n")


def read_part(path: Path) -> pd.DataFrame:
    """A part as a table."""
    import pandas as pd

    if path.suffix == ".csv":
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    return pd.read_parquet(path)
