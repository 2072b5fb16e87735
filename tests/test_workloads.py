"""The workloads of benchmarks/ against the reference answers that lie beside them, at the accuracy that each asks for.

The answers come from elsewhere: 40-digit eigen-decompositions (W1, W2), DOP853 at 1e-13 (W3) and least squares at 1e-15
(W5).
"""

import numpy as np
import pytest

from benchmarks import fits
from benchmarks.adapters import ENGINE, PREDICT_MODEL, PREDICT_NAMES, answers, by_subject, data_set, predict_frame
from benchmarks.workloads import WORKLOADS, normal_scores

ACCURACY = {"W1": 1e-10, "W2": 1e-10, "W3": 1e-6}


@pytest.mark.parametrize("name", ACCURACY)
def test_engine_solves_the_workload_to_its_accuracy(name):
    workload = WORKLOADS[name]
    found = ENGINE[name](workload, workload.parameters(), 2)
    for values in found.values():
        assert values.shape == (workload.n, workload.times.size)
        assert np.all(np.isfinite(values)) and values.min() >= 0.0
    assert workload.error(found) < ACCURACY[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", PREDICT_MODEL)
def test_predict_on_a_data_frame_solves_the_workload_to_its_accuracy(name):
    workload = WORKLOADS[name]
    parameters = by_subject(workload.parameters(), PREDICT_NAMES[name])
    frame = predict_frame(workload, data_set(workload), parameters)
    assert workload.error(answers(workload, frame)) < ACCURACY[name]


def test_the_accuracies_are_those_that_the_workloads_state():
    assert {name: workload.accuracy for name, workload in WORKLOADS.items()} == ACCURACY


def test_the_population_is_that_of_its_definition():
    # By hand: with one parameter phi is the golden ratio, and subject 1 stands at the quantile (1/2 + 0.618...) mod 1.
    quantile = 0.5 + (np.sqrt(5.0) - 1.0) / 2.0 - 1.0
    assert quantile == pytest.approx(0.118033988749895)
    # scipy.stats.norm.ppf of that number.
    assert normal_scores(1, 1)[0, 0] == pytest.approx(-1.18488, abs=2e-5)


def test_the_batched_fits_reach_the_lowest_sums_of_squares():
    found = fits.batched(fits.observations())()
    assert np.abs(found / fits.reference() - 1.0).max() < 1e-6
