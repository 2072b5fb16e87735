"""`pkpd.check`: everything that is to be said about a data set, in one table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from pkpd.check.amounts import amount_rules
from pkpd.check.covariates import covariate_rules, other_columns, weights
from pkpd.check.header import header_findings
from pkpd.check.plausible import drug_names, infusion_rules, plausible_rules
from pkpd.check.rows import row_rules
from pkpd.check.subjects import subject_rules
from pkpd.check.view import View, make_view
from pkpd.dataset.dataset import Dataset, as_dataset
from pkpd.dataset.inspection import cell_findings, inspect
from pkpd.dataset.rules import Finding
from pkpd.dataset.units import DataUnits, data_units
from pkpd.errors import UnitError
from pkpd.library.catalogue import list_drugs, load_drug
from pkpd.options import keywords_explained

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check"]

SEVERITIES = ("error", "warning", "info")


@keywords_explained
def check(
    data: str | Path | pd.DataFrame | Dataset,
    *,
    units: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    by: str | Sequence[str] | None = None,
) -> pd.DataFrame:
    """Check a data set with NONMEM columns, and say what is wrong or odd in it.

    Parameters
    ----------
    data : path, pandas.DataFrame or Dataset
    units, columns : mapping of str to str, optional
        As in `read_data`.
    by : str or sequence of str, optional
        Columns that tell the occasions of a subject apart; each occasion is then checked as an ID of its own.

    Returns
    -------
    pandas.DataFrame
        One row a finding, the gravest first and then by line: severity (error, warning, info), rule, line (of the file,
        the header being line 1; 0 for the whole file), id, column, message and fix. `predict` and `fit` refuse what is
        an error, in the same words; a warning is likely to be a mistake; info is what one should know. Of each rule
        the first 100 are listed, and the last of them says how many more there are. No value is changed.

    Raises
    ------
    DataError
        If the file cannot be read at all, or a cell of a column named by `by` is empty.
    ParameterError, UnitError
        If an option is unknown, or a unit does not measure what its column holds.

    Examples
    --------
    >>> import pandas as pd
    >>> data = pd.DataFrame({"ID": 1, "TIME": [0, 2, 1], "AMT": [100, 0, 0], "DV": [None, 5.1, 6.2]})
    >>> check(data)[["severity", "rule", "line"]].values.tolist()
    [['error', 'time-decreasing', 4]]
    """
    import pandas as pd

    dataset = as_dataset(data, units, columns)
    found = sorted(_findings(dataset, by), key=lambda f: (SEVERITIES.index(f.severity), f.line))
    names = [item.name for item in fields(Finding)]
    return pd.DataFrame([[getattr(f, name) for name in names] for f in found], columns=names)


def _findings(data: Dataset, by: str | Sequence[str] | None) -> list[Finding]:
    found = [*data.structure, *header_findings(data)]
    if any(f.rule in ("missing-column", "duplicate-column") for f in data.structure):
        return found
    if by is not None:
        data = data.by_occasion(by)
    cells = cell_findings(data).findings
    table, report = inspect(data, None)
    view = make_view(data, table)
    other_columns(view, [] if by is None else [by] if isinstance(by, str) else by)
    _rules(view)
    follows = _consequence(cells)
    return [*found, *cells, *(f for f in (*report.findings, *view.report.findings) if not follows(f))]


def _consequence(cells: Sequence[Finding]) -> Callable[[Finding], bool]:
    """Whether a finding only follows from cells that hold no number, and would hide them among its likes."""
    told, lines = {(f.line, f.column) for f in cells}, {f.line for f in cells}
    whose = {(f.id, f.column) for f in cells}
    return lambda f: (
        (f.line, f.column) in told
        or (f.rule == "dv-empty" and f.line in lines)
        or (f.rule.startswith("id-without-") and (f.id, f.column) in whose)
    )


def _rules(view: View) -> None:
    units, trouble = _units(view)
    row_rules(view)
    subject_rules(view, 1.0 if units is None else 1.0 / units.time)
    covariate_rules(view)
    infusion_rules(view)
    if units is None:
        fix = "Convert the columns, or name the drug in a column DRUG."
        view.find("info", "units-in-moles", "DV", [0], lambda row: trouble, fix)
        return
    weight = weights(view)
    plausible_rules(view, units, weight)
    amount_rules(view, units, weight)


def _units(view: View) -> tuple[DataUnits | None, str]:
    """The units, with the molar mass of the drug where there is one drug; or what stands against it."""
    names = set(drug_names(view)) & set(list_drugs())
    fact = load_drug(names.pop()).molar_mass if len(names) == 1 else None
    try:
        return data_units(view.data, molar_mass=None if fact is None else fact.value), ""
    except UnitError:
        return (
            None,
            "doses or levels are in moles and the drug is not known; whether they are plausible is not checked.",
        )
