"""`pkpd genes`: the genes of the library, their alleles, and which drugs they change."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from pkpd.cli.shared import add_json, print_json, subject_of, text_table

if TYPE_CHECKING:
    from pkpd.library.evidence import Source
    from pkpd.library.gene import Gene

HELP = "list the genes, or show the alleles, phenotypes, frequencies and effects of one"
EXAMPLES = """examples:
  pkpd genes
  pkpd genes CYP2C9
  pkpd genes HLA-B --json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `pkpd genes`."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="a gene; without it all are listed")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the list, or everything about one gene."""
    from pkpd.library.catalogue import list_genes, load_gene

    if arguments.name is not None:
        gene = load_gene(arguments.name)
        if arguments.json:
            print_json(_record(gene))
        else:
            print(_text(gene))
        return 0
    genes = [load_gene(name) for name in list_genes()]
    if arguments.json:
        print_json([{"name": g.name, "title": g.title, "alleles": list(g.alleles), "drugs": _drugs(g)} for g in genes])
    else:
        rows = [(g.name, g.title, " ".join(g.alleles), ", ".join(_drugs(g)) or "none") for g in genes]
        print(text_table(("gene", "title", "alleles", "drugs with a stated effect"), rows))
    return 0


def _drugs(gene: Gene) -> list[str]:
    """Drugs whose file states an effect of this gene."""
    from pkpd.library.catalogue import list_drugs, load_drug

    return [name for name in list_drugs() if any(effect.gene == gene.name for effect in load_drug(name).effects)]


def _effects(gene: Gene) -> list[dict[str, Any]]:
    from pkpd.library.catalogue import list_drugs, load_drug

    return [
        {"drug": name, "genotype": subject_of(effect), "target": effect.target, "multiplier": effect.multiplier,
         "low": effect.low, "high": effect.high, "range": effect.span, "on": effect.on,
         "scenario_multiplier": effect.scenario_multiplier, "status": effect.status, "grade": effect.grade,
         "source": effect.source, "note": effect.note}
        for name in list_drugs() for effect in load_drug(name).effects if effect.gene == gene.name
    ]  # fmt: skip


def _sources(gene: Gene) -> dict[str, Source]:
    """The sources of the gene, and those of its effects, which stand in the files of the drugs."""
    from pkpd.library.catalogue import list_drugs, load_drug

    drugs = [load_drug(name) for name in list_drugs()]
    of_effects = {e.source: drug.sources[e.source] for drug in drugs for e in drug.effects if e.gene == gene.name}
    return {**gene.sources, **of_effects}


def _text(gene: Gene) -> str:
    parts = [f"{gene.name}: {gene.title}"]
    parts += [text for text in (gene.rule, gene.note) if text]
    alleles = [
        (name, allele.function, "" if allele.activity is None else f"{allele.activity:g}", _frequencies(gene, name))
        for name, allele in gene.alleles.items()
    ]
    parts.append(text_table(("allele", "function", "activity", "frequency by ancestry"), alleles))
    if gene.pairs:
        parts.append("Phenotypes:\n" + "\n".join(f"  {pair}: {phenotype}" for pair, phenotype in gene.pairs.items()))
    effects = [
        (e["drug"], e["genotype"], e["target"], f"{e['multiplier']:g}", e["range"] or "-", "on" if e["on"] else "off",
         e["status"], e["grade"] or "-", e["source"], e["note"])
        for e in _effects(gene)
    ]  # fmt: skip
    head = ("drug", "genotype", "target", "multiplier", "range", "established", "status", "grade", "source", "note")
    if effects:
        parts.append("Effects:\n" + text_table(head, effects, indent="  "))
    parts.append("Sources:\n" + "\n".join(f"  {key}: {source}" for key, source in _sources(gene).items()))
    return "\n\n".join(parts)


def _frequencies(gene: Gene, allele: str) -> str:
    return ", ".join(f"{group} {f.value:g}" for group, f in gene.frequencies.get(allele, {}).items())


def _record(gene: Gene) -> dict[str, Any]:
    """Everything that the text shows, for machines."""
    return {
        "name": gene.name,
        "title": gene.title,
        "rule": gene.rule,
        "note": gene.note,
        "alleles": {
            name: {"function": allele.function, "activity": allele.activity} for name, allele in gene.alleles.items()
        },
        "pairs": dict(gene.pairs),
        "frequencies": {
            allele: {group: {"value": f.value, "status": f.status, "source": f.source} for group, f in groups.items()}
            for allele, groups in gene.frequencies.items()
        },
        "effects": _effects(gene),
        "sources": {key: str(source) for key, source in _sources(gene).items()},
        "sha256": gene.sha256,
    }
