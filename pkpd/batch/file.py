"""A CSV file of scenarios as a stream of rows: bytes, encoding, quotes, separators, and the line of each row.

Holds one row at a time, however long the file. What the columns mean is not its business.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pkpd.errors import DataError

__all__ = ["TableRow", "check_bytes", "file_rows", "read_header"]

_BLOCK = 1 << 20
_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}


class TableRow(NamedTuple):
    """One row as typed: its place in the table and its cells, one a column of the table."""

    position: int
    line: int
    cells: tuple[str, ...]
    broken: str = ""


def check_bytes(path: Path) -> str:
    """Read the file once and return the sha256 of its bytes.

    Raises
    ------
    DataError
        If it cannot be read, is a workbook, or is not text in UTF-8; with the line.
    """
    decoder, digest, at = codecs.getincrementaldecoder("utf-8")(), hashlib.sha256(), 0
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                if at == 0 and block[:4] == b"PK\x03\x04":
                    raise DataError(
                        f"{path}: this is a workbook, not text; expected a CSV file in UTF-8. Save it as 'CSV UTF-8 "
                        "(comma delimited)' in the spreadsheet program."
                    )
                digest.update(block)
                _check_block(path, decoder, block, at)
                at += len(block)
            _check_block(path, decoder, b"", at)
    except OSError as error:
        what = "it is a folder" if path.is_dir() else (error.strerror or str(error)).lower()
        raise DataError(
            f"{path}: cannot be read ({what}); expected a CSV file of scenarios. Check the path and its permissions."
        ) from None
    return digest.hexdigest()


def _check_block(path: Path, decoder: codecs.IncrementalDecoder, block: bytes, at: int) -> None:
    """Refuse what is not UTF-8, and zero bytes, with the line; `at` is where the block begins in the file."""
    zero, pending = block.find(b"\0"), len(decoder.getstate()[0])
    wrong = [(at + zero, "a zero byte")] if zero >= 0 else []
    try:
        decoder.decode(block, final=not block)
    except UnicodeDecodeError as error:
        wrong.append((at - pending + error.start, f"byte 0x{error.object[error.start]:02x}"))
    if not wrong:
        return
    place, found = min(wrong)
    with path.open("rb") as file:
        before = file.read(place)
    line = before.count(b"\n") + before.count(b"\r") - before.count(b"\r\n") + 1
    raise DataError(
        f"{path} line {line}: {found} is not UTF-8 text; expected a CSV file in UTF-8. Save it as "
        "'CSV UTF-8 (comma delimited)', or convert it to that encoding."
    )


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Cells of each line that is not blank, with the number of the line on which they begin."""
    line = 1
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            for cells in reader:
                if cells and (cells[0].strip() or any(cell.strip() for cell in cells)):
                    yield line, cells
                line = reader.line_num + 1
        except csv.Error as error:
            raise DataError(
                f"{path} line {line}: the row cannot be split into cells ({error}); expected comma-separated text "
                'with double quotes around a cell that has a comma, and a quote inside it doubled (""). Correct the '
                "quotes."
            ) from None


def read_header(path: Path, required: Sequence[str]) -> tuple[str, ...]:
    """Column names as typed, without the empty ones that trailing commas make.

    Raises
    ------
    DataError
        If the file is empty, or its columns are separated by something else than commas.
    """
    line, header = next(_lines(path), (0, []))
    if not line:
        raise DataError(
            f"{path}: the file is empty; expected a line of column names ({', '.join(required)}, ...) and one "
            "scenario a row. Check the path, or save the table again."
        )
    while header and not header[-1].strip():
        header.pop()
    if len(header) == 1:  # say so instead of naming three missing columns
        for mark, name in _SEPARATORS.items():
            if header[0].count(mark) >= len(required) - 1:
                raise DataError(
                    f"{path} line {line}: the columns are separated by {name}; expected commas, as regimens contain "
                    "semicolons. Save the file as comma-separated CSV."
                )
    return tuple(header)


def file_rows(path: Path, width: int) -> Iterator[TableRow]:
    """Rows under the header; `width` is the number of its columns.

    A row with too few or too many cells says so in `broken`. Empty cells beyond the last column, which spreadsheet
    programs leave behind, are no cells.
    """
    lines = _lines(path)
    next(lines)
    for position, (line, cells) in enumerate(lines):
        if len(cells) == width:
            yield TableRow(position, line, tuple(cells))
        else:
            yield _ragged(position, line, cells, width)


def _ragged(position: int, line: int, cells: list[str], width: int) -> TableRow:
    broken, more = "", any(cell.strip() for cell in cells[width:])
    if more or len(cells) < width:
        broken = (
            f"line {line}: the row has {len(cells)} cells, but the table {width} columns; expected one cell a column. "
            + ('Put double quotes around a text with a comma, and write decimals with a point.' if more else
               "Add the missing commas.")
        )  # fmt: skip
    return TableRow(position, line, (*cells[:width], *[""] * (width - len(cells))), broken)
