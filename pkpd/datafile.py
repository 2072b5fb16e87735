"""Text files of data: from bytes to a table of cells with the line of the file that each row came from.

Knows comments, separators, encodings and ragged rows. What the columns mean is not its business.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DataFile", "read_file"]

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
    lines = _text(path).split("\n")
    kept = [i for i, line in enumerate(lines) if line.strip() and not line.startswith(("#", "C "))]
    if not kept:
        raise DataError(f"{path}: the file is empty; expected a header and rows. Check the path and the export.")
    header = lines[kept[0]]
    separator = next((mark for mark in ",;\t" if mark in header), " ")
    # Blanks may be aligned in any number; commas leave the empty cells that they stand for.
    if separator == " ":
        cells = [re.sub(r"\s+", ",", lines[i].strip()) for i in kept]
        separator = ","
    else:
        cells = [lines[i] for i in kept]
    names = [column.strip() for column in next(csv.reader([cells[0]], delimiter=separator))]
    if len(kept) == 1:
        raise DataError(f"{path}: there is a header and no row below it; expected data rows. Check the export.")
    rows = np.array(kept[1:], dtype=np.int64) + 1
    frame = _frame("\n".join(cells), separator, names, rows, name, text_columns)
    if len(frame) != len(rows):
        raise DataError(
            f"{name}: a quoted cell contains a line break; expected one line a row. Remove the break inside the quotes."
        )
    return DataFile(names, frame, rows, _units(name, [line for line in lines[: kept[0]] if line.startswith("#")]))


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


def _text(path: str | Path) -> str:
    """The text of a file with plain line ends."""
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{path}: cannot be read ({reason}); expected a readable text file. Check the path.") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path} line {line}: byte {raw[error.start]:#04x} is not UTF-8; expected text in UTF-8. "
            "Save the file as 'CSV UTF-8'."
        ) from None
    if "\x00" in text:
        raise DataError(f"{path}: contains null bytes; expected a text file. Export the table as CSV (UTF-8).")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _frame(
    text: str, separator: str, names: list[str], lines: NDArray[np.int64], source: str, text_columns: tuple[str, ...]
) -> pd.DataFrame:
    """Parse the cells; columns get positions as names, because typed names may be doubled."""
    import pandas as pd

    dtype = {i: str for i, name in enumerate(names) if name.upper() in text_columns}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(
                io.StringIO(text),
                sep=separator,
                names=list(range(len(names))),
                skiprows=1,
                index_col=False,
                dtype=dtype,
                keep_default_na=False,
                na_values=["", *MISSING],
                skipinitialspace=True,
                low_memory=False,
                engine="c",
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        found = re.search(r"in line (\d+), saw (\d+)", str(error))
        if found is None:
            raise DataError(
                f"{source}: rows have more cells than the header's {len(names)}; expected one cell a column. "
                "Remove the surplus separators."
            ) from None
        at = lines[int(found[1]) - 2]
        raise DataError(
            f"{source} line {at}: {found[2]} cells where the header has {len(names)} columns; expected one cell a "
            "column. Remove the surplus cells, or quote text that contains the separator."
        ) from None
