"""Sampled genotypes: Hardy-Weinberg against the frequencies, haplotypes kept together, what is stated kept."""

import dataclasses
from collections import Counter

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import chisquare

from pkpd.library.catalogue import list_genes, load_gene
from pkpd.library.haplotypes import allele_frequencies
from pkpd.patients.genotypes import genotype_probabilities, sample_genotypes
from pkpd.patients.population import Population

GROUPS = ("EUR", "AFR", "EAS", "SAS", "AMR")
N = 2000

# Fractions of chromosomes, EUR AFR EAS SAS AMR, from the published tables that the gene files cite.
PUBLISHED = {
    ("CYP3A4", "*22"): (0.050, 0.0005, 0.0, 0.006, 0.026),
    ("CYP3A4", "*18"): (0.0, 0.002, 0.019, 0.0, 0.0005),
    ("CYP3A5", "*3"): (0.943, 0.180, 0.713, 0.668, 0.797),
    ("CYP3A5", "*6"): (0.003, 0.154, 0.0, 0.0, 0.023),
    ("CYP2C9", "*2"): (0.124, 0.008, 0.001, 0.035, 0.065),
    ("CYP2C9", "*3"): (0.068, 0.010, 0.034, 0.117, 0.035),
    ("CYP2C19", "*2"): (0.183, 0.181, 0.310, 0.340, 0.101),
    ("CYP2C19", "*17"): (0.224, 0.235, 0.015, 0.136, 0.120),
    ("CYP2B6", "*6"): (0.25, 0.40, 0.16, 0.38, 0.27),
    ("UGT2B15", "*2"): (0.55, 0.40, 0.36, 0.50, 0.45),
    ("UGT2B7", "*2"): (0.49, 0.25, 0.27, 0.38, 0.35),
}
# Variant shares at 1236, 2677, 3435.
ABCB1 = {
    "EUR": (0.39, 0.42, 0.57),
    "AFR": (0.13, 0.085, 0.15),
    "EAS": (0.68, 0.40, 0.42),
    "SAS": (0.59, 0.60, 0.58),
    "AMR": (0.54, 0.42, 0.55),
}


@pytest.fixture(scope="module")
def samples():
    """Genotypes of N subjects in each group."""
    return {group: [sample_genotypes(group, {}, 14, i) for i in range(N)] for group in GROUPS}


def chromosomes(subjects, gene):
    return [allele for subject in subjects for allele in subject[gene].split("/")]


@pytest.mark.parametrize("group", GROUPS)
def test_every_gene_is_sampled(samples, group):
    assert set(samples[group][0]) == set(list_genes())


@pytest.mark.parametrize("gene, allele", PUBLISHED)
def test_allele_shares_are_the_published_ones(samples, gene, allele):
    for group, share in zip(GROUPS, PUBLISHED[gene, allele]):
        found = chromosomes(samples[group], gene).count(allele) / (2 * N)
        # Four standard errors of a binomial share; an allele that the group does not have never occurs.
        assert_allclose(found, share, rtol=0, atol=4 * np.sqrt(share * (1 - share) / (2 * N)))


@pytest.mark.parametrize("gene", sorted({gene for gene, _ in PUBLISHED}))
@pytest.mark.parametrize("group", GROUPS)
def test_hardy_weinberg(samples, gene, group):
    """Observed genotypes against p squared and 2pq of the published alleles, the rarest cells pooled."""
    shares = {allele: by[GROUPS.index(group)] for (name, allele), by in PUBLISHED.items() if name == gene}
    others = 1 - sum(shares.values())
    pairs = Counter()
    for subject in samples[group]:
        pairs[tuple(sorted(a if a in shares else "other" for a in subject[gene].split("/")))] += 1
    shares["other"] = others
    alleles = sorted(shares)
    expected = {(a, b): shares[a] * shares[b] * (1 if a == b else 2) * N for a in alleles for b in alleles if a <= b}
    common = [pair for pair, count in expected.items() if count >= 5]
    observed = [pairs[pair] for pair in common] + [N - sum(pairs[pair] for pair in common)]
    wanted = [expected[pair] for pair in common] + [N - sum(expected[pair] for pair in common)]
    if wanted[-1] < 1e-6:
        assert observed.pop() == 0
        wanted.pop()
    if len(wanted) > 1:
        # 35 tables with fixed seeds: a share of 1e-4 would be a wrong law, not bad luck.
        assert chisquare(observed, np.array(wanted) * sum(observed) / sum(wanted)).pvalue > 1e-4


def test_hla_carriers(samples):
    for group, share in {"EAS": 0.07, "SAS": 0.02}.items():
        carriers = sum(subject["HLA-B"] == "+" for subject in samples[group]) / N
        expected = 1 - (1 - share) ** 2
        assert_allclose(carriers, expected, rtol=0, atol=4 * np.sqrt(expected * (1 - expected) / N))


