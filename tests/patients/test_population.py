"""A subject is the same alone and in a crowd; each covariate has a stream of its own."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import kstest, lognorm, norm, truncnorm

import pkpd
from pkpd.errors import DataError, ParameterError
from pkpd.patients.patient import Patient
from pkpd.patients.population import Population, subjects_of

WEIGHT = ("lognormal", 70, 0.2, 40, 140)


def drawn(population, column):
    return np.array([population.patient(i).covariates[column] for i in range(population.n)])


# ---- the same alone and in a crowd


@settings(max_examples=25)
@given(st.integers(0, 2**40), st.integers(0, 30))
def test_subject_is_the_same_alone_and_in_a_crowd(seed, index):
    keywords = dict(seed=seed, ancestry="EUR", weight_kg=WEIGHT, age_y=("normal", 50, 15, 18, 90))
    assert Population(index + 1, **keywords).patient(index) == Population(31, **keywords).patient(index)


def test_another_covariate_moves_nothing():
    few = Population(20, seed=3, weight_kg=WEIGHT)
    more = Population(20, seed=3, albumin_g_L=("normal", 38, 6), weight_kg=WEIGHT, age_y=("normal", 50, 10, 18, 90))
    np.testing.assert_array_equal(drawn(few, "weight_kg"), drawn(more, "weight_kg"))


def test_a_stated_gene_moves_no_other():
    free = Population(30, seed=3, ancestry="EUR")
    stated = Population(30, seed=3, ancestry="EUR", genotype={"CYP2C19": "PM"})
    for i in range(30):
        one, two = free.patient(i).genotype, stated.patient(i).genotype
        assert two["CYP2C19"] == "PM"
        assert {gene: one[gene] for gene in one if gene != "CYP2C19"} == {g: two[g] for g in two if g != "CYP2C19"}


def test_seeds():
    weights = drawn(Population(5, seed=1, weight_kg=WEIGHT), "weight_kg")
    other = Population(5, seed=2, weight_kg=WEIGHT)
    assert not np.any(drawn(other, "weight_kg") == weights)
    overridden = [subject.patient.weight_kg for subject in other.subjects(seed=1)]
    np.testing.assert_array_equal(overridden, weights)
    assert Population(5, weight_kg=WEIGHT).seed == 0
    assert [s.patient for s in Population(5, weight_kg=WEIGHT).subjects()] == [
        s.patient for s in Population(5, seed=0, weight_kg=WEIGHT).subjects()
    ]


def test_population_of_one_is_drawn():
    one = Population(1, seed=4, weight_kg=WEIGHT, ancestry="EUR")
    (subject,) = one.subjects()
    assert subject.random and subject.patient.weight_kg != 70 and subject.patient.sampled_genes


# ---- distributions


@pytest.mark.parametrize(
    "spec, law",
    [
        (("lognormal", 70, 0.25), lognorm(math.sqrt(math.log(1 + 0.25**2)), scale=70)),
        (("normal", 70, 8), norm(70, 8)),
        (["normal", 70, 20, 60, 75], truncnorm((60 - 70) / 20, (75 - 70) / 20, 70, 20)),
        (("uniform", 50, 90), None),
    ],
)
def test_draws_follow_the_distribution(spec, law):
    weights = drawn(Population(2000, seed=11, weight_kg=spec), "weight_kg")
    cdf = law.cdf if law else lambda x: (x - 50) / 40
    # One fixed seed: a p value below 0.001 would be a wrong law, not bad luck.
    assert kstest(weights, cdf).pvalue > 0.001


def test_lognormal_median_and_cv():
    weights = drawn(Population(4000, seed=5, weight_kg=("lognormal", 70, 0.3)), "weight_kg")
    assert_allclose(np.median(weights), 70, rtol=0.02)  # standard error of the median 0.6 %
    assert_allclose(weights.std() / weights.mean(), 0.3, rtol=0.05)  # its own standard error 1.3 %


def test_draws_outside_the_window_are_drawn_again_not_clipped():
    weights = drawn(Population(500, seed=5, weight_kg=("lognormal", 70, 0.5, 60, 80)), "weight_kg")
    assert weights.min() > 60 and weights.max() < 80 and len(set(weights)) == 500


def test_impossible_draws_are_drawn_again():
    assert drawn(Population(300, seed=5, weight_kg=("normal", 10, 20)), "weight_kg").min() > 0


def test_counts_are_whole():
    failures = drawn(Population(300, seed=5, organ_failures=("normal", 2, 2)), "organ_failures")
    assert set(failures) <= set(range(9)) and len(set(failures)) > 4


@pytest.mark.parametrize(
    "spec, sentence",
    [
        (("lognorml", 70, 0.2), r"'lognorml' is not a distribution.*Did you mean 'lognormal'"),
        (("lognormal", 70), r"1 numbers stand in '\[lognormal, 70\]'; expected \(\"lognormal\", median, cv"),
        (("lognormal", 0, 0.2), r"the median is not above 0"),
        (("normal", 70, -1), r"the spread is negative"),
        (("normal", 70, 5, 80, 60), r"low is not below high"),
        (("normal", 70, "x"), r"something is not a number"),
        (("normal", 70, math.nan), r"a number is not finite"),
        (("normal", 70, 5, 60), r"3 numbers stand"),
    ],
)
def test_broken_distribution(spec, sentence):
    with pytest.raises(ParameterError, match=r"population, column 'weight_kg': .*" + sentence):
        Population(5, weight_kg=spec)


def test_window_that_nothing_hits():
    with pytest.raises(ParameterError, match=r"no draw of 'normal 70, 1 within 200 to 210' fell into the window"):
        Population(5, weight_kg=("normal", 70, 1, 200, 210)).subjects()


# ---- constants, lists, errors


def test_constants_and_lists():
    crowd = Population(
        3, weight_kg=[60, 70, 80], sex=["M", "F", "f"], age_y=np.array([30, 40, 50]), crp_mg_L=pd.Series([1, 2, 3]),
        height_cm=175, genotype={"CYP2C9": ["*1/*3", "PM", None]}, CYP3A4="IM", comedication="valproate",
    )  # fmt: skip
    people = [subject.patient for subject in crowd.subjects()]
    assert [(p.weight_kg, p.sex, p.age_y, p.crp_mg_L, p.height_cm) for p in people] == [
        (60, "M", 30, 1, 175), (70, "F", 40, 2, 175), (80, "F", 50, 3, 175),
    ]  # fmt: skip
    assert [p.genotype.get("CYP2C9") for p in people] == ["*1/*3", "PM", None]
    assert all(p.genotype["CYP3A4"] == "IM" and p.comedication == ("valproate",) for p in people)


def test_equal_subjects_share_one_patient():
    subjects = Population(50, weight_kg=80, seed=9).subjects()
    assert len({id(subject.patient) for subject in subjects}) == 1
    assert [subject.id for subject in subjects] == list(range(1, 51))
    assert [subject.index for subject in subjects] == list(range(50))
    assert {subject.seed for subject in subjects} == {9} and all(subject.random for subject in subjects)


@pytest.mark.parametrize("n", [0, -3, 2.5, "ten", None, True])
def test_impossible_size(n):
    with pytest.raises(ParameterError, match=rf"population, n: '{n}' is not a number of subjects"):
        Population(n)


@pytest.mark.parametrize(
    "covariates, sentence",
    [
        ({"weight_kg": [60, 70]}, r"column 'weight_kg': a list of 2 values stands beside n = '3'"),
        ({"weight_kg": [60, 70, -1]}, r"population, subject 3, column 'weight_kg': '-1' is not possible"),
        ({"weight_kg": 0}, r"population, column 'weight_kg': '0' is not possible"),
        ({"wieght_kg": 70}, r"column 'wieght_kg': there is no such column.*Did you mean 'weight_kg'"),
        ({"opioid": 0.5}, r"column 'opioid': '0.5' is not possible; expected 0 or 1"),
        ({"CYP2C9": "*1/*99"}, r"column 'CYP2C9'.*\*99"),
        ({"CYP2C9": "PM", "genotype": {"CYP2C9": "IM"}}, r"genotype of CYP2C9 is given twice"),
        ({"ancestry": "Mars"}, r"column 'ancestry': 'Mars' is not possible; expected one of EUR"),
        ({"seed": -1}, r"population, seed: -1 cannot seed"),
        ({"age_y": 5}, r"population, subject 1: patient, column 'weight_kg': missing at age_y '5'"),
    ],
)
def test_bad_population(covariates, sentence):
    with pytest.raises(ParameterError, match=sentence):
        Population(3, **covariates)


def test_drawn_child_without_weight_names_the_subject():
    with pytest.raises(ParameterError, match=r"population, subject \d+: patient, column 'weight_kg': missing"):
        Population(50, age_y=("normal", 18, 5)).subjects()


def test_no_such_subject():
    with pytest.raises(ParameterError, match=r"'3' is not a subject; expected 0 to 2"):
        Population(3).patient(3)


# ---- subjects of a simulation


def test_subjects_of_nothing_is_one_default_adult():
    (subject,) = subjects_of(None)
    assert subject.id == 1 and subject.index == 0 and subject.seed == 0 and not subject.random
    assert subject.patient == Patient()


def test_subjects_of_patients_are_typical():
    who = pkpd.Patient(weight_kg=80, ancestry="EUR")
    assert [s.patient for s in subjects_of(who)] == [who]
    assert not subjects_of(who)[0].patient.genotypes, "a typical patient's genotypes are never drawn"
    assert [(s.id, s.index, s.random) for s in subjects_of([who, who], seed=5)] == [(1, 0, False), (2, 1, False)]


def test_subjects_of_a_table():
    subjects = subjects_of(pd.DataFrame({"id": ["A", "B"], "weight_kg": [60, 80]}))
    assert [(s.id, s.patient.weight_kg, s.random) for s in subjects] == [("A", 60, False), ("B", 80, False)]
    assert [s.id for s in subjects_of(pd.DataFrame({"weight_kg": [60, 80]}))] == [1, 2]


def test_ids_of_a_table_differ():
    with pytest.raises(DataError, match=r"row 3 of the patients, column 'id': 'A' stands twice"):
        subjects_of(pd.DataFrame({"id": ["A", "B", "A"]}))
    with pytest.raises(DataError, match=r"row 2 of the patients, column 'id': 'None' is missing"):
        subjects_of(pd.DataFrame({"id": ["A", None]}, dtype=object))


def test_misspelt_column_of_a_table():
    with pytest.raises(DataError, match=r"table of patients, column 'weigth_kg'.*Did you mean 'weight_kg'"):
        subjects_of(pd.DataFrame({"weigth_kg": [60]}))


@pytest.mark.parametrize("patients", [3, "adult", {"weight_kg": 70}, [1]])
def test_what_is_no_patient(patients):
    with pytest.raises(ParameterError, match=r"does not describe patients; expected a Patient"):
        subjects_of(patients)


@pytest.mark.parametrize("patients", [[], pd.DataFrame({"weight_kg": []})])
def test_no_patients(patients):
    with pytest.raises(ParameterError, match="at least one patient"):
        subjects_of(patients)
