"""Text files of data: from bytes to a table of cells with the line of the file that each row came from.

Knows comments, separators, encodings and ragged rows. What the columns mean is not its business.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd.errors import DataError
from pkpd.memory import refuse_too_large

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DataFile", "read_file"]

#: Bytes that are looked through, or parsed, at a time where a file is larger.
_BLOCK = 2**24

#: How .xlsx and other zipped files begin, and old .xls.
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")

#: Besides the empty cell, what counts as missing.
MISSING = [".", "NA", "NaN", "nan"]


class DataFile(NamedTuple):
    """Header as typed, cells, and the line of the file of each row (the header of a plain file is line 1).

    `units` is what a comment ``# units: TIME=min, DV=ng/mL`` says, as typed.
    """

    header: list[str]
    frame: pd.DataFrame
    lines: NDArray[np.int64]
    units: dict[str, str]


def read_file(path: str | Path, text_columns: tuple[str, ...]) -> DataFile:
    """Read a delimited text file.

    Parameters
    ----------
    path : str or Path
        Comma, semicolon, tab or blanks separate the cells, whichever the header uses. Lines that begin with ``#`` or
        with ``C`` and a blank are skipped, and so are empty lines.
    text_columns : tuple of str
        Columns (upper case) whose cells stay text, so that ``007`` keeps its zeros.

    Returns
    -------
    DataFile
        Columns that hold numbers only are numbers, with NaN for ``.``, ``NA`` and empty cells.

    Raises
    ------
    DataError
        If the file cannot be read, is not UTF-8, has no rows, or a row has more cells than the header.
    """
    name = Path(path).name
    raw = _bytes(path)
    kept = _kept_lines(raw)
    if len(kept.at) == 0:
        raise DataError(f"{path}: the file is empty; expected a header and rows. Check the path and the export.")
    top = int(kept.at[0])
    header = raw[kept.start : kept.stop].decode("utf-8")
    separator = next((mark for mark in ",;\t" if mark in header), " ")
    if separator == " ":  # blanks may be aligned in any number; commas leave the empty cells that they stand for
        names = header.split()
    else:
        names = [column.strip() for column in next(csv.reader([header], delimiter=separator))]
    if len(kept.at) == 1:
        raise DataError(f"{path}: there is a header and no row below it; expected data rows. Check the export.")
    skipped = np.setdiff1d(np.arange(top, kept.at[-1] + 1), kept.at[1:], assume_unique=True)
    frame = _frame(raw, separator, names, [*range(top), *skipped.tolist()], name, text_columns)
    if len(frame) != len(kept.at) - 1:
        raise DataError(
            f"{name}: a quoted cell contains a line break; expected one line a row. Remove the break inside the quotes."
        )
    comments = raw[: kept.start].decode("utf-8").split("\n")
    return DataFile(names, frame, kept.at[1:] + 1, _units(name, [line for line in comments if line.startswith("#")]))


def _units(source: str, comments: list[str]) -> dict[str, str]:
    """The units that the comments above the header state."""
    found: dict[str, str] = {}
    for comment in comments:
        said = re.fullmatch(r"#\s*units\s*:(.*)", comment, re.IGNORECASE)
        for part in said[1].split(",") if said else ():
            name, _, unit = (piece.strip() for piece in part.partition("="))
            if not name or not unit or name in found:
                raise DataError(
                    f"{source}: '{part.strip()}' in the comment on units cannot be read; expected each column once, as "
                    "in '# units: TIME=min, AMT=mg, DV=ng/mL'. Correct the comment."
                )
            found[name] = unit
    return found


def _bytes(path: str | Path) -> bytes:
    """The content of a file with plain line ends; UTF-8 without a mark at the beginning."""
    if not str(path):
        raise DataError("data: the path '' is empty; expected that of a text file. Give one.")
    try:
        refuse_too_large(Path(path))
        raw = Path(path).read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{path}: cannot be read ({reason}); expected a readable text file. Check the path.") from None
    if raw.startswith(_WORKBOOKS):
        raise DataError(
            f"{path}: this is a workbook or a compressed file, not text; expected a CSV file. Save the table as 'CSV "
            "UTF-8 (comma delimited)' in the spreadsheet program."
        )
    if raw.startswith(b"PAR1"):
        raise DataError(
            f"{path}: this is a Parquet file, not text; expected a CSV file. Read it with pandas.read_parquet and pass "
            "the frame, or save it as CSV."
        )
    if not raw.isascii():
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            raise DataError(
                f"{path} line {line}: byte {raw[error.start]:#04x} is not UTF-8; expected text in UTF-8. "
                "Save the file as 'CSV UTF-8'."
            ) from None
        raw = raw.removeprefix(b"\xef\xbb\xbf")
    if b"\x00" in raw:
        raise DataError(f"{path}: contains null bytes; expected a text file. Export the table as CSV (UTF-8).")
    return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in raw else raw


class _Kept(NamedTuple):
    """Lines that count, from 0, the header first, and where the header begins and ends."""

    at: NDArray[np.int64]
    start: int
    stop: int


def _kept_lines(raw: bytes) -> _Kept:
    """Find the lines that are neither empty nor a comment, without making a text of each."""
    if not raw:
        return _Kept(np.empty(0, dtype=np.int64), 0, 0)
    buffer = np.frombuffer(raw, dtype=np.uint8)
    blocks = range(0, len(raw), _BLOCK)
    ends = [block + np.flatnonzero(buffer[block : block + _BLOCK] == ord("\n")) for block in blocks]
    stop = np.append(np.concatenate(ends), len(raw))
    start = np.append(0, stop[:-1] + 1)
    first = buffer[np.minimum(start, len(raw) - 1)]
    odd = np.flatnonzero((first <= ord(" ")) | (first == ord("#")) | (first == ord("C")) | (start >= len(raw)))
    lines = (raw[start[i] : stop[i]] for i in odd)
    drop = odd[[not line.strip() or line.startswith((b"#", b"C ")) for line in lines]] if len(odd) else odd
    kept = np.setdiff1d(np.arange(len(stop)), drop, assume_unique=True)
    return _Kept(kept, int(start[kept[0]]), int(stop[kept[0]])) if len(kept) else _Kept(kept, 0, 0)


def _frame(
    raw: bytes, separator: str, names: list[str], skipped: list[int], source: str, text_columns: tuple[str, ...]
) -> pd.DataFrame:
    """Parse the cells; columns get positions as names, because typed names may be doubled."""
    import pandas as pd

    dtype: dict[Any, Any] = {i: str for i, name in enumerate(names) if name.upper() in text_columns}
    try:
        try:
            return _parse(raw, separator, len(names), skipped, dtype, in_parts=len(raw) > _BLOCK)
        except pd.errors.DtypeWarning:  # numbers in one part and text in another: only the whole column can tell
            return _parse(raw, separator, len(names), skipped, dtype, in_parts=False)
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        found = re.search(r"in line (\d+), saw (\d+)", str(error))
        if found is None:
            raise DataError(
                f"{source}: rows have more cells than the header's {len(names)}; expected one cell a column. "
                "Remove the surplus separators."
            ) from None
        raise DataError(
            f"{source} line {found[1]}: {found[2]} cells where the header has {len(names)} columns; expected one cell "
            "a column. Remove the surplus cells, or quote text that contains the separator."
        ) from None


def _parse(
    raw: bytes, separator: str, columns: int, skipped: list[int], dtype: dict[Any, Any], *, in_parts: bool
) -> pd.DataFrame:
    import pandas as pd

    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        warnings.simplefilter("error", pd.errors.DtypeWarning)
        return pd.read_csv(
            io.BytesIO(raw),
            sep=r"\s+" if separator == " " else separator,
            names=list(range(columns)),
            skiprows=skipped,
            index_col=False,
            dtype=dtype,
            keep_default_na=False,
            na_values=["", *MISSING],
            skipinitialspace=True,
            low_memory=in_parts,
            encoding="utf-8",
            engine="c",
        )
