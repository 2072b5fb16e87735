"""The genes of a patient: names of the columns, and texts such as ``*1/*22`` or ``PM`` turned into genotypes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from pkpd.errors import ParameterError, PkpdError, did_you_mean
from pkpd.options import need_mapping

if TYPE_CHECKING:
    from pkpd.library.gene import Genotype

__all__ = ["gene_columns", "gene_name", "read_genes", "resolve"]


@cache
def gene_columns() -> dict[str, str]:
    """Spellings of the gene columns, mapped to the gene: every gene of the library, `HLA_B` as well as `HLA-B`."""
    from pkpd.library.catalogue import list_genes

    genes = list_genes()
    return {**{gene.replace("-", "_"): gene for gene in genes}, **{gene: gene for gene in genes}}


def gene_name(text: str, where: str = "patient, genotype") -> str:
    """Return the library's name of a gene, whatever the letter case, with `HLA_B` for `HLA-B`.

    Raises
    ------
    ParameterError
        If the library has no such gene.
    """
    known = gene_columns()
    if text in known:
        return known[text]
    by_case = {name.lower(): gene for name, gene in known.items()}
    word = str(text).strip().lower()
    if word not in by_case:
        genes = sorted(set(known.values()))
        raise ParameterError(
            f"{where}: '{text}' is not a gene of the library; expected one of {', '.join(genes)}. "
            f"Correct the name, or leave it out.{did_you_mean(word, genes)}"
        )
    return by_case[word]


def read_genes(genotype: Mapping[str, Any], columns: Mapping[str, Any]) -> dict[str, str]:
    """Gene to text, from a mapping of genes and from gene columns; ``None`` is "unknown".

    Parameters
    ----------
    genotype : mapping of str to str
        Any letter case, `HLA_B` or `HLA-B`.
    columns : mapping of str to str
        Column, spelled as in `gene_columns`, to cell.

    Returns
    -------
    dict of str to str
        In the library's names.

    Raises
    ------
    ParameterError
        If a gene is unknown, is given twice with different texts, or its value is no text.
    """
    need_mapping("genotype", genotype, "{'CYP2C9': '*1/*3'}")
    genes: dict[str, str] = {}
    known = gene_columns()
    for name, text in (*genotype.items(), *columns.items()):
        gene = known[name] if name in known else gene_name(name)
        if text is None:
            continue
        if not isinstance(text, str):
            raise ParameterError(
                f"patient, column '{name}': '{text}' is not a genotype; expected text such as '*1/*2' or 'PM'. "
                "Leave it out if the genotype is unknown."
            )
        word = text.strip()
        if genes.setdefault(gene, word) != word:
            raise ParameterError(
                f"patient, column '{name}': '{word}' contradicts '{genes[gene]}', given for {gene} as well; expected "
                "one genotype for a gene. Leave one of the two out."
            )
    return genes


@lru_cache(maxsize=4096)
def resolve(gene: str, text: str) -> Genotype:
    """Genotype of a text; an unknown allele or phenotype is a `ParameterError` that names the column."""
    from pkpd.library.catalogue import load_gene

    try:
        return load_gene(gene).resolve(text)
    except PkpdError as error:
        raise ParameterError(f"patient, column '{gene}': {error}") from None
