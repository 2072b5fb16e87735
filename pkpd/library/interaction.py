"""Interactions of a comedication with a drug: remaining or induced fractions of clearances, and which rows apply."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pkpd.library.evidence import Source
from pkpd.library.reading import Table, read_evidence, read_sources, read_toml

__all__ = ["Interaction", "InteractionTable", "applicable", "read_interactions"]

KINDS = ("inhibitor", "inducer", "other")
_NUMBERS = ("hepatic", "gut", "cl_multiplier", "pgp")
_KEYS = (*_NUMBERS, "victim", "perpetrator", "kind", "dose", "aucr_iv", "aucr_oral", "exploratory", "note")


@dataclass(frozen=True)
class Interaction:
    """What chronic comedication with one drug (or two together) does to another.

    Attributes
    ----------
    victim : str
        A drug of the library, or ``*`` for every drug.
    perpetrators : tuple of str
        All of them have to be taken; one as a rule.
    kind : str
        inhibitor | inducer | other (named, but neither).
    hepatic, gut : float or None
        Fraction of hepatic and of gut CLint that remains (or is induced).
    cl_multiplier : float or None
        Multiplier on clearance itself.
    pgp : float or None
        Multiplier on P-gp clearance at the blood-brain barrier.
    exploratory : bool
        Applied only at the evidence level ``exploratory``.
    source, status, grade, note, dose : str
    aucr_iv, aucr_oral : tuple of float or None
        Observed AUC ratios (lowest, highest).
    """

    victim: str
    perpetrators: tuple[str, ...]
    kind: str
    hepatic: float | None
    gut: float | None
    cl_multiplier: float | None
    pgp: float | None
    exploratory: bool
    source: str
    status: str
    grade: str
    note: str = ""
    dose: str = ""
    aucr_iv: tuple[float, float] | None = None
    aucr_oral: tuple[float, float] | None = None

    @property
    def perpetrator(self) -> str:
        """The perpetrators joined by ``+``."""
        return "+".join(self.perpetrators)

    @property
    def is_quantified(self) -> bool:
        """False for an interaction that is known by name only."""
        return any(getattr(self, name) is not None for name in _NUMBERS)

    @property
    def strength(self) -> float:
        """How far it moves clearance, on a scale where larger is stronger within one kind."""
        factor = next((x for x in (self.hepatic, self.cl_multiplier, self.gut, self.pgp) if x is not None), 1.0)
        return max(factor, 1.0 / factor) if factor > 0 else float("inf")


@dataclass(frozen=True)
class InteractionTable:
    """All interactions, the other names of perpetrators, and the sources."""

    rows: tuple[Interaction, ...]
    aliases: Mapping[str, str]
    sources: Mapping[str, Source]
    sha256: str


def applicable(rows: Iterable[Interaction], victim: str, comedication: Collection[str]) -> tuple[Interaction, ...]:
    """Return the rows of a victim whose perpetrators are all taken.

    A row for two perpetrators together takes the place of the rows of its parts.

    Parameters
    ----------
    rows : iterable of Interaction
    victim : str
    comedication : collection of str
        Canonical names (see `pkpd.library.catalogue.canonical_perpetrator`).
    """
    taken = set(comedication)
    found = [row for row in rows if row.victim in (victim, "*") and taken.issuperset(row.perpetrators)]
    sets = [frozenset(row.perpetrators) for row in found]
    return tuple(row for row, own in zip(found, sets) if not any(own < other for other in sets))


def read_interactions(path: Path) -> InteractionTable:
    """Read the interaction file.

    Raises
    ------
    DrugFileError
        Naming file, row and key of what is wrong.
    """
    top, digest = read_toml(path)
    top.only(("aliases", "interactions", "sources"))
    sources = read_sources(top)
    aliases = top.table("aliases", None)
    rows = tuple(_read_row(entry, sources) for entry in top.tables("interactions"))
    return InteractionTable(rows, {name: aliases.text(name) for name in aliases}, sources, digest)


def _read_row(table: Table, sources: Mapping[str, Source]) -> Interaction:
    table.only((*_KEYS, "source", "status", "grade"))
    numbers = {name: table.number(name, None) for name in _NUMBERS}
    for name, number in numbers.items():
        if number is not None and number < 0:
            raise table.error(f"'{name}' is {number:g}", "a fraction from 0 up", "Correct it.")
    kind = table.text("kind", choices=KINDS)
    leading = next((number for number in numbers.values() if number is not None), None)
    if leading is not None and ((kind == "inhibitor" and leading > 1) or (kind == "inducer" and leading < 1)):
        raise table.error(
            f"an {kind} has the fraction {leading:g}", "below 1 to inhibit, above 1 to induce", "Correct it."
        )
    source, status, grade = read_evidence(table, sources)
    return Interaction(
        victim=table.text("victim"),
        perpetrators=tuple(re.split(r"\s*\+\s*", table.text("perpetrator"))),
        kind=kind,
        exploratory=table.flag("exploratory"),
        source=source,
        status=status,
        grade=grade,
        note=table.text("note", ""),
        dose=table.text("dose", ""),
        aucr_iv=_read_pair(table, "aucr_iv"),
        aucr_oral=_read_pair(table, "aucr_oral"),
        **numbers,
    )


def _read_pair(table: Table, key: str) -> tuple[float, float] | None:
    pair = table.data.get(key)
    if pair is None:
        return None
    if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(item, (int, float)) for item in pair):
        raise table.error(f"'{key}' is {pair!r}", "the lowest and the highest ratio", f"Write {key} = [0.2, 0.3].")
    return float(pair[0]), float(pair[1])
