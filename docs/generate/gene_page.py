"""The page of genes: alleles, phenotypes and frequencies, what each gene does to which drug, and comedication."""

from __future__ import annotations

from docs.generate.drug_page import sources
from docs.generate.markdown import code, number, page, table
from pkpd.library.catalogue import list_drugs, list_genes, load_drug, load_gene, load_interactions
from pkpd.library.gene import Gene
from pkpd.library.gene_file import GROUPS

__all__ = ["gene_page"]


def gene_page() -> str:
    """Return the page."""
    genes = [load_gene(name) for name in list_genes()]
    return page(
        "Gene tables",
        "Every gene of the library. How a genotype is written, and what it does to a clearance, is explained in "
        "[genes](genes.md). `pkpd genes NAME` prints the same in a terminal.",
        *[_gene(gene) for gene in genes],
        _comedication(),
    )


def _gene(gene: Gene) -> str:
    parts = [f"## {gene.name}", f"{gene.title}.", gene.rule, gene.note, _alleles(gene)]
    if gene.pairs:
        pairs = [f"{pair.replace('/', ' and ')}: {phenotype}" for pair, phenotype in gene.pairs.items()]
        parts.append(f"Phenotype by {_METHODS.get(gene.method, gene.method)}: {'; '.join(pairs)}.")
    parts.append(_effects(gene) or "No drug of the library states an effect of this gene.")
    drugs = [load_drug(name) for name in list_drugs()]
    of_effects = {e.source: drug.sources[e.source] for drug in drugs for e in drug.effects if e.gene == gene.name}
    parts.append(sources({**gene.sources, **of_effects}))
    return "\n\n".join(part for part in parts if part)


def _effects(gene: Gene) -> str:
    """What the gene does, one row for all drugs of which the same is stated."""
    drugs: dict[tuple[str, ...], list[str]] = {}
    for name in list_drugs():
        for effect in load_drug(name).effects:
            if effect.gene == gene.name:
                row = (effect.subject, code(effect.target), number(effect.multiplier), effect.span,
                       "on" if effect.on else "off", number(effect.scenario_multiplier), effect.status, effect.grade,
                       code(effect.source), effect.note)  # fmt: skip
                drugs.setdefault(row, []).append(f"[{name}](drugs/{name}.md)")
    head = ("drug", "genotype", "acts on", "multiplier", "range", "established", "exploratory", "status", "grade",
            "source", "note")  # fmt: skip
    return table(head, [(", ".join(names), *row) for row, names in drugs.items()])


_METHODS = {"activity_score": "activity score", "function_pair": "function of the two alleles"}


def _alleles(gene: Gene) -> str:
    rows = []
    for name in dict.fromkeys((*gene.alleles, *gene.frequencies)):
        allele, by_group = gene.alleles.get(name), gene.frequencies.get(name, {})
        function, activity = (allele.function, number(allele.activity)) if allele else ("", "")
        shares = [number(by_group[group].value) if group in by_group else "" for group in GROUPS]
        marks = ", ".join(dict.fromkeys(frequency.status for frequency in by_group.values()))
        rows.append((name, function, activity, *shares, marks, allele.note if allele else ""))
    return table(("allele", "function", "activity", *GROUPS, "status of the frequencies", "note"), rows)


def _comedication() -> str:
    rows = [
        (row.victim.replace("*", "every drug"), row.perpetrator.replace("+", " with "), row.kind, number(row.hepatic),
         number(row.gut), number(row.cl_multiplier), number(row.pgp), "exploratory" if row.exploratory else "",
         row.status, row.grade, row.dose, row.note)
        for row in load_interactions()
    ]  # fmt: skip
    head = ("drug", "with", "is an", "hepatic CLint", "gut CLint", "CL", "P-gp", "evidence", "status", "grade", "dose",
            "note")  # fmt: skip
    return (
        "## Comedication\n\nWhat a drug in `comedication`, taken before and throughout, leaves of (or adds to) the "
        "intrinsic clearance in liver and gut, the clearance, or P-gp. A row without a number is known by name only: a "
        "result names it and changes nothing.\n\n" + table(head, rows)
    )
