"""Linear systems against a solution of 31 digits: 10,000 random parameter sets, most of them degenerate in some way.

The oracle is the exponential of the plain matrix of the amounts in double-double arithmetic (`double_double.py`): no
eigenvalues, so equal rate constants are no special case, and no subtraction, so small entries are as good as large
ones. Its times are a chain of halvings: squaring gives the exponential at each of them. 1e-9 is the promise of the
package, relative to each value with a floor of 1e-6 of the largest value of that state.
"""

import decimal

import numpy as np
import pytest
from double_double import exponential_chain, matrix_product
from numpy.testing import assert_allclose

from pkpd.engine.linear import Problems, solve
from systems import SYSTEMS, actions, bolus, infusion, offsets, plain_parts, random_theta

SQUARINGS = 36  # rate constants up to 1e9 1/h over 168 h are scaled below 2
LEVELS = 12  # halvings that are looked at, and the shortest infusion: from the span down to 1/2048 of it (24 h: 42 s)
PROMISE, FLOOR = 1e-9, 1e-6


def random_cases(chosen, n_sets, seed):
    """Parameter sets, spans, doses: (theta, span, state that receives 100 mg, level at which the input stops or -1)."""
    rng = np.random.default_rng([seed, 2026])
    theta = np.array([random_theta(rng, chosen) for _ in range(n_sets)])
    span = rng.choice([1.0, 24.0, 168.0], n_sets) * rng.uniform(0.5, 1.0, n_sets)
    into = offsets(chosen.structure)[: 1 + ("depot" in chosen.roles)]
    state = rng.choice(into, n_sets)
    stop = np.where(rng.integers(2, size=n_sets) == 0, -1, rng.integers(1, LEVELS, n_sets))
    return theta, span, state, stop


def exact_amounts(structure, theta, span, state, stop):
    """Times (n_sets, 2 * LEVELS) and amounts (n_sets, 2 * LEVELS, n) after 100 mg at time 0, unsorted.

    Level j is the time span / 2**j. The second half of the times follows the end of the infusion (or the bolus).
    """
    matrix, losses = plain_parts(structure, theta)
    n_sets, n, _ = matrix.shape
    wide, wide_losses = np.zeros((n_sets, n + 1, n + 1)), np.zeros((n_sets, n + 1, 3))
    wide[:, :n, :n], wide_losses[:, :n] = matrix, losses  # the last state is a constant 1 that feeds the infusion
    who = np.arange(n_sets)
    length = np.where(stop < 0, 1.0, span / 2.0 ** np.maximum(stop, 0))
    wide[who, state, n] = 100.0 / length
    chain = list(exponential_chain(wide, wide_losses, span, SQUARINGS))[::-1][:LEVELS]
    column = np.where(stop < 0, state, n)
    during = np.array([level[0][who, :n, column] for level in chain])
    during *= np.where(stop < 0, 100.0, 1.0)[:, None]
    level = np.maximum(stop, 0)
    end = tuple(np.array([part[k][who, :n, column] for part in chain])[level, who] for k in (0, 1))
    after = np.array([matrix_product((p[0][:, :n, :n], p[1][:, :n, :n]), (end[0][..., None], end[1][..., None]))[0]
                      for p in chain])[..., 0]  # fmt: skip
    times = span / 2.0 ** np.arange(LEVELS)[:, None]
    running = (times <= length) | (stop < 0)
    # A bolus has no second half: its times are given twice. An infusion has no first half beyond its end.
    late = np.where(stop < 0, times, length + times)
    amounts = np.concatenate((during, np.where((stop < 0)[:, None], during, after)))
    early = np.where(running, times, late)
    amounts[:LEVELS] = np.where(running[..., None], during, after)
    return np.concatenate((early, late)).T, np.moveaxis(amounts, 0, 1)


def engine_amounts(structure, theta, state, stop, span, times):
    """Amounts (n_sets, n_times, n) from the package; `times` increase in each row."""
    rows = [
        bolus(0.0, s, 100.0) if j < 0 else infusion(0.0, s, 100.0, length / 2.0**j)
        for s, j, length in zip(state, stop, span)
    ]
    ends = np.cumsum([len(row) for row in rows])
    n_sets, n_times = times.shape
    problems = Problems(
        np.arange(n_sets), ends - [len(row) for row in rows], ends, n_times * np.arange(n_sets),
        n_times * np.arange(1, n_sets + 1),
    )  # fmt: skip
    states = np.arange(structure.n_states)
    found = solve(
        structure, theta, actions([action for row in rows for action in row]), problems, times.ravel(), states, step=0.0
    )
    return found.reshape(len(states), n_sets, n_times).transpose(1, 2, 0)


