"""Steady states are solved; repeating the doses until nothing changes any more gives the same.

Linear: 1e-9, the promise for a value. Michaelis-Menten: 1e-6, likewise. The repetitions leave less than 1e-12 of the
first dose.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pkpd.engine.cascade import Structure
from pkpd.engine.linear import BOLUS, RATE, STEADY_ADD, STEADY_SET, Problems, solve
from pkpd.errors import SolverError
from pkpd.models.saturable import solve_saturable_outputs
from systems import actions, alone, bolus, infusion, joined, plain_matrix, system

#: Name: (system, theta row, k of the slowest mode at least, 1/h).
LINEAR = {
    "one compartment": (system(0), [0.2], 0.2),
    "three compartments": (system(2), [0.3, 0.5, 0.4, 0.2, 0.1], 0.03),
    "oral": (system(1, depot=True), [1.2, 0.3, 0.5, 0.4, 1.2], 0.1),
    "flip-flop": (system(0, depot=True), [0.05, 0.8, 0.05], 0.05),
    "KA = k": (system(0, depot=True), [0.4, 0.4, 0.4], 0.4),
    "KA = KE0 = k": (system(0, depot=True, effect=True), [0.4, 0.4, 0.4, 0.4, 0.4], 0.4),
    "effect site and metabolite": (
        system(1, depot=True, effect=True, metabolite=0),
        [1.2, 0.3, 0.5, 0.4, 2.0, 0.15, 1.2, 2.0, 0.2],
        0.05,
    ),
}
#: Interval and duration, h; duration 0 is a bolus. Longer than the interval: several infusions run at once.
REPEATED = {"bolus": (8.0, 0.0), "infusion": (8.0, 1.5), "as long as II": (8.0, 8.0), "longer than II": (6.0, 20.5)}
PHASES = [0.25, 1.5, 5.0, 6.0]


def history(state, value, interval, duration, phase, after):
    """Rows of the doses at -phase, -phase - interval, ... for long enough, time 0 being now; none later."""
    count = int(np.ceil((after + duration) / interval)) + 1
    starts = -phase - interval * np.arange(count)[::-1]
    if duration == 0.0:
        return [(t, BOLUS, state, value) for t in starts]
    return joined(*([(t, RATE, state, value), (t + duration, RATE, state, -value)] for t in starts))


def solved(state, kind, value, interval, duration, phase):
    """The same as a steady state at time 0, and the ends of the infusions that still run."""
    rows = [(0.0, kind, state, value, interval, duration, phase)]
    ends = [duration - phase - interval * j for j in range(int(duration / interval) + 2)]
    running = sorted(end for end in ends if end > 0.0 and duration > 0.0)
    rows += [(0.0, RATE, state, value)] * len(running)
    return rows + [(end, RATE, state, -value) for end in running]


TIMES = np.array([0.0, 0.1, 1.0, 3.0, 7.0, 24.0])


def amounts(chosen, theta, rows, times=TIMES):
    n = chosen.structure.n_states
    who = alone(len(rows), len(times))
    return solve(chosen.structure, np.array([theta]), actions(rows), who, times, np.arange(n), step=0.0)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("repeated", REPEATED)
@pytest.mark.parametrize("model", LINEAR)
def test_linear_steady_state_is_the_limit_of_repetition(model, repeated, phase):
    chosen, theta, slowest = LINEAR[model]
    interval, duration = REPEATED[repeated]
    expected = amounts(chosen, theta, history(0, 100.0, interval, duration, phase, 30.0 / slowest))
    found = amounts(chosen, theta, solved(0, STEADY_SET, 100.0, interval, duration, phase))
    assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("model", LINEAR)
def test_constant_infusion_balances_elimination(model):
    chosen, theta, _ = LINEAR[model]
    forcing = np.zeros(chosen.structure.n_states)
    forcing[0] = 20.0
    expected = np.linalg.solve(plain_matrix(chosen.structure, theta), -forcing)
    found = amounts(chosen, theta, [(0.0, STEADY_SET, 0, 20.0), (0.0, RATE, 0, 20.0)])
    assert_allclose(found, np.repeat(expected[:, None], len(TIMES), axis=1), rtol=1e-9)


def test_set_forgets_and_add_keeps_what_was_there():
    chosen, theta, _ = LINEAR["oral"]
    steady = (5.0, STEADY_SET, 0, 100.0, 8.0, 0.0, 8.0)
    times = np.array([5.0, 6.0, 20.0])
    before = bolus(0.0, 1, 300.0)
    only = amounts(chosen, theta, [steady], times)
    assert_allclose(amounts(chosen, theta, [*before, steady], times), only, rtol=1e-12)
    added = amounts(chosen, theta, [*before, (5.0, STEADY_ADD, *steady[2:])], times)
    assert_allclose(added, only + amounts(chosen, theta, before, times), rtol=1e-12)


def test_no_way_out_is_an_error_that_names_the_problem():
    theta = np.array([[0.2], [0.0]])
    rows = actions([(0.0, STEADY_SET, 0, 100.0, 8.0, 0.0, 8.0)])
    zero, one = np.zeros(2, dtype=np.int64), np.ones(2, dtype=np.int64)
    with pytest.raises(SolverError, match="no steady state.*no way out") as caught:
        solve(
            Structure((0,), ()),
            theta,
            rows,
            Problems(np.arange(2), zero, one, zero, one),
            np.zeros(1),
            np.zeros(1, int),
        )
    assert caught.value.problem == 1


#: Name: (system, theta row, block). VM 20 mg/h and KM 150 mg in the centre of the block.
SATURABLE = {
    "one compartment": (system(0), [0.0], 0),
    "both": (system(0), [0.02], 0),
    "two compartments": (system(1), [0.0, 0.4, 0.5], 0),
    "depot": (system(0, depot=True), [1.2, 0.0, 1.2], 1),
    "depot and two compartments": (system(1, depot=True), [2.8, 0.01, 0.4, 0.5, 2.8], 1),
    "effect site": (system(0, effect=True), [0.0, 1.5, 1.5], 0),
}
VM, KM = 20.0, 150.0


def saturable_amounts(chosen, theta, block, rows, times=TIMES, vm=VM):
    first = block  # blocks before are single states
    states = np.arange(first, chosen.structure.n_states)
    who = alone(len(rows), len(times))
    found, _ = solve_saturable_outputs(
        chosen.structure, np.array([theta]), np.array([vm]), np.array([KM]), block, actions(rows), who, times, states
    )
    return found


@pytest.mark.parametrize("phase", [1.5, 6.0])
@pytest.mark.parametrize("repeated", REPEATED)
@pytest.mark.parametrize("model", SATURABLE)
def test_saturable_steady_state_is_the_limit_of_repetition(model, repeated, phase):
    chosen, theta, block = SATURABLE[model]
    interval, duration = REPEATED[repeated]
    value = 10.0 * interval if duration == 0.0 else 10.0 * interval / duration  # half of VM on average
    expected = saturable_amounts(chosen, theta, block, history(0, value, interval, duration, phase, 1600.0))
    found = saturable_amounts(chosen, theta, block, solved(0, STEADY_SET, value, interval, duration, phase))
    assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("model", ["one compartment", "two compartments", "depot", "effect site"])
def test_saturable_constant_infusion_has_a_closed_form(model, share):
    chosen, theta, block = SATURABLE[model]
    rate = share * VM
    found = saturable_amounts(chosen, theta, block, [(0.0, STEADY_SET, 0, rate), (0.0, RATE, 0, rate)])
    assert_allclose(found[0], KM * share / (1.0 - share), rtol=1e-8)


@pytest.mark.parametrize("share", [0.95, 0.999])
def test_a_steady_state_close_to_saturation_repeats_itself(share):
    chosen, theta, block = SATURABLE["two compartments"]
    dose = share * VM * 8.0
    rows = [(0.0, STEADY_SET, 0, dose, 8.0, 0.0, 8.0), *bolus(0.0, 0, dose)]
    before = saturable_amounts(chosen, theta, block, rows[:1], np.array([0.0]))
    after = saturable_amounts(chosen, theta, block, rows, np.array([8.0]))
    assert_allclose(after, before, rtol=1e-8)


@pytest.mark.parametrize("share", [1.0, 1.2])
@pytest.mark.parametrize("duration", [0.0, 1.0, 12.0])
def test_input_at_or_above_vm_is_an_error_that_names_the_problem(share, duration):
    chosen, theta, block = SATURABLE["depot"]
    value = 160.0 * share / (duration or 1.0)  # per 8 h: 20 mg/h times share
    rows = actions([(0.0, STEADY_SET, 0, value, 8.0, duration, 8.0)])
    zero, one = np.zeros(3, dtype=np.int64), np.ones(3, dtype=np.int64)
    who = Problems(np.arange(3), zero, one, zero, one)
    with pytest.raises(SolverError, match=rf"no steady state.*{20 * share:g} per hour.*VM, 20 per hour") as caught:
        solve_saturable_outputs(
            chosen.structure, np.array([theta] * 3), np.array([30.0, 20.0, 20.0]), np.full(3, KM), block, rows, who,
            np.zeros(1), np.array([1]),
        )  # fmt: skip
    assert caught.value.problem == 1


def test_linear_elimination_beside_it_always_leaves_a_steady_state():
    chosen, theta, block = SATURABLE["both"]
    rate = 5.0 * VM
    found = saturable_amounts(chosen, theta, block, [(0.0, STEADY_SET, 0, rate), (0.0, RATE, 0, rate)])
    amount = found[0, -1]
    assert_allclose(VM * amount / (KM + amount) + theta[0] * amount, rate, rtol=1e-9)
    dosed = infusion(0.0, 0, 8.0 * rate, 1.0)
    rows = [(0.0, STEADY_SET, 0, 8.0 * rate, 8.0, 1.0, 8.0), *dosed]
    before = saturable_amounts(chosen, theta, block, rows[:1], np.array([0.0]))
    assert_allclose(saturable_amounts(chosen, theta, block, rows, np.array([8.0])), before, rtol=1e-8)
