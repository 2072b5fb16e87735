"""Genotypes that were not stated, drawn from the allele frequencies of an ancestry group.

Two chromosomes are drawn from each block of genes that are inherited together, which is Hardy-Weinberg equilibrium:
ABCB1 as haplotypes over its three variants, CYP3A4 with CYP3A5. Where one gene of a block is stated, the other is
drawn from the chromosomes that fit it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from functools import lru_cache
from itertools import accumulate, combinations_with_replacement
from typing import TYPE_CHECKING

from pkpd.library.catalogue import sampling_blocks
from pkpd.patients.genes import resolve
from pkpd.streams import stream

if TYPE_CHECKING:
    from pkpd.library.haplotypes import Block

__all__ = ["genotype_probabilities", "sample_genotypes"]

_Texts = dict[str, str]


def sample_genotypes(ancestry: str, stated: Mapping[str, str], seed: int, subject: int) -> dict[str, str]:
    """Draw the genotypes that are not stated.

    Parameters
    ----------
    ancestry : str
        EUR, AFR, EAS, SAS or AMR.
    stated : mapping of str to str
        Gene to genotype or phenotype; these are not drawn.
    seed, subject : int
        Key of the random streams; each block of genes has its own.

    Returns
    -------
    dict of str to str
        Gene to genotype text, for every gene with frequencies that is not stated.
    """
    found: dict[str, str] = {}
    for number, block in enumerate(sampling_blocks(ancestry)):
        if all(gene in stated for gene in block.genes):
            continue
        given = tuple((gene, stated[gene]) for gene in block.genes if gene in stated)
        texts, cumulative = _table(ancestry, number, given)
        chance = stream(seed, subject, "genotype " + " ".join(block.genes)).random()
        # The last sum may fall short of 1 by rounding.
        drawn = texts[min(bisect_right(cumulative, chance), len(texts) - 1)]
        found.update({gene: text for gene, text in drawn.items() if gene not in stated})
    return found


def genotype_probabilities(ancestry: str, gene: str) -> dict[str, float]:
    """Expected share of each genotype of a gene in a group, in Hardy-Weinberg equilibrium.

    Parameters
    ----------
    ancestry : str
        EUR, AFR, EAS, SAS or AMR.
    gene : str
        As the library names it.

    Returns
    -------
    dict of str to float
        Genotype text, as `sample_genotypes` gives it, to probability; empty for a gene without frequencies.
    """
    shares: dict[str, float] = {}
    for block in sampling_blocks(ancestry):
        if gene in block.genes:
            for texts, share in _pairs(block):
                shares[texts[gene]] = shares.get(texts[gene], 0.0) + share
    return shares


def _pairs(block: Block) -> list[tuple[_Texts, float]]:
    """Genotype texts and probability of every pair of chromosomes that occurs."""
    present = [number for number, share in enumerate(block.frequencies) if share > 0.0]
    pairs = []
    for first, second in combinations_with_replacement(present, 2):
        share = block.frequencies[first] * block.frequencies[second] * (1.0 if first == second else 2.0)
        texts = {gene: _canonical(gene, text) for gene, text in block.genotypes(first, second).items()}
        pairs.append((texts, share))
    return pairs


def _canonical(gene: str, text: str) -> str:
    """The alleles in the library's order, so that one genotype has one text."""
    alleles = resolve(gene, text).alleles
    return "/".join(alleles) if len(alleles) == 2 else text


@lru_cache(maxsize=1024)
def _table(ancestry: str, number: int, given: tuple[tuple[str, str], ...]) -> tuple[list[_Texts], list[float]]:
    """Genotype texts of a block and their cumulative probabilities, among the pairs that fit what is given."""
    pairs = _pairs(sampling_blocks(ancestry)[number])
    fitting = [pair for pair in pairs if all(_fits(gene, text, pair[0][gene]) for gene, text in given)]
    # A stated allele that the group does not have says nothing about the other gene.
    chosen = fitting or pairs
    total = sum(share for _, share in chosen)
    return [texts for texts, _ in chosen], list(accumulate(share / total for _, share in chosen))


def _fits(gene: str, stated: str, drawn: str) -> bool:
    """Whether a drawn genotype is the stated one, or has the stated phenotype."""
    known, other = resolve(gene, stated), resolve(gene, drawn)
    if known.diplotype is not None:
        return known.diplotype == other.diplotype
    return known.phenotype == other.phenotype