@pytest.mark.parametrize("group", GROUPS)
def test_abcb1_is_sampled_as_haplotypes(samples, group):
    haplotypes = chromosomes(samples[group], "ABCB1")
    variants = np.array([[h[0] == "T", h[1] == "T", h[2] == "T"] for h in haplotypes])
    shares = np.array(ABCB1[group])
    assert_allclose(variants.mean(axis=0), shares, rtol=0, atol=4 * np.sqrt(0.25 / (2 * N)))
    # Complete linkage (D' = 1): a rarer variant never stands without the commoner ones.
    order = np.argsort(-shares)
    ordered = variants[:, order]
    assert not np.any(ordered[:, 1] & ~ordered[:, 0]) and not np.any(ordered[:, 2] & ~ordered[:, 1])
    # Hence TTT is as frequent as the rarest variant and CGC as the absence of the commonest.
    assert_allclose(haplotypes.count("TTT") / (2 * N), shares.min(), rtol=0, atol=4 * np.sqrt(0.25 / (2 * N)))
    assert_allclose(haplotypes.count("CGC") / (2 * N), 1 - shares.max(), rtol=0, atol=4 * np.sqrt(0.25 / (2 * N)))


def test_cgc_and_ttt_dominate_in_europe():
    common = Counter(chromosomes([sample_genotypes("EUR", {}, 3, i) for i in range(500)], "ABCB1")).most_common(2)
    assert {haplotype for haplotype, _ in common} == {"CGC", "TTT"}


@pytest.mark.parametrize("group", ["EUR", "SAS", "AMR"])
def test_cyp3a4_22_stands_with_cyp3a5_3(samples, group):
    carriers = [subject for subject in samples[group] if "*22" in subject["CYP3A4"].split("/")]
    assert carriers
    for subject in carriers:
        assert subject["CYP3A5"].split("/").count("*3") >= subject["CYP3A4"].split("/").count("*22")


def test_check_point_of_european_sampling():
    """CYP3A4 IM 9.5 %, PM 0.25 %; CYP2C9 with *2 0.1243 and *3 0.068: NM 65, AS 1.5 20, AS 1 12.5, PM 2.2 %."""
    shares = Counter()
    for text, share in genotype_probabilities("EUR", "CYP3A4").items():
        shares[load_gene("CYP3A4").resolve(text).phenotype] += share
    assert_allclose([shares["IM"], shares["PM"]], [0.095, 0.0025], rtol=1e-9)

    gene = load_gene("CYP2C9")
    two = {
        allele: {"EUR": dataclasses.replace(gene.frequencies[allele]["EUR"], value=value)}
        for allele, value in {"*2": 0.1243, "*3": 0.068}.items()
    }
    alleles = allele_frequencies(dataclasses.replace(gene, frequencies=two), "EUR")
    shares = Counter()
    for a, p in alleles.items():
        for b, q in alleles.items():
            found = gene.resolve(f"{a}/{b}")
            shares["PM" if found.phenotype == "PM" else found.activity_score] += p * q
    # Printed to whole or half per cent.
    assert_allclose([shares[2.0], shares[1.5], shares[1.0]], [0.65, 0.20, 0.125], rtol=0, atol=0.005)
    assert_allclose(shares["PM"], 0.022, rtol=0, atol=0.0005)


@pytest.mark.parametrize("group", GROUPS)
def test_probabilities_sum_to_one(group):
    for gene in list_genes():
        assert_allclose(sum(genotype_probabilities(group, gene).values()), 1.0, rtol=1e-12)


# ---- what is stated


def test_stated_genes_are_kept_and_not_listed_as_sampled():
    who = Population(2, ancestry="EUR", genotype={"CYP2C9": "*3/*3", "ABCB1": "CT"}).patient(1)
    assert who.genotype["CYP2C9"] == "*3/*3" and who.genotype["ABCB1"] == "CT"
    assert set(who.sampled_genes) == set(list_genes()) - {"CYP2C9", "ABCB1"}


def test_without_ancestry_nothing_is_sampled():
    assert Population(3, weight_kg=[60, 70, 80]).patient(1).genotype == {}


def test_the_partner_of_a_stated_gene_is_drawn_from_fitting_chromosomes():
    partners = [sample_genotypes("SAS", {"CYP3A4": "*1/*22"}, 1, i) for i in range(400)]
    assert all("CYP3A4" not in texts for texts in partners)
    assert all("*3" in texts["CYP3A5"].split("/") for texts in partners)
    # The other chromosome is *3 as often as among those without *22: (0.668 - 0.006) / (1 - 0.006).
    share = (0.668 - 0.006) / (1 - 0.006)
    found = np.mean([texts["CYP3A5"] == "*3/*3" for texts in partners])
    assert_allclose(found, share, rtol=0, atol=4 * np.sqrt(share * (1 - share) / 400))


@pytest.mark.parametrize("stated", ["*1/*26", "RM"])
def test_a_stated_gene_that_the_group_does_not_have_leaves_the_partner_free(stated):
    partners = [sample_genotypes("EUR", {"CYP3A4": stated}, 1, i)["CYP3A5"] for i in range(400)]
    assert_allclose(np.mean([text == "*3/*3" for text in partners]), 0.943**2, rtol=0, atol=0.065)


def test_ancestries_differ():
    few = Population(300, seed=2, ancestry="AFR")
    expressers = [few.patient(i).genotypes["CYP3A5"].phenotype != "PM" for i in range(300)]
    # Non-expressers carry two of *3, *6, *7: (0.180 + 0.154 + 0.10) squared.
    assert_allclose(np.mean(expressers), 1 - 0.434**2, rtol=0, atol=4 * np.sqrt(0.19 * 0.81 / 300))


def test_a_list_of_ancestries():
    two = Population(2, ancestry=["EUR", None])
    assert two.patient(0).sampled_genes and not two.patient(1).sampled_genes