def errors(chosen, n_sets, seed):
    """Relative error of every value, shape (n_sets, n_times, n), and the cases."""
    theta, span, state, stop = random_cases(chosen, n_sets, seed)
    times, expected = exact_amounts(chosen.structure, theta, span, state, stop)
    order = np.argsort(times, axis=1, kind="stable")
    times = np.take_along_axis(times, order, axis=1)
    expected = np.take_along_axis(expected, order[..., None], axis=1)
    found = engine_amounts(chosen.structure, theta, state, stop, span, times)
    assert np.all(np.isfinite(found)), "not a number"
    assert found.min() >= 0.0, "negative amount"
    scale = np.maximum(expected, FLOOR * expected.max(axis=1, keepdims=True))
    relative = np.abs(found - expected) / np.where(scale > 0.0, scale, 1.0)
    return relative, (theta, span, state, stop, times, expected, found)


def check(chosen, n_sets, seed):
    relative, (theta, span, state, stop, times, expected, found) = errors(chosen, n_sets, seed)
    case, at, which = np.unravel_index(np.argmax(relative), relative.shape)
    worst = relative[case, at, which]
    assert worst <= PROMISE, (
        f"{chosen}: error {worst:.2g} in {np.sum(relative.max(axis=(1, 2)) > PROMISE)} of {n_sets} sets; worst: "
        f"theta={theta[case].tolist()}, span={span[case]!r}, 100 mg into state {state[case]}, stop level {stop[case]}; "
        f"state {which} at {times[case, at]!r} h: {found[case, at, which]!r}, not {expected[case, at, which]!r}"
    )


def name(chosen):
    return "-".join(f"{role}{p}" for role, p in zip(chosen.roles, chosen.structure.peripherals))


@pytest.mark.parametrize("chosen", SYSTEMS, ids=name)
def test_1500_parameter_sets_within_1e_9(chosen):
    check(chosen, 70, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("chosen", SYSTEMS, ids=name)
def test_10000_parameter_sets_within_1e_9(chosen):
    check(chosen, 460, seed=2)


def decimal_exponential(matrix, losses, span, column):
    """exp(A span)[:, column] with 60 digits: series of the scaled matrix, then squarings."""
    with decimal.localcontext(prec=80):
        n, squarings = len(matrix), 40
        h = decimal.Decimal(float(span)) / 2**squarings
        a = [[decimal.Decimal(float(matrix[i, j])) * h for j in range(n)] for i in range(n)]
        for i in range(n):
            a[i][i] -= sum(decimal.Decimal(float(part)) for part in losses[i]) * h

        def product(x, y):
            return [
                [sum((x[i][k] * y[k][j] for k in range(n)), decimal.Decimal(0)) for j in range(n)] for i in range(n)
            ]

        one = [[decimal.Decimal(int(i == j)) for j in range(n)] for i in range(n)]
        result = one
        for k in range(30, 0, -1):
            result = [[one[i][j] + x / k for j, x in enumerate(row)] for i, row in enumerate(product(a, result))]
        for _ in range(squarings):
            result = product(result, result)
        return np.array([float(row[column]) for row in result])


@pytest.mark.parametrize("chosen", SYSTEMS[::3], ids=name)
def test_the_oracle_agrees_with_60_digit_decimals(chosen):
    theta, span, _, _ = random_cases(chosen, 3, seed=3)
    matrix, losses = plain_parts(chosen.structure, theta)
    *_, last = exponential_chain(matrix, losses, span, SQUARINGS)
    for i in range(len(theta)):
        expected = decimal_exponential(matrix[i], losses[i], span[i], 0)
        # Printed as doubles both must agree to the last bits; below 1e-250 the halves of a pair run out of exponents.
        assert_allclose(last[0][i, :, 0], expected, rtol=4e-16, atol=1e-250)
