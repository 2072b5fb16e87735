"""One row of a scenario table turned into a `Scenario`: who, what is ordered, for how long, by which evidence.

Every refusal names the column and the value. What a regimen does in a patient is decided later, where both meet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from pkpd.batch.table import OPTIONAL, REQUIRED, TableRow
from pkpd.errors import DataError, PkpdError, did_you_mean
from pkpd.individual.model_choice import read_model_choice
from pkpd.patients.columns import known_columns
from pkpd.patients.patient import Patient
from pkpd.patients.population import Population, Subject, population_of, subjects_of
from pkpd.regimen.regimen import Regimen, parse_regimen
from pkpd.scenario import CONDITIONS, EVIDENCE, SEIZURES, Scenario
from pkpd.units import parse_time

__all__ = ["RowReader", "one_line"]

_LARGEST_N = 1_000_000


class RowReader:
    """Turns rows into scenarios; knows the columns of the table and remembers what it has read before.

    Parameters
    ----------
    names : sequence of str
        Column names of the table.
    seed : int, optional
        For rows that state none.
    """

    def __init__(self, names: Sequence[str], seed: int | None = None) -> None:
        self._place = {name: names.index(name) for name in (*REQUIRED, *OPTIONAL) if name in names}
        self._who = [(name, place) for place, name in enumerate(names) if name in known_columns()]
        self._seed = seed or 0
        self._subjects: dict[tuple[object, ...], tuple[Subject, ...]] = {}

    def scenario(self, row: TableRow) -> Scenario:
        """Return the scenario of a row.

        Raises
        ------
        PkpdError
            If the row cannot be read; the message names the column and the value.
        """
        if row.broken:
            raise DataError(row.broken)
        text = {name: row.cells[place].strip() for name, place in self._place.items()}
        if not text["scenario"]:
            raise DataError("column 'scenario': '' is no name; expected a name of its own for each row. Add one.")
        return Scenario(
            name=text["scenario"],
            regimen=_regimen(text["regimen"]),
            until_h=_positive_time("until", text["until"]),
            every_h=_positive_time("every", text["every"]) if text.get("every") else None,
            times=None,
            subjects=self._who_is_treated(row, text),
            models=_models(text.get("models", "")),
            evidence=_choice("evidence", text.get("evidence", ""), EVIDENCE),
            seizure=_choice("seizure", text.get("seizure", ""), SEIZURES),
            onset_h=_time("seizure_onset", text["seizure_onset"]) if text.get("seizure_onset") else 0.0,
            condition=_choice("condition", text.get("condition", ""), CONDITIONS),
        )

    def _who_is_treated(self, row: TableRow, text: Mapping[str, str]) -> tuple[Subject, ...]:
        """Subjects of a row; rows that describe the same people share them."""
        n = _whole_number("n", text.get("n", "") or "1", 1, _LARGEST_N)
        seed = _whole_number("seed", text.get("seed", "") or str(self._seed), 0, 2**63 - 1)
        cells = tuple(row.cells[place] for _, place in self._who)
        key = (cells, n, seed)
        known = self._subjects.get(key)
        if known is None:
            values = {name: cell for (name, _), cell in zip(self._who, cells) if cell.strip()}
            known = tuple(subjects_of(_people(values, n, seed)))
            if len(self._subjects) > 2000 or n > 1:
                self._subjects.clear()  # large populations are not kept by the dozen
            self._subjects[key] = known
        return known


def _people(values: dict[str, Any], n: int, seed: int) -> Patient | Population:
    """The typical patient of a row, or the population around it."""
    patient = Patient.from_row(values)  # also checks what a population takes over
    return patient if n == 1 else population_of(patient, n, seed)


@lru_cache(maxsize=1024)
def _models(text: str) -> Mapping[str, str]:
    """The choice of models of a cell such as ``"midazolam=midazolam_swart2004_icu; binding=hennig"``."""
    try:
        return read_model_choice(text)
    except PkpdError as error:
        raise DataError(f"column 'models': {one_line(str(error))}") from None


def _regimen(text: str) -> Regimen:
    try:
        return parse_regimen(text)
    except PkpdError as error:
        raise DataError(f"column 'regimen': {one_line(str(error))}") from None


def _choice(column: str, text: str, choices: Sequence[str]) -> str:
    """The word, or the first choice where the cell is empty."""
    if text in ("", *choices):
        return text or choices[0]
    raise DataError(
        f"column '{column}': '{text}' is not known; expected {' or '.join(choices)}. "
        f"Correct it.{did_you_mean(text, choices)}"
    )


def _whole_number(column: str, text: str, low: int, high: int) -> int:
    try:
        value = int(text.removesuffix(".0"))
    except ValueError:
        value = low - 1
    if not low <= value <= high:
        raise DataError(
            f"column '{column}': '{text}' is not possible; expected a whole number from {low} to {high}. Correct it."
        )
    return value


@lru_cache(maxsize=4096)
def _time(column: str, text: str) -> float:
    """Hours of a time with its unit, such as ``"90 min"``."""
    if not text:
        raise DataError(f"column '{column}': '' is no time; expected a time with its unit, such as '24 h'. Fill it in.")
    try:
        return parse_time(text)
    except PkpdError as error:
        raise DataError(f"column '{column}': {one_line(str(error))}") from None


def _positive_time(column: str, text: str) -> float:
    hours = _time(column, text)
    if not hours > 0:
        raise DataError(f"column '{column}': '{text}' is not possible; expected a time above 0. Correct it.")
    return hours


def one_line(message: str) -> str:
    """A message on one line, the order in quotes instead of above a caret, which needs a fixed-width font."""
    lines = [line.strip() for line in message.splitlines()]
    for place in range(2, len(lines)):
        if lines[place] and set(lines[place]) == {"^"}:
            lines[place - 2 : place + 1] = [f'{lines[place - 2]} in "{lines[place - 1]}".', "", ""]
    return " ".join(line for line in lines if line)
