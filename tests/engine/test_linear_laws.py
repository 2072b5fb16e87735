"""What any linear compartment system must obey, whatever its structure, parameters and doses (hypothesis).

Both sides of each law come from the engine, by different ways. They agree to the 1e-9 that is promised for a value;
values that are small against the largest one carry its rounding, 1e-12 of it.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from pkpd.engine.cascade import Structure, decompose, layout, theta_width
from pkpd.engine.linear import PARAMETERS, RATE, STEADY_ADD, Problems, solve
from pkpd.engine.summary import summarise
from pkpd.engine.trajectory import trace
from systems import SYSTEMS, actions, alone, bolus, infusion, joined, offsets, random_theta, system

#: Times that are exact in binary, so that a shift by whole hours does not round them.
GRID = np.arange(0, 48 * 8 + 1) / 8.0
rates = st.floats(1e-3, 1e2)
amounts = st.floats(1e-3, 1e4)
eighths = st.integers(0, 40 * 8).map(lambda i: i / 8.0)
lengths = st.integers(1, 30 * 8).map(lambda i: i / 8.0)


@st.composite
def models(draw):
    """(structure, theta row, states that may be dosed)."""
    chosen = draw(st.sampled_from(SYSTEMS))
    width = theta_width(chosen.structure)
    theta = np.array(draw(st.lists(rates, min_size=width, max_size=width)))
    return chosen.structure, theta, offsets(chosen.structure)


@st.composite
def dosed(draw):
    """A model and a dose into one of its blocks: rows of actions."""
    structure, theta, centres = draw(models())
    return structure, theta, draw(doses(centres))


@st.composite
def doses(draw, centres):
    state, amount, time = int(draw(st.sampled_from(list(centres)))), draw(amounts), draw(eighths)
    if draw(st.booleans()):
        return bolus(time, state, amount)
    return infusion(time, state, amount, draw(lengths))


def run(structure, theta, rows, times=GRID, **options):
    """Amounts of all states at `times`, shape (n_states, n_times)."""
    given_actions = actions(rows)
    who = alone(len(rows), len(times))
    return solve(structure, np.atleast_2d(theta), given_actions, who, times, np.arange(structure.n_states), **options)


def same(found, expected, size=None):
    assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * (np.abs(expected).max() if size is None else size))


@given(st.data())
def test_doses_add_up(data):
    structure, theta, centres = data.draw(models())
    first, second = data.draw(doses(centres)), data.draw(doses(centres))
    together = run(structure, theta, joined(first, second))
    same(together, run(structure, theta, first) + run(structure, theta, second))


@given(dosed(), st.integers(1, 1000))
def test_a_shift_in_time_shifts_the_result(case, shift):
    structure, theta, rows = case
    later = [(row[0] + shift, *row[1:]) for row in rows]
    same(run(structure, theta, later, GRID + shift), run(structure, theta, rows))


@given(dosed(), st.sampled_from([1 / 60, 24.0, 60.0, 3600.0]))
def test_the_unit_of_time_changes_nothing(case, factor):
    structure, theta, rows = case
    other = [(row[0] * factor, row[1], row[2], row[3] / factor if row[1] == RATE else row[3]) for row in rows]
    # A dose at a grid time may come to lie a rounding error behind it: look between the doses only.
    times = GRID + 1 / 16
    same(run(structure, theta / factor, other, times * factor), run(structure, theta, rows, times))


@given(dosed(), st.sampled_from([1e-6, 1e-3, 1e3, 1e6]))
def test_the_unit_of_mass_scales_the_result(case, factor):
    structure, theta, rows = case
    other = [(*row[:3], row[3] * factor) for row in rows]
    same(run(structure, theta, other), factor * run(structure, theta, rows))


@given(dosed())
def test_a_zero_dose_gives_zero(case):
    structure, theta, rows = case
    assert_array_equal(run(structure, theta, [(*row[:3], 0.0) for row in rows]), 0.0)


@given(dosed())
def test_nothing_is_negative_and_nothing_precedes_the_dose(case):
    structure, theta, rows = case
    found = run(structure, theta, rows)
    assert np.all(np.isfinite(found)) and found.min() >= 0.0
    assert_array_equal(found[:, rows[0][0] > GRID], 0.0)


@pytest.mark.parametrize("k_out", [0.0, 1e-14])
@given(data=st.data())
def test_what_is_dosed_is_in_the_body_or_eliminated(data, k_out):
    n, depot = data.draw(st.integers(0, 2)), data.draw(st.booleans())
    chosen = system(n, depot=depot, metabolite=0)  # the metabolite collects what leaves, and keeps it
    width = theta_width(chosen.structure)
    theta = np.array(data.draw(st.lists(rates, min_size=width, max_size=width)))
    if depot:
        theta[-2] = theta[0]
    theta[-1] = theta[int(depot)]
    theta[1 + depot + 2 * n] = k_out
    rows = joined(*(data.draw(doses(offsets(chosen.structure)[:-1])) for _ in range(2)))
    found = run(chosen.structure, theta, rows)
    given_so_far = np.zeros(len(GRID))
    for time, kind, _, value in rows:
        given_so_far += np.where(time <= GRID, value * (GRID - time if kind == RATE else 1.0), 0.0)
    assert_allclose(found.sum(axis=0), given_so_far, rtol=1e-9, atol=1e-12 * given_so_far.max())


@given(models(), amounts, st.integers(2, 200), st.data())
def test_an_infusion_in_two_parts_is_one_infusion(model, amount, eighth, data):
    structure, theta, centres = model
    state, cut = int(data.draw(st.sampled_from(list(centres)))), data.draw(st.integers(1, eighth - 1)) / 8.0
    length = eighth / 8.0
    whole = infusion(1.0, state, amount, length)
    parts = infusion(1.0, state, amount * cut / length, cut)
    parts += infusion(1.0 + cut, state, amount * (length - cut) / length, length - cut)
    same(run(structure, theta, sorted(parts, key=lambda row: row[0])), run(structure, theta, whole))


@given(dosed(), st.lists(eighths, min_size=1, max_size=5))
def test_putting_the_same_parameters_again_changes_nothing(case, when):
    structure, theta, rows = case
    again = joined(rows, [(time, PARAMETERS, 0, 0.0) for time in when])
    same(run(structure, theta, again), run(structure, theta, rows))


@given(dosed(), eighths)
def test_new_parameters_continue_from_the_amounts_of_the_moment(case, when):
    structure, theta, rows = case
    both = np.vstack((theta, 0.5 * theta))
    rows = [(row[0] + when, *row[1:]) for row in rows]  # changed before the first dose: as if always in force
    changed = run(structure, both, joined([(when, PARAMETERS, 0, 1.0)], rows), GRID + when)
    same(changed, run(structure, both[1:], rows, GRID + when))


@given(dosed())
def test_an_even_grid_and_single_times_agree(case):
    structure, theta, rows = case
    same(run(structure, theta, rows), run(structure, theta, rows, step=0.0))


@given(dosed(), st.lists(eighths, min_size=1, max_size=20, unique=True))
def test_values_do_not_depend_on_the_other_times(case, chosen):
    structure, theta, rows = case
    times = np.array(sorted(chosen))
    whole = run(structure, theta, rows)
    few = run(structure, theta, rows, times, step=0.0)
    same(few, whole[:, np.searchsorted(GRID, times)], whole.max())


def test_an_action_comes_before_an_output_of_its_order():
    structure, theta = Structure((0,), ()), np.array([[0.1]])
    times, orders = np.array([1.0, 1.0, 1.0]), np.array([0, 1, 2])
    dose = actions(bolus(1.0, 0, 100.0))._replace(order=np.array([1]))
    found = solve(structure, theta, dose, alone(1, 3), times, np.array([0]), orders=orders, step=0.0)
    assert_array_equal(found, [[0.0, 100.0, 100.0]])


def batch(chosen, n_sets, seed):
    """Random problems of one structure: theta, actions, problems (all on one grid)."""
    rng = np.random.default_rng([seed, 7])
    theta = np.array([random_theta(rng, chosen) for _ in range(n_sets)])
    rows, stops = [], []
    for _ in range(n_sets):
        state = int(rng.choice(offsets(chosen.structure)))
        parts = [bolus(rng.uniform(0, 20), state, rng.uniform(1, 100)),
                 infusion(rng.uniform(0, 20), state, rng.uniform(1, 100), rng.uniform(0.01, 20))]  # fmt: skip
        if theta[len(stops)].min() > 1e-3:
            parts.append([(rng.uniform(0, 20), STEADY_ADD, state, 10.0, 8.0, 0.0, 8.0)])
        rows += joined(*parts)
        stops.append(len(rows))
    starts = np.array([0, *stops[:-1]])
    who = Problems(np.arange(n_sets), starts, np.array(stops), np.zeros(n_sets, int), np.full(n_sets, len(GRID)))
    return theta, actions(rows), who


@pytest.mark.parametrize("chosen", [SYSTEMS[2], SYSTEMS[9], SYSTEMS[15], SYSTEMS[-1]], ids=str)
@pytest.mark.parametrize("step", [None, 0.0], ids=["even", "single"])
@settings(max_examples=1)
@given(st.integers(0, 3))
def test_a_problem_alone_is_bitwise_what_it_is_in_a_batch(chosen, step, seed):
    structure, n_sets = chosen.structure, 700  # enough for eight threads with a share each
    theta, given_actions, who = batch(chosen, n_sets, seed)
    states = np.arange(structure.n_states)
    results = [solve(structure, theta, given_actions, who, GRID, states, step=step, threads=n) for n in (1, 2, 8)]
    assert_array_equal(results[1], results[0])
    assert_array_equal(results[2], results[0])
    whole = results[0].reshape(len(states), n_sets, len(GRID))
    some = Problems(*(field[100:300] for field in who))
    part = solve(structure, theta, given_actions, some, GRID, states, step=step, threads=2)
    assert_array_equal(part.reshape(len(states), 200, -1), whole[:, 100:300])
    for i in range(0, n_sets, 35):
        one = Problems(*(field[i : i + 1] for field in who))
        own = solve(structure, theta[i : i + 1], given_actions, one._replace(theta_row=np.array([0])), GRID, states,
                    step=step)  # fmt: skip
        assert_array_equal(own, whole[:, i])


def test_a_summary_alone_is_bitwise_what_it_is_in_a_batch():
    chosen, n_sets = SYSTEMS[9], 520  # enough for eight threads
    theta, given_actions, who = batch(chosen, n_sets, 5)
    states = np.arange(chosen.structure.n_states)
    low, high = np.full(len(states), 1.0), np.full(len(states), 10.0)

    def summary(problems, threads):
        modes = decompose(layout(chosen.structure), theta, threads)
        path = trace(modes, given_actions, problems, threads)
        until = np.full(len(problems.theta_row), 48.0)
        return summarise(modes, path, until, states, np.ones((n_sets, len(states))), low, high, threads)

    whole = summary(who, 1)
    assert_array_equal(summary(who, 2), whole)
    assert_array_equal(summary(who, 8), whole)
    for i in range(0, n_sets, 70):
        assert_array_equal(summary(Problems(*(field[i : i + 1] for field in who)), 1)[0], whole[i])
