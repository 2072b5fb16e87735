"""What was measured: data sets with NONMEM columns, from a file or a data frame.

Knows which columns there are, how missing cells are written and where each row came from. A data set holds what the
file holds: nothing is converted, dropped or filled in. Rules about values are in `pkpd.dataset.rules`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pkpd.dataset.columns import checked_units, column_places, covariate_columns, number_ids, to_numbers
from pkpd.dataset.file import read_file
from pkpd.dataset.inspection import Table, cell_findings, inspect
from pkpd.dataset.occasions import occasion_ids
from pkpd.dataset.rules import Finding, raise_errors
from pkpd.errors import DataError
from pkpd.options import a_kind, keywords_explained, need_mapping

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Dataset", "Table", "as_dataset", "read_data"]

IntArray = NDArray[np.int64]
UNITS_EXAMPLE, COLUMNS_EXAMPLE = "{'TIME': 'min', 'DV': 'ng/mL'}", "{'BW': 'weight_kg', 'HOURS': 'TIME'}"


@dataclass(frozen=True)
class Dataset:
    """A table with NONMEM columns.

    Attributes
    ----------
    frame : pandas.DataFrame
        The data. Columns read from a file have their standard names in upper case; those of a data frame stay.
    source : str
        File name, or "data" for a data frame.
    names : mapping of str to column label
        Where each standard column (ID, TIME, ...) stands in `frame`.
    lines : ndarray of int, shape (n_rows,), or None
        Line of the file of each row; None for a data frame, where row 0 counts as line 2.
    units : mapping of str to str
        Units of columns, as stated.
    covariates : mapping of str to str
        Column and the patient column that it stands for.
    structure : tuple of Finding
        What is wrong with the header.
    """

    frame: pd.DataFrame
    source: str
    names: Mapping[str, Any]
    lines: IntArray | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    covariates: Mapping[str, str] = field(default_factory=dict)
    structure: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.frame)

    def line(self, row: int) -> int:
        """The line of the file that row `row` (from 0) came from, the header being line 1."""
        return int(self.lines[row]) if self.lines is not None else row + 2

    def numbers(self, name: str) -> NDArray | None:
        """A standard column as numbers with NaN for missing cells, or None where the data have no such column."""
        if name not in self.names:
            return None
        values, _ = to_numbers(self.frame[self.names[name]])
        return values

    def by_occasion(self, by: str | Sequence[str]) -> Dataset:
        """Return a data set with one ID, such as ``"3 / 2"``, for each subject and occasion, the rows in their order.

        Parameters
        ----------
        by : str or sequence of str
            The columns that tell the occasions of a subject apart.

        Raises
        ------
        ParameterError
            If a column is not there.
        DataError
            If the header is broken, or a cell of these columns is empty.
        """
        raise_errors(self.structure, self.source)
        label = self.names["ID"]
        ids = occasion_ids(self.frame, label, by, lambda row: f"{self.source} line {self.line(row)}")
        return replace(self, frame=self.frame.assign(**{label: ids}))

    def findings(self, compartments: int | None = None) -> list[Finding]:
        """What is wrong with the data, in the order of the rules.

        Parameters
        ----------
        compartments : int, optional
            Number of compartments of the model, depot included, to check CMT against.
        """
        found = list(self.structure) or cell_findings(self).findings
        return found or inspect(self, compartments)[1].findings

    def table(self, compartments: int | None = None) -> Table:
        """The data as numbers.

        Raises
        ------
        DataError
            The first error of the checks.
        """
        raise_errors(self.structure, self.source)
        raise_errors(cell_findings(self).findings, self.source)
        table, report = inspect(self, compartments)
        raise_errors(report.findings, self.source)
        return table


@keywords_explained
def read_data(
    path: str | Path, *, units: Mapping[str, str] | None = None, columns: Mapping[str, str] | None = None
) -> Dataset:
    """Read a data set with NONMEM columns from a text file.

    Parameters
    ----------
    path : str or Path
        A CSV file (comma, semicolon, tab or blanks) in UTF-8. Needed are the columns ID and TIME; known are DV AMT
        EVID MDV CMT RATE II ADDL SS DVID BLQ LLOQ DRUG ROUTE, in any letter case; others are covariates. ``.``,
        ``NA`` and the empty cell are missing; lines beginning with ``#`` or ``C`` and a blank are skipped. IDs may
        be text.
    units : mapping of str to str, optional
        Units of columns, such as ``{"TIME": "min", "AMT": "mg", "DV": "ng/mL"}``. They are checked and kept; the
        numbers stay as they are. A file may state them itself, in a line such as ``# units: TIME=min, DV=ng/mL``;
        what is said here comes before it.
    columns : mapping of str to str, optional
        What a column means: a covariate such as ``{"BW": "weight_kg"}`` or a standard column such as
        ``{"HOURS": "TIME"}``. WT, AGE, HT and SEX are known.

    Returns
    -------
    Dataset

    Raises
    ------
    DataError
        If the file cannot be read, a needed column is missing, a column is there twice, or a cell of a numeric
        column holds no number; the message names the file and the line. Also if the file does not fit into memory.
    UnitError
        If a unit is not known or measures something else than its column.

    Notes
    -----
    The whole file is read into memory, at the peak about six times its size (measured: 1.05 GB with 32 million rows in
    94 s and 5.4 GB on a busy machine). A file that would not fit into the free memory is refused before it is read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "levels.csv"
    >>> _ = path.write_text("id,time,dv,amt\\n7,0,.,100\\n7,2,3.1,.\\n")
    >>> read_data(path, units={"TIME": "h"}).frame["DV"].tolist()
    [nan, 3.1]
    """
    if not isinstance(path, str | Path):
        raise DataError(
            f"data: {a_kind(path)} is no path; expected the path of a text file. A pandas DataFrame goes to the verbs "
            "(fit, nca, check, predict) as it is."
        )
    data = load(path, units=units, columns=columns)
    raise_errors(data.structure, data.source)
    raise_errors(cell_findings(data).findings, data.source)
    return data


def load(
    path: str | Path, *, units: Mapping[str, str] | None = None, columns: Mapping[str, str] | None = None
) -> Dataset:
    """Read a file like `read_data`, but keep what is wrong with its columns and cells as findings."""
    need_mapping("units", units, UNITS_EXAMPLE)
    need_mapping("columns", columns, COLUMNS_EXAMPLE)
    file = read_file(
        path, ("ID", *(name.upper() for name, meaning in (columns or {}).items() if meaning.upper() == "ID"))
    )
    frame = file.frame
    places, structure = column_places(file.header, columns)
    labels = list(file.header)
    for name, place in places.items():
        labels[place] = name
    if "ID" in places:
        frame[places["ID"]] = number_ids(frame[places["ID"]])
    frame.columns = labels
    names = {name: name for name in places}
    stated = {**checked_units(file.units, file.header, labels), **checked_units(units, file.header, labels)}
    meaning = covariate_columns(labels, columns)
    return Dataset(frame, Path(path).name, names, file.lines, stated, meaning, structure)


def as_dataset(
    data: str | Path | pd.DataFrame | Dataset,
    units: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
) -> Dataset:
    """Return a data set for a path, a data frame (kept as it is, not copied) or a data set.

    `units` and `columns` are those of `read_data`; what a data set states already stays, unless it is stated anew.
    """
    import pandas as pd

    if isinstance(data, str | Path):
        return load(data, units=units, columns=columns)
    if isinstance(data, Dataset):
        return _stated(data, units, columns) if units or columns else data
    if not isinstance(data, pd.DataFrame):
        raise DataError(
            f"data: {a_kind(data)} cannot be read; expected a path, a pandas DataFrame or a Dataset. "
            "Use pkpd.read_data for a file."
        )
    need_mapping("units", units, UNITS_EXAMPLE)
    need_mapping("columns", columns, COLUMNS_EXAMPLE)
    if len(data) == 0:
        raise DataError("data: the data frame has no rows; expected at least one record. Check how it was made.")
    return _stated(Dataset(data, "data", {}), units, columns)


def _stated(data: Dataset, units: Mapping[str, str] | None, columns: Mapping[str, str] | None) -> Dataset:
    """The data set with what is stated of its columns and units."""
    labels = list(data.frame.columns)
    header = [str(label) for label in labels]
    known = {str(label): name for name, label in data.names.items()} | dict(data.covariates) | dict(columns or {})
    places, structure = column_places(header, known)
    names = {name: labels[place] for name, place in places.items()}
    standard = {place: name for name, place in places.items()}
    keys = [standard.get(place, label) for place, label in enumerate(header)]
    stated = {**data.units, **checked_units(units, header, keys)}
    return replace(data, names=names, units=stated, covariates=covariate_columns(labels, known), structure=structure)
