"""Michaelis-Menten elimination against scipy's DOP853 at rtol 1e-12, closed forms and dense sampling.

The plain right-hand side is the package's own `system_of_rates`, over all states of a system: what flows in from depots
and prodrugs, which the package treats exactly, is integrated here as well. 1e-6 is the promise, relative with a floor
of 1e-6 of the largest value, which is an absolute 1e-12 of that. Asked here are 1e-7 of each value and that 1e-12.
DOP853
itself is good to about 1e-11.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import solve_ivp
from scipy.special import wrightomega

from pkpd.engine.linear import BOLUS, PARAMETERS, RATE, Actions, Problems, Structure, solve
from pkpd.engine.summary import AUC, CMAX, CMIN, IN_RANGE, TMAX
from pkpd.models.saturable import solve_saturable, solve_saturable_outputs, system_of_rates

ASKED, ROUNDING = 1e-7, 1e-12
TIMES = np.concatenate(([0.0], np.geomspace(0.02, 72.0, 60)))

#: Name: (structure, block with VM). Depot and prodrug are chains of single states upstream, the brain one downstream.
SYSTEMS = {
    "one compartment": (Structure((0,), ()), 0),
    "two compartments": (Structure((1,), ()), 0),
    "three compartments": (Structure((2,), ()), 0),
    "depot": (Structure((0, 1), ((0, 1),)), 1),
    "depot and prodrug": (Structure((0, 0, 1), ((0, 1), (1, 2))), 2),
    "two depots": (Structure((0, 0, 0), ((0, 2), (1, 2))), 2),
    "brain": (Structure((1, 0), ((0, 1),)), 0),
    "prodrug, brain and metabolite": (Structure((0, 1, 0, 1), ((0, 1), (1, 2), (1, 3))), 1),
}


def first_states(structure):
    return np.concatenate(([0], np.cumsum(np.array(structure.peripherals) + 1)))


def random_case(name, rng, steepest=1.5):
    """One parameter set and doses: (theta, vm, km_amount, rows)."""
    structure, block = SYSTEMS[name]
    blocks = []
    for b, peripherals in enumerate(structure.peripherals):
        out = 10.0 ** rng.uniform(-1, 1)
        if b == block:
            out = 0.0 if rng.integers(2) else 10.0 ** rng.uniform(-2, 0)  # alone, or beside linear elimination
        elif 0 < b < block and rng.integers(2):
            out = blocks[0][0] * (1.0 + 10.0 ** rng.uniform(-12, -3))  # prodrug and depot nearly the same
        blocks.append([out, *10.0 ** rng.uniform(-2, 0.7, 2 * peripherals)])
    feeds = [blocks[a][0] if a < block else 10.0 ** rng.uniform(-1, 0) for a, _ in structure.feeds]
    km = 10.0 ** rng.uniform(-1, 4)
    vm = km * 10.0 ** rng.uniform(-3, steepest)
    dose = km * 10.0 ** rng.uniform(-3, 3)  # amounts far below and far above KM
    first = first_states(structure)
    state = int(first[rng.integers(block + 1)])
    start, length = rng.uniform(0, 20), 10.0 ** rng.uniform(-1, 1)
    rows = [(0.0, BOLUS, state, dose), (start, RATE, int(first[block]), dose / length)]
    rows += [(start + length, RATE, int(first[block]), -dose / length), (30.0, BOLUS, 0, 0.5 * dose)]
    return np.array([x for row in blocks for x in row] + feeds), vm, km, sorted(rows)


def plain_matrix(structure, theta):
    """Linear part in the amounts."""
    first = first_states(structure)
    matrix, column = np.zeros((first[-1], first[-1])), 0
    for start, peripherals in zip(first, structure.peripherals):
        matrix[start, start] -= theta[column]
        column += 1
        for i in range(start + 1, start + 1 + peripherals):
            k_to, k_from = theta[column : column + 2]
            matrix[start, start] -= k_to
            matrix[i, start] += k_to
            matrix[start, i] += k_from
            matrix[i, i] -= k_from
            column += 2
    for (a, b), rate in zip(structure.feeds, theta[column:]):
        matrix[first[b], first[a]] += rate
    return matrix


def advanced(x, start, stop, method, looked_at, matrix, vm, km, flow, atol):
    """States at the times looked at, the last of them `stop`, shape (n_states, n_times)."""
    if stop == start:
        return x[:, None]
    wanted = np.unique(np.append(looked_at, stop))
    path = solve_ivp(
        system_of_rates, (start, stop), x, method, wanted if len(wanted) > 1 else None,
        args=(matrix, vm, km, lambda t: flow), rtol=1e-12, atol=atol,
    )  # fmt: skip
    assert path.success
    return path.y


def reference(structure, block, theta, vm, km, rows, times, method="DOP853", interpolated=False):
    """Amounts of all states by scipy, from event to event, shape (n_states, n_times)."""
    first = first_states(structure)
    n, centre = first[-1], first[block]
    order = np.array([centre, *(i for i in range(n) if i != centre)])  # system_of_rates wants the saturable one first
    matrix = plain_matrix(structure, theta)[np.ix_(order, order)]
    place = np.argsort(order)
    size = sum(abs(value) * (1.0 if kind == BOLUS else 0.0) for _, kind, _, value in rows) + max(
        abs(r[3]) for r in rows
    )
    x, flow, out, now = np.zeros(n), np.zeros(n), np.zeros((n, len(times))), 0.0
    for time, kind, state, value in [*rows, (np.inf, -1, 0, 0.0)]:
        until = min(time, times[-1])
        if until > now:
            wanted = np.flatnonzero((times >= now) & (times < time))
            # From output to output, since the interpolation inside a step is only good to 1e-8; or with it.
            stops = [until] if interpolated else [*times[wanted], until]
            for i, stop in enumerate(stops):
                looked_at = times[wanted] if interpolated else stops[i : i + 1]
                path = advanced(x, now, stop, method, looked_at, matrix, vm, km, flow, 1e-17 * size)
                x, now = path[:, -1], stop
                out[:, wanted[i : i + 1]] = x[:, None]
            if interpolated:
                out[:, wanted] = path[:, : len(wanted)]
            x = x.copy()
        if kind == BOLUS:
            x[place[state]] += value
        elif kind == RATE:
            flow = flow.copy()
            flow[place[state]] += value
            if abs(flow[place[state]]) < 1e-12 * abs(value):
                flow[place[state]] = 0.0
    return out[place]


def as_actions(rows):
    time, kind, state, value = (np.array(column) for column in zip(*rows))
    nothing, zero = np.zeros(len(rows)), np.zeros(len(rows), dtype=np.int64)
    return Actions(time.astype(float), zero, kind.astype(np.int64), state.astype(np.int64), value.astype(float),
                   nothing, nothing, nothing)  # fmt: skip


def whole(*values):
    return np.array(values, dtype=np.int64)


def alone(rows, times):
    return Problems(whole(0), whole(0), whole(len(rows)), whole(0), whole(len(times)))


def engine(structure, block, theta, vm, km, rows, times, **options):
    """Amounts of the saturable block and of what follows it."""
    states = np.arange(first_states(structure)[block], structure.n_states)
    found, summary = solve_saturable_outputs(
        structure, np.atleast_2d(theta), np.atleast_1d(vm), np.atleast_1d(km), block, as_actions(rows),
        alone(rows, times), times, states, **options,
    )  # fmt: skip
    return found, summary


def error_in_units(found, expected):
    """Largest error in units of what is allowed: at most 1."""
    largest = expected.max(axis=1, keepdims=True)
    return float(np.max(np.abs(found - expected) / np.maximum(ASKED * expected + ROUNDING * largest, 1e-300)))


def check(name, case):
    structure, block = SYSTEMS[name]
    theta, vm, km, rows = case
    found, _ = engine(structure, block, theta, vm, km, rows, TIMES)
    assert np.all(np.isfinite(found)) and found.min() >= 0.0
    # An output at the time of a dose is seen after it: the reference, too, puts it into the segment that begins there.
    expected = reference(structure, block, theta, vm, km, rows, TIMES)[first_states(structure)[block] :]
    error = error_in_units(found, expected)
    assert error < 1.0, (
        f"{name}: error {error:.2g} times the allowed one; theta={theta.tolist()}, vm={vm!r}, km={km!r}, rows={rows}"
    )


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", SYSTEMS)
def test_random_systems_agree_with_scipy(name, seed):
    check(name, random_case(name, np.random.default_rng([seed, 1])))


@pytest.mark.slow
@pytest.mark.parametrize("name", SYSTEMS)
def test_many_random_systems_agree_with_scipy(name):
    for seed in range(40):
        check(name, random_case(name, np.random.default_rng([seed, 2]), steepest=2.0))


@pytest.mark.parametrize("ratio", [1e-6, 1e-3, 1.0, 1e3, 1e6])
@pytest.mark.parametrize("dose", [1e-6, 1e-3, 1.0, 1e3, 1e6])
def test_one_compartment_has_a_closed_form(ratio, dose):
    km = 7.0
    vm, amount = ratio * km, dose * km
    # Lambert's function of an exponential, in logarithms; its argument is good to 1e-16 of (amount - vm t) / km.
    times = np.linspace(0.0, 1.0, 41) * 3.0 * (amount + km) / vm
    argument = np.log(dose) + (amount - vm * times) / km
    found, _ = engine(Structure((0,), ()), 0, [0.0], vm, km, [(0.0, BOLUS, 0, amount)], times)
    assert_allclose(found[0], km * wrightomega(argument).real, rtol=ASKED, atol=ROUNDING * amount)


def test_a_stiff_system_agrees_with_an_implicit_solver():
    structure, block = SYSTEMS["brain"]
    theta, vm, km = np.array([0.0, 0.5, 0.2, 3.0, 1.0]), 2e4, 5.0
    rows = [(0.0, BOLUS, 0, 100.0), (2.0, RATE, 0, 1e4), (5.0, RATE, 0, -1e4)]
    times = np.linspace(0.0, 12.0, 50)
    found, _ = engine(structure, block, theta, vm, km, rows, times)
    expected = reference(structure, block, theta, vm, km, rows, times, "Radau")
    assert error_in_units(found, expected) < 10.0  # 1e-6: Radau stays at about 1e-8 itself


def test_far_below_km_it_is_linear():
    structure, block = SYSTEMS["depot"]
    theta, km = np.array([1.3, 0.1, 0.4, 0.2, 1.3]), 1e12
    vm = 0.25 * km
    rows = [(0.0, BOLUS, 0, 100.0), (5.0, RATE, 1, 20.0), (9.0, RATE, 1, -20.0)]
    linear = theta.copy()
    linear[1] += 0.25
    found, _ = engine(structure, block, theta, vm, km, rows, TIMES)
    expected = solve(structure, linear[None], as_actions(rows), alone(rows, TIMES), TIMES, whole(1, 2), step=0.0)
    assert error_in_units(found, expected) < 1.0


def test_far_above_km_it_is_of_zero_order():
    found, _ = engine(Structure((0,), ()), 0, [0.0], 10.0, 1e-9, [(0.0, BOLUS, 0, 1000.0)], TIMES)
    assert_allclose(found[0], 1000.0 - 10.0 * TIMES, rtol=1e-7)


def test_without_vm_it_is_linear():
    structure, block = SYSTEMS["two compartments"]
    theta, rows = np.array([0.2, 0.4, 0.3]), [(0.0, BOLUS, 0, 100.0)]
    found, _ = engine(structure, block, theta, 0.0, 1.0, rows, TIMES)
    expected = solve(structure, theta[None], as_actions(rows), alone(rows, TIMES), TIMES, whole(0, 1), step=0.0)
    assert error_in_units(found, expected) < 1.0


def test_zero_dose_gives_zero_and_nothing_precedes_the_dose():
    structure, block = SYSTEMS["depot and prodrug"]
    theta, vm, km, _ = random_case("depot and prodrug", np.random.default_rng(4))
    found, _ = engine(structure, block, theta, vm, km, [(0.0, BOLUS, 0, 0.0)], TIMES)
    assert_array_equal(found, 0.0)
    found, _ = engine(structure, block, theta, vm, km, [(5.0, BOLUS, 0, 50.0)], TIMES)
    assert_array_equal(found[:, TIMES < 5.0], 0.0)
    assert found.max() > 0.0


def test_new_parameters_continue_from_the_amounts_of_the_moment():
    structure, block = SYSTEMS["depot"]
    theta = np.array([[1.3, 0.0, 0.4, 0.2, 1.3], [0.6, 0.1, 0.2, 0.4, 0.6]])
    vm, km, change = np.array([20.0, 8.0]), np.array([150.0, 90.0]), 6.0
    dose = [(0.0, BOLUS, 0, 400.0)]
    states, times = whole(1, 2), np.array([3.0, 6.0, 10.0, 30.0])
    rows = [*dose, (change, PARAMETERS, 0, 1.0)]
    found, _ = solve_saturable_outputs(
        structure, theta, vm, km, block, as_actions(rows), alone(rows, times), times, states
    )
    before = reference(structure, block, theta[0], vm[0], km[0], dose, np.array([0.0, 3.0, 6.0]))
    then = [(0.0, BOLUS, i, before[i, -1]) for i in range(3)]
    after = reference(structure, block, theta[1], vm[1], km[1], then, np.array([0.0, 4.0, 24.0]))
    assert_allclose(found, np.hstack((before[1:, 1:], after[1:, 1:])), rtol=ASKED)


@pytest.mark.parametrize("name", ["two compartments", "depot and prodrug", "prodrug, brain and metabolite"])
def test_a_problem_alone_is_bitwise_what_it_is_in_a_batch(name):
    structure, block = SYSTEMS[name]
    rng, n = np.random.default_rng(12), 560
    cases = [random_case(name, rng, steepest=1.0) for _ in range(n)]
    theta, vm, km = (np.array([case[i] for case in cases]) for i in range(3))
    rows, count = [row for case in cases for row in case[3]], len(cases[0][3])
    who = Problems(
        np.arange(n), count * np.arange(n), count * np.arange(1, n + 1), np.zeros(n, int), np.full(n, len(TIMES))
    )
    states = np.arange(first_states(structure)[block], structure.n_states)
    options = {"low": np.full(len(states), 1.0), "high": np.full(len(states), 9.0)}

    def run(problems, threads=None):
        until = np.full(len(problems.theta_row), 72.0)
        return solve_saturable_outputs(structure, theta, vm, km, block, as_actions(rows), problems, TIMES, states,
                                       until=until, threads=threads, **options)  # fmt: skip

    values, summary = run(who, 1)
    for threads in (2, 8):
        again = run(who, threads)
        assert_array_equal(again[0], values)
        assert_array_equal(again[1], summary)
    values = values.reshape(len(states), n, len(TIMES))
    for i in range(0, n, 40):
        one = run(Problems(*(field[i : i + 1] for field in who)))
        assert_array_equal(one[0], values[:, i])
        assert_array_equal(one[1][0], summary[i])
    single = solve_saturable(structure, theta, vm, km, block, as_actions(rows), who, TIMES, np.zeros(len(TIMES), int),
                             int(states[0]))  # fmt: skip
    assert_array_equal(single.reshape(n, -1), values[0])


@pytest.mark.parametrize("name", SYSTEMS)
def test_summary_is_that_of_the_dense_curve(name):
    structure, block = SYSTEMS[name]
    theta = {
        "one compartment": [0.0], "two compartments": [0.02, 0.4, 0.3],
        "three compartments": [0.0, 0.4, 0.3, 0.1, 0.02],
        "depot": [1.2, 0.0, 0.4, 0.3, 1.2], "depot and prodrug": [0.8, 2.8, 0.0, 0.4, 0.3, 0.8, 2.8],
        "two depots": [0.8, 0.3, 0.05, 0.8, 0.3], "brain": [0.0, 0.4, 0.3, 1.5, 0.2],
        "prodrug, brain and metabolite": [2.8, 0.05, 0.4, 0.3, 1.5, 0.3, 0.2, 0.1, 2.8, 0.2, 0.05],
    }[name]  # fmt: skip
    vm, km, until = 20.0, 150.0, 40.0
    centre = int(first_states(structure)[block])
    rows = sorted(
        [(0.0, BOLUS, 0, 700.0), (10.0, RATE, centre, 100.0), (12.0, RATE, centre, -100.0), (25.0, BOLUS, 0, 300.0)]
    )
    n_out = structure.n_states - centre
    low, high = np.full(n_out, 100.0), np.full(n_out, 350.0)
    _, summary = engine(structure, block, theta, vm, km, rows, np.empty(0), until=np.array([until]), low=low, high=high)
    # Sampled at 200,000 points; trapezia, linear crossings and the highest point are then good to 1e-7 and better.
    times = np.unique(np.concatenate((np.linspace(0.0, until, 200_001), [10.0, 12.0, 25.0])))
    curve = reference(structure, block, np.array(theta), vm, km, rows, times, interpolated=True)[centre:]
    for o, values in enumerate(curve):
        jump = np.zeros(len(values) - 1)
        if block == 0 and o == 0:
            jump[np.searchsorted(times, 25.0) - 1] = 300.0  # the bolus is in the last value of the step before it
        ends = values[1:] - jump
        area = np.sum(0.5 * (values[:-1] + ends) * np.diff(times))
        share = crossing_share(values[:-1], ends, low[o], high[o])
        steps = np.ravel(np.column_stack((values[:-1], ends)))
        falls = np.flatnonzero(np.diff(steps) < 0)
        found = summary[0, o]
        assert_allclose(found[CMAX], values.max(), rtol=1e-7)
        assert_allclose(found[TMAX], times[np.argmax(values)], atol=4e-4)  # two sampling steps
        assert_allclose(found[CMIN], steps[falls[0] + 1 :].min() if len(falls) else steps[-1], rtol=1e-7)
        assert_allclose(found[AUC], area, rtol=1e-7)
        assert_allclose(found[IN_RANGE], np.sum(share * np.diff(times)), rtol=1e-6, atol=1e-6)


def crossing_share(a, b, low, high):
    """Share of each step that a straight line from a to b spends between low and high."""
    rise = np.where(b == a, 1.0, b - a)
    first, last = (low - a) / rise, (high - a) / rise
    begin, end = np.clip(np.minimum(first, last), 0.0, 1.0), np.clip(np.maximum(first, last), 0.0, 1.0)
    return np.where(b == a, ((a >= low) & (a <= high)).astype(float), end - begin)
