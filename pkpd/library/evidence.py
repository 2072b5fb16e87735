"""What stands behind a number: its source, its status and its grade; knows the words and nothing about the numbers."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GRADES", "STATUSES", "Source"]

STATUSES = {
    "seen": "read in the source itself, in a transcription with table numbers, or in open code",
    "seen-2nd": "read only in a secondary text",
    "derived": "computed from seen numbers by a stated rule",
    "fitted": "estimated from data by this package",
    "memory": "recalled, not read again: check before publishing",
    "assumption": "a choice of this project",
}
GRADES = {
    "A": "guideline level or replicated human pharmacokinetics",
    "B": "consistent human pharmacokinetics",
    "C": "single or conflicting human data",
    "D": "animal, in vitro or mechanistic extrapolation, or an assumption",
    "N": "human evidence is null or contradictory",
}


@dataclass(frozen=True)
class Source:
    """One entry of a file's ``[sources]`` table.

    Attributes
    ----------
    key : str
        The name by which values point to it; ``project`` is the source of assumptions.
    cite : str
        The citation in one line.
    doi, pmid, pmcid, status, via, note : str
        Identifiers, how far the source itself was read, and through what; empty where not given.
    """

    key: str
    cite: str
    doi: str = ""
    pmid: str = ""
    pmcid: str = ""
    status: str = ""
    via: str = ""
    note: str = ""

    def __str__(self) -> str:
        marks = [f"doi {self.doi}" if self.doi else "", f"PMID {self.pmid}" if self.pmid else "", self.pmcid]
        return "; ".join(part for part in (self.cite, *marks) if part)
