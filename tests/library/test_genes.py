"""Genotypes may be written as people write them; phenotypes follow the tables; haplotypes keep the marginals."""

import pytest
from numpy.testing import assert_allclose

from pkpd.errors import DrugFileError, ParameterError
from pkpd.library.catalogue import list_genes, load_drug, load_gene, sampling_blocks
from pkpd.library.gene_file import GROUPS, read_gene
from pkpd.library.haplotypes import allele_frequencies


@pytest.mark.parametrize(
    ("gene", "text", "diplotype", "phenotype"),
    [
        ("CYP3A4", "*1/*22", "*1/*22", "IM"),
        ("CYP3A4", "*22/*1", "*1/*22", "IM"),
        ("CYP3A4", " *22 / *22 ", "*22/*22", "PM"),
        ("CYP3A4", "*1b/*1", "*1/*1B", "NM"),
        ("CYP3A4", "CYP3A4*1/*20", "*1/*20", "IM"),
        ("CYP3A5", "*3/*1", "*1/*3", "IM"),
        ("CYP3A5", "*3/*3", "*3/*3", "PM"),
        ("CYP3A5", "expresser", None, "NM"),
        ("CYP2C9", "*3/*2", "*2/*3", "PM"),
        ("CYP2C9", "*2/*2", "*2/*2", "IM"),
        ("CYP2C9", "1/11", "*1/*11", "IM"),
        ("CYP2C19", "*17/*17", "*17/*17", "UM"),
        ("CYP2C19", "*17/*1", "*1/*17", "RM"),
        ("CYP2C19", "*17/*2", "*2/*17", "IM"),
        ("CYP2C19", "*1/*9", "*1/*9", "IM"),
        ("CYP2B6", "*4/*6", "*4/*6", "IM"),
        ("UGT2B15", "*2/*2", "*2/*2", "PM"),
        ("UGT2B7", "*2/*1", "*1/*2", "NM"),
        ("CYP2C19", "pm", None, "PM"),
        ("CYP2C19", "Poor metabolizer", None, "PM"),
        ("CYP2C19", "intermediate metaboliser", None, "IM"),
        ("CYP2C19", "likely IM", None, "IM"),
        ("CYP2C19", "extensive", None, "NM"),
        ("CYP2C19", "ultra-rapid metabolizer", None, "UM"),
        ("ABCB1", "CC", "CC", None),
        ("ABCB1", "tc", "CT", None),
        ("ABCB1", "T/T", "TT", None),
        ("ABCB1", "TTT/CGC", "CT", None),
        ("HLA-B", "+", "+", None),
        ("HLA_B", "negative", "-", None),
        ("hla-b", "+/-", "+", None),
    ],
)
def test_genotypes(gene, text, diplotype, phenotype):
    genotype = load_gene(gene).resolve(text)
    assert (genotype.diplotype, genotype.phenotype) == (diplotype, phenotype)
    assert genotype.text == text


def test_activity_scores_and_lost_alleles():
    # CPIC: *1 1, *2 *5 *8 *11 0.5, *3 *6 *13 0
    gene = load_gene("CYP2C9")
    for text, score, lost in [("*1/*1", 2.0, 0), ("*1/*3", 1.0, 1), ("*2/*8", 1.0, 0), ("*3/*13", 0.0, 2)]:
        genotype = gene.resolve(text)
        assert (genotype.activity_score, genotype.no_function_alleles) == (score, lost)


def test_likely_phenotypes_and_undefined_ones_are_noted():
    assert load_gene("CYP2C19").resolve("*1/*9").note == "likely IM, taken as IM"
    undefined = load_gene("CYP2C19").resolve("*9/*17")
    assert undefined.phenotype is None
    assert undefined.note == "no phenotype is defined for this pair"
    assert "makes UM" in load_gene("CYP2C9").resolve("UM").note


@pytest.mark.parametrize(
    ("gene", "text", "message"),
    [
        ("CYP2C9", "*1/*99", r"CYP2C9 '\*1/\*99': the allele '\*99' is not known; expected one of \*1, \*2, \*3"),
        ("CYP2C9", "*1", "'\\*1' is not a genotype; expected a pair of alleles"),
        ("CYP2C9", "*1/*2/*3", "is not a genotype"),
        ("CYP2C9", "XM", r"'XM' is not a genotype; expected a pair .*\(PM IM NM RM UM\)"),
        ("CYP2C9", "", "'' is not a genotype"),
        ("ABCB1", "CG", "expected the genotype at 3435.*CC, CT or TT"),
        ("ABCB1", "PM", "expected the genotype at 3435"),
        ("ABCB1", "GGC/TTT", "expected the genotype at 3435"),
        ("HLA-B", "PM", r"expected '\+' or '-' for carriers of \*15:02"),
    ],
)
def test_unknown_genotypes(gene, text, message):
    with pytest.raises(ParameterError, match=message):
        load_gene(gene).resolve(text)


