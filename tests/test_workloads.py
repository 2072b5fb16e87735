"""The workloads of benchmarks/ against the reference answers that lie beside them, at the accuracy that each asks for.

The answers come from elsewhere: 40-digit eigen-decompositions (W1, W2), DOP853 at 1e-13 (W3, W4) and least squares at
1e-15 (W5).
"""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import fits
from benchmarks import w4_mechanism as w4
from benchmarks.adapters import ENGINE, PREDICT_MODEL, PREDICT_NAMES, answers, by_subject, data_set, predict_frame
from benchmarks.receptors import worst_errors
from benchmarks.workloads import WORKLOADS, normal_scores
from benchmarks.yardstick import w4_rhs
from pkpd.engine.lanes import LANES
from pkpd.engine.rosenbrock import GAMMA

ACCURACY = {"W1": 1e-10, "W2": 1e-10, "W3": 1e-6, "W4": 3e-6}


@pytest.mark.parametrize("name", ACCURACY)
def test_engine_solves_the_workload_to_its_accuracy(name):
    workload = WORKLOADS[name]
    found = ENGINE[name](workload, workload.parameters(), 2)
    for values in found.values():
        assert values.shape == (workload.n, workload.times.size)
        assert np.all(np.isfinite(values)) and values.min() >= 0.0
    assert workload.error(found) < ACCURACY[name]


def some_subjects(parameters, chosen):
    return {name: values[chosen] for name, values in parameters.items()}


@pytest.mark.slow
def test_w4_is_the_same_alone_in_a_crowd_and_on_any_number_of_threads():
    workload, few = WORKLOADS["W4"], np.arange(0, 1000, 7)
    parameters = workload.parameters()
    crowd = ENGINE["W4"](replace(workload, n=few.size), some_subjects(parameters, few), 2)["E"]
    for place in (0, 9, few.size - 1):
        alone = ENGINE["W4"](replace(workload, n=1), some_subjects(parameters, few[[place]]), 1)["E"]
        np.testing.assert_array_equal(alone[0], crowd[place])


def test_w4_a_subject_that_cannot_be_solved_leaves_the_others_alone():
    workload = replace(WORKLOADS["W4"], n=12)
    parameters = some_subjects(WORKLOADS["W4"].parameters(), np.arange(12))
    sound = ENGINE["W4"](workload, parameters, 1)["E"]
    parameters["KINT1"] = np.where(np.arange(12) == 5, np.inf, parameters["KINT1"])
    broken = ENGINE["W4"](workload, parameters, 1)["E"]
    assert np.all(np.isnan(broken[5]))
    np.testing.assert_array_equal(np.delete(broken, 5, axis=0), np.delete(sound, 5, axis=0))


def test_w4_has_the_equations_that_scipy_solves_and_their_derivatives():
    """The lines that run on lanes, run on plain numbers, against the yardstick's own writing of the equations."""
    rng = np.random.default_rng(2)
    for _ in range(20):
        p = {name: float(values[rng.integers(1000)]) for name, values in WORKLOADS["W4"].parameters().items()}
        y = np.array(
            [0.0, 0.0, 0.0, *rng.uniform([0.0, 0.0, 0.2, 0.1, 5.0, 0.0, 0.0], [0.5, 0.4, 1.0, 1.0, 20.0, 0.3, 0.3])]
        )
        own = [p[name] for name in w4.VARYING]

        def rates(x, ce=y[3], own=own):
            return np.array(w4.change.py_func(ce, *x, *own))

        np.testing.assert_allclose(rates(y[4:]), w4_rhs(0.0, y, p, 0.0)[4:], rtol=1e-12, atol=1e-15)
        lanes = [np.repeat(np.array(row)[:, None], LANES, axis=1) for row in ([y[3]], y[4:], own)]
        w = np.zeros((36, LANES))
        w4.fill_matrix(*lanes, np.full(LANES, 0.5), w)
        nudge = 1e-6 * np.eye(6)
        derivative = np.array([(rates(y[4:] + d) - rates(y[4:] - d)) / 2e-6 for d in nudge]).T
        np.testing.assert_allclose(w[:, 0].reshape(6, 6), np.eye(6) / (GAMMA * 0.5) - derivative, rtol=1e-6, atol=1e-7)


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


@pytest.mark.slow
def test_the_receptor_benchmark_compares_solutions_of_the_same_equations():
    fractions, chloride = worst_errors(1, 60.0)
    assert fractions < 5e-4 and chloride < 0.05
