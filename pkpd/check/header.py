"""Rules of the header: names that are no names, and names that look like slips of known ones."""

from __future__ import annotations

import re
from difflib import get_close_matches

from pkpd.dataset.columns import STANDARD
from pkpd.dataset.dataset import Dataset
from pkpd.dataset.rules import Finding
from pkpd.errors import did_you_mean
from pkpd.patients.columns import COLUMNS, known_columns

__all__ = ["header_findings"]

_LEGAL = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,19}")
#: What people write for a standard column.
_SYNONYMS = {"DOSE": "AMT", "AMOUNT": "AMT", "CONC": "DV", "CONCENTRATION": "DV", "SUBJECT": "ID", "HOURS": "TIME"}
#: Nearer than this an unknown name is taken for a slip of the pen.
_LOOKS_MISSPELT = 0.85


def header_findings(data: Dataset) -> list[Finding]:
    """Findings of the names of columns; they stand at line 1."""
    labels = [str(label) for label in data.frame.columns]
    taken = {str(label): name for name, label in data.names.items()}
    found = []
    known = {name.upper() for name in known_columns()}
    for place, label in enumerate(labels, start=1):
        if not label.strip() or re.fullmatch(r"Unnamed: \d+", label):
            message = f"column {place} has no name; expected a name for every column."
            found.append(_finding("column-unnamed", "", message, "Name it, or delete it."))
        elif not _LEGAL.fullmatch(label) and label.upper() not in known and label not in data.covariates:
            message = (
                f"column '{label}' is no legal name in NONMEM; expected a letter, then letters, digits or '_', at most "
                "20 in all."
            )
            found.append(_finding("column-name", label, message, "Rename it."))
        if label in taken or label in data.covariates or label in COLUMNS:
            continue
        meant = _meant(label.upper(), set(data.names))
        if meant:
            message = f"column '{label}' is not known, and there is no column {meant}; expected {meant} by its name."
            fix = f"Rename it to {meant} if it is that, or say columns={{'{label}': '{meant}'}}."
            found.append(_finding("column-misspelt", label, message, fix))
    return [*found, *_without(data, labels)]


def _finding(rule: str, column: str, message: str, fix: str) -> Finding:
    return Finding("warning", rule, 1, "", column, message, fix)


def _meant(name: str, there: set[str]) -> str:
    """The standard column that is not there and that this name looks like; empty where there is none."""
    missing = [word for word in STANDARD if word not in there]
    if _SYNONYMS.get(name) in missing:
        return _SYNONYMS[name]
    return (get_close_matches(name, missing, n=1, cutoff=_LOOKS_MISSPELT) or [""])[0]


def _without(data: Dataset, labels: list[str]) -> list[Finding]:
    """Data without the columns of doses or of observations."""
    found = []
    for name, rule, what in (("AMT", "no-dose", "dose"), ("DV", "no-observation", "observation")):
        if name not in data.names:
            message = f"there is no column {name}, and so no {what}; expected the {what}s in {name}."
            found.append(_finding(rule, name, message, f"Add the column {name}.{did_you_mean(name, labels)}"))
    return found