def test_unknown_genes():
    with pytest.raises(ParameterError, match="gene 'CYP2C91' is not in the library.*Did you mean 'CYP2C9"):
        load_gene("CYP2C91")


@pytest.mark.parametrize(
    ("drug", "gene", "text", "subject", "multiplier"),
    [
        ("phenytoin", "CYP2C9", "*1/*3", "*1/*3", 0.67),
        ("phenytoin", "CYP2C9", "*2/*2", "*2/*2", 0.75),
        ("phenytoin", "CYP2C9", "*6/*1", "activity score 1", 0.67),
        ("phenytoin", "CYP2C9", "*2/*8", "activity score 1", 0.75),
        ("phenytoin", "CYP2C9", "*1/*2", "activity score 1.5", 0.87),
        ("phenytoin", "CYP2C9", "*3/*3", "activity score 0", 0.35),
        ("phenytoin", "CYP2C9", "PM", "PM", 0.50),
        ("phenytoin", "CYP2C9", "IM", "IM", 0.75),
        ("midazolam", "CYP3A4", "*1/*22", "IM", 0.68),
        ("midazolam", "CYP3A4", "*20/*1", "*1/*20", 0.53),
        ("midazolam", "CYP3A4", "*22/*20", "PM", 0.35),
        ("lorazepam", "UGT2B15", "*2/*2", "PM", 0.58),
        ("lorazepam", "UGT2B15", "*1/*2", "IM", 0.79),
    ],
)
def test_the_most_specific_effect_wins(drug, gene, text, subject, multiplier):
    (effect,) = load_drug(drug).effects_for(load_gene(gene).resolve(text))
    assert (effect.subject, effect.multiplier, effect.on) == (subject, multiplier, True)


def test_null_effects_are_off():
    drug = load_drug("midazolam")
    for gene, text in [("CYP3A5", "*1/*1"), ("ABCB1", "CC"), ("ABCB1", "TT")]:
        (effect,) = drug.effects_for(load_gene(gene).resolve(text))
        assert not effect.on
        assert effect.multiplier == 1.0
    assert load_drug("levetiracetam").is_unaffected_by("CYP3A4")


@pytest.mark.parametrize("group", GROUPS)
def test_haplotypes_keep_the_frequencies_of_the_alleles(group):
    seen = set()
    for block in sampling_blocks(group):
        assert_allclose(sum(block.frequencies), 1.0, rtol=1e-12)
        assert min(block.frequencies) >= 0
        for position, name in enumerate(block.genes):
            seen.add(name)
            expected = allele_frequencies(load_gene(name), group)
            for allele, share in expected.items():
                pairs = zip(block.haplotypes, block.frequencies)
                found = sum(frequency for haplotype, frequency in pairs if haplotype[position] == allele)
                assert_allclose(found, share, atol=1e-12)
    assert seen == set(list_genes())


@pytest.mark.parametrize("group", GROUPS)
def test_abcb1_haplotypes_keep_each_variant(group):
    gene = load_gene("ABCB1")
    own = allele_frequencies(gene, group)
    for position, variant in enumerate(("1236T", "2677T", "3435T")):
        found = sum(share for haplotype, share in own.items() if haplotype[position] == "T")
        assert_allclose(found, gene.frequencies[variant][group].value, atol=1e-12)


def test_strong_linkage():
    own = allele_frequencies(load_gene("ABCB1"), "EUR")
    assert sorted(own, key=own.get)[-2:] == ["TTT", "CGC"]  # by 0.39 and 0.43
    (block,) = (block for block in sampling_blocks("EUR") if "CYP3A4" in block.genes)
    partners = {b for (a, b), share in zip(block.haplotypes, block.frequencies) if a == "*22" and share > 0}
    assert partners == {"*3"}


def test_genotypes_of_two_chromosomes():
    for block in sampling_blocks("EAS"):
        for first in range(len(block.haplotypes)):
            for gene, text in block.genotypes(first, 0).items():
                assert load_gene(gene).resolve(text).diplotype


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'method = "activity_score"',
            'method = "score"',
            r"CYP2C9.toml \[gene\]: 'method' is 'score'; expected one of",
        ),
        (
            'function = "decreased"',
            'function = "lower"',
            r"\[alleles.\*2\]: 'function' is 'lower'; expected one of normal",
        ),
        ("EUR = 0.124", "EUR = 1.124", r"\[frequencies.\*2\]: a frequency is outside 0 to 1"),
        ("EUR = 0.124", "EUR = 0.99", r"\[frequencies\]: the frequencies of EUR sum to more than 1"),
        ('source = "tcp2021"', 'source = "tcp"', r"the source is missing or not in \[sources\]"),
        ('"2.0" = "NM"', '"2.0" = "XM"', r"\[pairs\]: '2.0' is 'XM'; expected one of PM, IM"),
    ],
)
def test_broken_gene_files(tmp_path, old, new, message):
    from pkpd.library.folders import library_folder

    text = (library_folder() / "genes" / "CYP2C9.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "CYP2C9.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DrugFileError, match=message):
        read_gene(path)
