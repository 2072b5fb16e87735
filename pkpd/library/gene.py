"""A gene: its alleles and their function, from pair of alleles to phenotype, and how a genotype may be written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pkpd.errors import ParameterError, did_you_mean
from pkpd.library.evidence import Source

__all__ = ["PHENOTYPES", "Allele", "Frequency", "Gene", "Genotype", "canonical_pair"]

PHENOTYPES = {"PM": "poor", "IM": "intermediate", "NM": "normal", "RM": "rapid", "UM": "ultrarapid"}
_WORDS = {word: short for short, word in PHENOTYPES.items()} | {"extensive": "NM", "em": "NM", "ultra rapid": "UM"}
_WORDS |= {short.lower(): short for short in PHENOTYPES} | {"expresser": "NM", "expressor": "NM"}
_WORDS |= {"nonexpresser": "PM", "nonexpressor": "PM", "non expresser": "PM", "non expressor": "PM"}
_PLUS = frozenset({"+", "+/+", "+/-", "-/+", "positive", "carrier", "*15:02", "*15:02/*15:02"})
_MINUS = frozenset({"-", "-/-", "negative", "non carrier", "noncarrier", "\u2212"})


@dataclass(frozen=True)
class Allele:
    """An allele: function (normal, decreased, none, increased), activity value where the gene counts them."""

    name: str
    function: str
    activity: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Frequency:
    """Fraction of chromosomes with an allele in one ancestry group."""

    value: float
    status: str
    source: str


@dataclass(frozen=True)
class Genotype:
    """What is known of a patient's gene.

    Attributes
    ----------
    gene, text : str
        Text as stated.
    diplotype : str or None
        Both alleles in canonical order (``"*1/*22"``; ABCB1 ``"CT"``; HLA-B ``"+"``); None for a stated phenotype.
    phenotype : str or None
        PM IM NM RM UM; None where the gene has none, or none is defined for the pair.
    activity_score : float or None
    alleles : tuple of str
        Empty for a stated phenotype; the haplotypes where those of ABCB1 are known.
    no_function_alleles : int or None
    note : str
        What was decided in reading it, empty for nothing.
    """

    gene: str
    text: str
    diplotype: str | None = None
    phenotype: str | None = None
    activity_score: float | None = None
    alleles: tuple[str, ...] = ()
    no_function_alleles: int | None = None
    note: str = ""

    def __str__(self) -> str:
        parts = [part for part in (self.diplotype, self.phenotype) if part]
        return f"{self.gene} {' '.join(parts) or self.text}"


def _allele_key(name: str) -> tuple[int, str]:
    digits = re.match(r"\*?(\d+)", name)
    return (int(digits[1]) if digits else 10**6, name)


def canonical_pair(first: str, second: str) -> tuple[str, str]:
    """Order two alleles: star alleles by number, letters by the alphabet."""
    a, b = sorted((first, second), key=_allele_key)
    return a, b


@dataclass(frozen=True)
class Gene:
    """A gene of the library.

    Attributes
    ----------
    name, title : str
    method : str
        activity_score | function_pair | allele_count | haplotype | carrier.
    alleles : dict of str to Allele
    pairs : dict of str to str
        ``"normal/none"`` (or an activity score) to phenotype.
    reference : str
        The allele that takes what the frequencies leave.
    frequencies : dict of str to dict of str to Frequency
        Allele (or variant) to ancestry group to frequency.
    linkage : dict of str to str
        Allele of this gene to the allele of the gene `linked_to` that stands on the same chromosome.
    linked_to : str
    variants : tuple of str
    rule, note, source, status, grade, sha256 : str
    sources : dict of str to Source
    """

    name: str
    title: str
    method: str
    alleles: Mapping[str, Allele]
    pairs: Mapping[str, str]
    reference: str
    frequencies: Mapping[str, Mapping[str, Frequency]]
    linkage: Mapping[str, str]
    linked_to: str
    variants: tuple[str, ...]
    rule: str
    note: str
    source: str
    status: str
    grade: str
    sources: Mapping[str, Source] = field(repr=False)
    sha256: str = field(repr=False)

    def resolve(self, text: str) -> Genotype:
        """Read a genotype or a phenotype.

        Parameters
        ----------
        text : str
            A pair of alleles in either order (``"*22/*1"``), a phenotype (``"PM"``, ``"poor metaboliser"``), for ABCB1
            the 3435 genotype (``"CT"``) or two haplotypes (``"CGC/TTT"``), for HLA-B ``"+"`` or ``"-"``.

        Returns
        -------
        Genotype

        Raises
        ------
        ParameterError
            If an allele is unknown (the known ones are listed), or the text is neither.
        """
        word = re.sub(r"\s+", " ", str(text)).strip()
        if self.method == "carrier":
            return self._carrier(text, word)
        if self.method == "haplotype":
            return self._haplotypes(text, word)
        phenotype = self._phenotype_word(word)
        if phenotype is not None:
            known = {value.rpartition(" ")[2] for value in self.pairs.values()}
            note = "" if phenotype in known else f"no pair of known {self.name} alleles makes {phenotype}"
            note = note or ("likely taken as stated" if word.lower().startswith("likely") else "")
            return Genotype(self.name, str(text), phenotype=phenotype, note=note)
        bare = word.replace(" ", "")
        if bare.lower().startswith(self.name.lower()):
            bare = bare[len(self.name) :]
        parts = bare.split("/")
        if len(parts) != 2 or not all(parts):
            raise self._error(text, "a pair of alleles such as '*1/*2', or a phenotype (PM IM NM RM UM)", word)
        return self._pair(str(text), *canonical_pair(*(self._allele(part, text) for part in parts)))

    def _phenotype_word(self, word: str) -> str | None:
        plain = re.sub(r"[-_ ]+", " ", word.lower()).strip()
        plain = re.sub(r"^likely ", "", plain)
        plain = re.sub(r" metaboli[sz]ers?$", "", plain)
        return _WORDS.get(plain)

    def _allele(self, part: str, text: str) -> str:
        name = part if part.startswith("*") else f"*{part}"
        by_case = {allele.lower(): allele for allele in self.alleles}
        if name.lower() in by_case:
            return by_case[name.lower()]
        known = ", ".join(self.alleles)
        hint = did_you_mean(name, self.alleles).strip() or "Choose one of these, or state the phenotype."
        raise ParameterError(f"{self.name} '{text}': the allele '{part}' is not known; expected one of {known}. {hint}")

    def _pair(self, text: str, first: str, second: str) -> Genotype:
        both = (self.alleles[first], self.alleles[second])
        score, note = None, ""
        if self.method == "activity_score":
            score = sum(allele.activity or 0.0 for allele in both)
            phenotype = self.pairs.get(f"{score:.1f}")
        else:
            a, b = (allele.function for allele in both)
            phenotype = self.pairs.get(f"{a}/{b}") or self.pairs.get(f"{b}/{a}")
        if phenotype is None:
            note = "no phenotype is defined for this pair"
        elif phenotype.startswith("likely "):
            phenotype, note = phenotype[7:], f"{phenotype}, taken as {phenotype[7:]}"
        lost = sum(allele.function == "none" for allele in both)
        return Genotype(self.name, text, f"{first}/{second}", phenotype, score, (first, second), lost, note)

    def _haplotypes(self, text: str, word: str) -> Genotype:
        letters = word.upper().replace(" ", "")
        parts = letters.split("/") if "/" in letters else list(letters) if len(letters) == 2 else []
        sites = [(variant.split()[0][-3], variant.split()[0][-1]) for variant in self.variants]
        if len(parts) == 2 and any(
            all(len(part) == len(known) and all(a in b for a, b in zip(part, known)) for part in parts)
            for known in (sites[-1:], sites)
        ):
            first, second = sorted(parts)
            alleles = (first, second)
            a, b = sorted((first[-1], second[-1]))
            return Genotype(self.name, str(text), a + b, None, None, alleles)
        raise self._error(text, f"the genotype at {self.variants[-1]}: CC, CT or TT", word)

    def _carrier(self, text: str, word: str) -> Genotype:
        plain = re.sub(r"[-_ ]+", " ", word.lower()) if len(word) > 3 else word
        plain = plain.removeprefix("hla b").strip() or plain
        risk = next(iter(self.alleles))
        if plain in _PLUS:
            return Genotype(self.name, str(text), "+", alleles=(risk,), note=f"carrier of {risk}")
        if plain in _MINUS:
            return Genotype(self.name, str(text), "-", note=f"no carrier of {risk}")
        raise self._error(text, f"'+' or '-' for carriers of {risk}", word)

    def _error(self, text: str, expected: str, word: str) -> ParameterError:
        known = (
            (*self.alleles, *PHENOTYPES) if self.method in ("activity_score", "function_pair", "allele_count") else ()
        )
        hint = did_you_mean(word, known).strip() or "Leave it out if it is unknown."
        alleles = f"; known alleles: {', '.join(self.alleles)}" if known else ""
        return ParameterError(f"{self.name}: '{text}' is not a genotype; expected {expected}{alleles}. {hint}")
