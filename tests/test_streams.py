"""A random number depends on the seed, the subject and the purpose, and on nothing else."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import Generator, Philox, SeedSequence
from scipy.stats import kstest

from pkpd.errors import ParameterError
from pkpd.streams import seed_number, stream


def test_same_key_gives_the_same_numbers_whatever_was_drawn_before():
    alone = stream(7, 3, "weight_kg").standard_normal(5)
    for subject in range(3):
        stream(7, subject, "weight_kg").standard_normal(100)
    np.testing.assert_array_equal(stream(7, 3, "weight_kg").standard_normal(5), alone)


def test_same_numbers_in_another_process():
    code = "from pkpd.streams import stream; print(stream(7, 3, 'eta CL').standard_normal(4).tolist())"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == str(stream(7, 3, "eta CL").standard_normal(4).tolist())


def test_the_key_is_the_published_hash_of_seed_subject_and_purpose():
    # 0xCBF43926 is the check value of CRC-32 (the CRC of the text "123456789").
    expected = Generator(Philox(SeedSequence([5, 8, 0xCBF43926]))).random(3)
    np.testing.assert_array_equal(stream(5, 8, "123456789").random(3), expected)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from(["a", "weight_kg", "eta lorazepam CL"]))
def test_any_change_of_the_key_changes_the_numbers(seed, subject, purpose):
    first = stream(seed, subject, purpose).random(2).tolist()
    assert first != stream(seed + 1, subject, purpose).random(2).tolist()
    assert first != stream(seed, subject + 1, purpose).random(2).tolist()
    assert first != stream(seed, subject, purpose + "x").random(2).tolist()


def test_first_draws_over_subjects_are_uniform_and_uncorrelated():
    draws = np.array([[stream(1, i, purpose).random() for purpose in ("age_y", "weight_kg")] for i in range(3000)])
    assert kstest(draws[:, 0], "uniform").pvalue > 0.001
    # Neighbours and purposes: the standard error of a correlation of 3000 pairs is 0.018; four of them.
    assert abs(np.corrcoef(draws[:, 0], draws[:, 1])[0, 1]) < 0.073
    assert abs(np.corrcoef(draws[:-1, 0], draws[1:, 0])[0, 1]) < 0.073


def test_no_seed_is_zero():
    assert seed_number(None) == 0
    assert seed_number(np.int64(4)) == 4


@pytest.mark.parametrize("seed", [-1, 1.5, "x", True, 2**63])
def test_impossible_seed(seed):
    with pytest.raises(ParameterError, match=r"cannot seed the random numbers; expected a whole number from 0"):
        seed_number(seed)
