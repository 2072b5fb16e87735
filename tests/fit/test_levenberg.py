"""The batched least-squares routine against scipy, and the exchange of absorption and disposition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.optimize import least_squares

import pkpd
from pkpd.fit.flip import exchanged
from pkpd.fit.levenberg import least_squares_batch

T = np.linspace(0.2, 10.0, 14)


def decays(x):
    """Sum of two exponentials for parameter vectors x of shape (m, k, 4)."""
    a, fast, b, slow = np.moveaxis(np.exp(x), -1, 0)[..., None]
    return a * np.exp(-fast * T) + b * np.exp(-slow * T)


def problems(n=25, seed=1):
    rng = np.random.default_rng(seed)
    truth = np.log((5.0, 2.0, 2.0, 0.15)) + 0.3 * rng.standard_normal((n, 4))
    return decays(truth[:, None])[:, 0] + 0.02 * rng.standard_normal((n, len(T)))


def test_every_problem_reaches_the_minimum_that_scipy_finds():
    data = problems()
    start = np.tile(np.log((4.0, 1.5, 1.5, 0.2)), (len(data), 1))
    found = least_squares_batch(lambda units, x: decays(x) - data[units][:, None], start)
    assert found.converged.all()
    for i in range(len(data)):
        best = least_squares(lambda x, i=i: decays(x[None, None])[0, 0] - data[i], start[i], xtol=1e-14, ftol=1e-14)
        assert_allclose(found.cost[i], 2 * best.cost, rtol=1e-7)


def test_a_problem_does_not_depend_on_its_neighbours():
    data = problems(8)
    start = np.tile(np.log((4.0, 1.5, 1.5, 0.2)), (8, 1))
    crowd = least_squares_batch(lambda units, x: decays(x) - data[units][:, None], start)
    alone = least_squares_batch(lambda units, x: decays(x) - data[units + 5][:, None], start[5:6])
    assert_allclose(alone.x[0], crowd.x[5], rtol=1e-12)


def test_bounds_and_held_parameters_are_kept():
    data = problems(6)
    start = np.tile(np.log((4.0, 1.5, 1.5, 0.2)), (6, 1))
    active = np.ones((6, 4), dtype=bool)
    active[:, 1] = False
    high = np.log((4.2, 9.0, 9.0, 9.0))
    found = least_squares_batch(lambda units, x: decays(x) - data[units][:, None], start, active=active, high=high)
    assert_allclose(found.x[:, 1], np.log(1.5))
    assert (found.x <= high + 1e-12).all()
    for i in range(6):
        free = np.array([0, 2, 3])

        def residual(x, i=i, free=free):
            full = start[i].copy()
            full[free] = x
            return decays(full[None, None])[0, 0] - data[i]

        best = least_squares(residual, start[i][free], bounds=(-9.0, high[free]), xtol=1e-14, ftol=1e-14)
        assert_allclose(found.cost[i], 2 * best.cost, rtol=1e-6)


@pytest.mark.parametrize("n", [1, 2, 3])
@given(seed=st.integers(0, 10_000))
def test_exchanged_parameters_predict_the_same(n, seed):
    rng = np.random.default_rng(seed)
    names = ["CL", "V1", "Q2", "V2", "Q3", "V3"][: 2 * n]
    p = np.exp(rng.normal(np.log((5.0, 20.0, 8.0, 60.0, 1.0, 90.0))[: 2 * n], 0.4))
    ka = np.exp(rng.normal(np.log(0.3), 0.7))
    other, new_ka, possible = exchanged(p[None], np.array([ka]))
    if not possible[0]:
        return
    times = np.linspace(0.1, 60.0, 20)
    data = {"ID": 1, "TIME": np.append(0.0, times), "AMT": np.append(100.0, np.zeros(20))}
    import pandas as pd

    one = pkpd.predict(pd.DataFrame(data), f"{n}cmt oral", dict(zip(names, p)) | {"KA": ka})["IPRED"]
    two = pkpd.predict(pd.DataFrame(data), f"{n}cmt oral", dict(zip(names, other[0])) | {"KA": new_ka[0]})["IPRED"]
    assert_allclose(two, one, rtol=1e-7, atol=1e-12)
    assert_allclose(other[0, 0], p[0], rtol=1e-9)  # clearance stays
    assert new_ka[0] > ka
