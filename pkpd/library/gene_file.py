"""Reads a gene file: alleles, phenotypes, frequencies by ancestry group with a status for each, and linkage."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from pkpd.library.evidence import STATUSES, Source
from pkpd.library.gene import PHENOTYPES, Allele, Frequency, Gene
from pkpd.library.reading import Table, read_evidence, read_sources, read_toml

__all__ = ["GROUPS", "read_gene"]

GROUPS = ("EUR", "AFR", "EAS", "SAS", "AMR")
METHODS = ("activity_score", "function_pair", "allele_count", "haplotype", "carrier")
FUNCTIONS = ("normal", "decreased", "none", "increased", "risk")
_GENE_KEYS = ("name", "title", "method", "reference", "variants", "rule", "note", "source", "status", "grade")


def read_gene(path: Path) -> Gene:
    """Read one gene file.

    Raises
    ------
    DrugFileError
        Naming file, table and key of what is wrong.
    """
    top, digest = read_toml(path)
    top.only(("gene", "alleles", "pairs", "frequencies", "linkage", "sources"))
    sources = read_sources(top)
    facts = top.table("gene")
    facts.only(_GENE_KEYS)
    if facts.text("name") != path.stem:
        raise facts.error(f"the name is '{facts.text('name')}'", f"'{path.stem}', the name of the file", "Correct one.")
    source, status, grade = read_evidence(facts, sources, grade=False)
    alleles = _read_alleles(top.table("alleles"))
    linkage = top.table("linkage", None)
    linkage.only(("gene", "pairs", "source", "status", "note"))
    if linkage.data:
        read_evidence(linkage, sources, grade=False)
    pairs = linkage.table("pairs", None)
    return Gene(
        name=path.stem,
        title=facts.text("title", ""),
        method=facts.text("method", choices=METHODS),
        alleles=alleles,
        pairs=_read_pairs(top.table("pairs", None)),
        reference=facts.text("reference", "*1"),
        frequencies=_read_frequencies(top.table("frequencies", None), sources),
        linkage={allele: pairs.text(allele) for allele in pairs},
        linked_to=linkage.text("gene", ""),
        variants=facts.texts("variants"),
        rule=facts.text("rule", ""),
        note=facts.text("note", ""),
        source=source,
        status=status,
        grade=grade,
        sources=sources,
        sha256=digest,
    )


def _read_alleles(table: Table) -> dict[str, Allele]:
    alleles = {}
    for name in table:
        entry = table.table(name)
        entry.only(("function", "activity", "note"))
        function = entry.text("function", choices=FUNCTIONS)
        alleles[name] = Allele(name, function, entry.number("activity", None), entry.text("note", ""))
    return alleles


def _read_pairs(table: Table) -> dict[str, str]:
    choices = (*PHENOTYPES, *(f"likely {phenotype}" for phenotype in PHENOTYPES))
    return {name: table.text(name, choices=choices) for name in table}


def _read_frequencies(table: Table, sources: Mapping[str, Source]) -> dict[str, dict[str, Frequency]]:
    found: dict[str, dict[str, Frequency]] = {}
    for allele in table:
        entry = table.table(allele)
        entry.only((*GROUPS, "status", "source", "note"))
        if "source" not in entry or entry.text("source") not in sources:
            raise entry.error("the source is missing or not in [sources]", "a key of that table", "Add it.")
        statuses = entry.texts("status")
        if len(statuses) != len(GROUPS) or not set(statuses) <= set(STATUSES):
            problem = f"'status' is {list(statuses)}"
            raise entry.error(problem, f"one status for each of {', '.join(GROUPS)}", "Give five.")
        values = [entry.number(group) for group in GROUPS]
        if not all(0 <= value <= 1 for value in values):
            raise entry.error("a frequency is outside 0 to 1", "fractions", "Correct it.")
        facts = zip(GROUPS, values, statuses)
        found[allele] = {group: Frequency(value, status, entry.text("source")) for group, value, status in facts}
    for group in GROUPS:
        stars = [name for name in found if name.startswith("*")]
        if math.fsum(found[name][group].value for name in stars) > 1 + 1e-9:
            raise table.error(f"the frequencies of {group} sum to more than 1", "a sum of at most 1", "Correct them.")
    return found
