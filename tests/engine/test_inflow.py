"""A linear state as a sum of exponentials is what the exact engine gives at the same times."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pkpd.engine.cascade import Structure, decompose, layout
from pkpd.engine.inflow import fill_levels, inflow_of_state
from pkpd.engine.lanes import LANES
from pkpd.engine.linear import BOLUS, RATE, Actions, Problems, solve
from pkpd.engine.rosenbrock import NODE, STAGES
from pkpd.engine.trajectory import trace
from pkpd.errors import SolverError

# Three compartments and an effect site; a bolus and a short infusion, per hour and mg.
SHAPE = Structure((2, 0), ((0, 1),))
THETA = np.array([[0.4, 0.9, 0.3, 0.3, 0.05, 2.5, 2.0]])
STARTS = np.array([0.5, 1.0, 1.75])
WHOLE, REAL = np.zeros(3, dtype=np.int64), np.zeros(3)
GIVEN = Actions(STARTS, WHOLE, np.array([BOLUS, RATE, RATE]), WHOLE, np.array([5.0, 8.0, -8.0]), REAL, REAL, REAL)


def problem(n_times):
    one = np.zeros(1, dtype=np.int64)
    return Problems(one, one, one + 3, one, one + n_times)


def effect_site(theta=THETA):
    modes = decompose(layout(SHAPE), theta)
    return inflow_of_state(modes, trace(modes, GIVEN, problem(1)), 3)


def values_at(times):
    return solve(SHAPE, THETA, GIVEN, problem(times.size), times, np.array([3]))[0]


def test_levels_and_slopes_at_the_nodes_of_a_step():
    found = effect_site()
    assert_allclose(found.start, STARTS)
    for g in range(3):
        rate = np.repeat(found.rate[g][:, None], LANES, axis=1)
        amplitude = np.repeat(found.amplitude[g][:, None], LANES, axis=1)
        t, h = np.linspace(0.0, 0.2, LANES), np.linspace(0.01, 0.3, LANES)
        level, slope = np.zeros((STAGES, LANES)), np.zeros(LANES)
        fill_levels(rate, amplitude, t, h, level, slope)
        for lane in range(LANES):
            nodes = values_at(STARTS[g] + t[lane] + np.sort(NODE) * h[lane])
            assert_allclose(np.sort(level[:, lane]), np.sort(nodes), rtol=1e-11, atol=1e-14)
            first, second, third = values_at(STARTS[g] + t[lane] + np.array([0.0, 1e-4, 2e-4]))
            assert_allclose(slope[lane], (4.0 * second - 3.0 * first - third) / 2e-4, rtol=1e-5)


def test_coinciding_rate_constants_are_refused():
    with pytest.raises(SolverError, match="no sum of exponentials: rate constants .* coincide"):
        inflow_of_twins = Structure((0, 0), ((0, 1),))
        modes = decompose(layout(inflow_of_twins), np.array([[0.5, 0.5, 0.5]]))
        inflow_of_state(modes, trace(modes, GIVEN, problem(1)), 1)
