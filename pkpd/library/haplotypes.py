"""Chromosomes to draw from: for each group, blocks of genes that are inherited together with their frequencies.

Two chromosomes drawn from every block make a subject, which is Hardy-Weinberg equilibrium. The marginal frequencies of
all alleles are those of the gene files; only their combination on a chromosome is a construction: linked alleles stand
together as often as their frequencies allow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pkpd.library.gene import Gene

__all__ = ["Block", "allele_frequencies", "make_blocks"]


@dataclass(frozen=True)
class Block:
    """Genes that are drawn together.

    Attributes
    ----------
    genes : tuple of str
    haplotypes : tuple of tuple of str
        The allele of each gene on a chromosome.
    frequencies : tuple of float
        Of the haplotypes; they sum to 1.
    """

    genes: tuple[str, ...]
    haplotypes: tuple[tuple[str, ...], ...]
    frequencies: tuple[float, ...]

    def genotypes(self, first: int, second: int) -> dict[str, str]:
        """Return gene to genotype text for the haplotypes of these two indices."""
        pairs = zip(self.genes, self.haplotypes[first], self.haplotypes[second])
        texts = {}
        for gene, a, b in pairs:
            carried = {"+", "-"} >= {a, b}
            texts[gene] = ("+" if "+" in (a, b) else "-") if carried else f"{a}/{b}"
        return texts


def allele_frequencies(gene: Gene, group: str) -> dict[str, float]:
    """Frequencies of all alleles of a gene in a group; the reference allele takes the rest.

    For HLA-B the alleles are ``+`` and ``-``; for ABCB1 they are haplotypes over its variants.
    """
    marginal = {name: by_group[group].value for name, by_group in gene.frequencies.items()}
    if gene.method == "carrier":
        risk = sum(marginal.values())
        return {"-": 1.0 - risk, "+": risk}
    if gene.method == "haplotype":
        return _nested_haplotypes(gene, marginal)
    return {gene.reference: 1.0 - sum(marginal.values()), **marginal}


def _nested_haplotypes(gene: Gene, marginal: dict[str, float]) -> dict[str, float]:
    """Combine variants with the strongest linkage that their frequencies allow: rarer ones nest in commoner ones.

    A variant is written ``3435T`` and its site in `gene.variants` ``3435C>T``: with frequencies 0.39, 0.42, 0.57 the
    chromosomes are TTT 0.39, CTT 0.03, CGT 0.15, CGC 0.43.
    """
    sites = [variant.split()[0] for variant in gene.variants]
    shares = [next(value for name, value in marginal.items() if name[:-1] == site[:-3]) for site in sites]
    cuts = sorted({0.0, 1.0, *shares})
    found = {}
    for low, high in zip(cuts, cuts[1:]):
        letters = [site[-1] if share >= high else site[-3] for site, share in zip(sites, shares)]
        found["".join(letters)] = high - low
    return found


def make_blocks(names: Iterable[str], load: Callable[[str], Gene], group: str) -> tuple[Block, ...]:
    """Make the blocks of a group.

    Parameters
    ----------
    names : iterable of str
    load : callable
        From name to Gene.
    group : str
        EUR, AFR, EAS, SAS or AMR.
    """
    genes = {name: load(name) for name in names}
    linked = {gene.linked_to for gene in genes.values() if gene.linked_to}
    blocks = []
    for name, gene in genes.items():
        if name in linked or not gene.frequencies:
            continue
        own = allele_frequencies(gene, group)
        if gene.linked_to:
            together = _join(gene, own, allele_frequencies(genes[gene.linked_to], group))
            blocks.append(Block((name, gene.linked_to), tuple(together), tuple(together.values())))
        else:
            blocks.append(Block((name,), tuple((allele,) for allele in own), tuple(own.values())))
    return tuple(blocks)


def _join(gene: Gene, own: dict[str, float], other: dict[str, float]) -> dict[tuple[str, str], float]:
    """Put linked alleles on one chromosome, as often as both allow, and combine the rest independently."""
    joint: dict[tuple[str, str], float] = {}
    rest, other_rest = dict(own), dict(other)
    for allele, partner in gene.linkage.items():
        share = min(rest.get(allele, 0.0), other_rest.get(partner, 0.0))
        joint[allele, partner] = share
        rest[allele] -= share
        other_rest[partner] -= share
    total = sum(rest.values())
    for allele, share in rest.items():
        for partner, other_share in other_rest.items():
            joint[allele, partner] = joint.get((allele, partner), 0.0) + share * other_share / total
    return joint
