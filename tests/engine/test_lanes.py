"""Arithmetic on lanes is that of numpy on each lane, and no lane sees another."""

import numpy as np
from numba import njit
from numpy.testing import assert_allclose, assert_array_equal

from pkpd.engine.lanes import LANES, exponential, larger, load, load_from, magnitude, spread, store, store_from

RNG = np.random.default_rng(0)


@njit
def _formulas(a, b, out):
    x, y = load(a, 0), load(b, 0)
    store(out, 0, x + y)
    store(out, 1, x - 2.0)
    store(out, 2, 3.0 * x)
    store(out, 3, x / y)
    store(out, 4, larger(x, y))
    store(out, 5, magnitude(x))
    store(out, 6, spread(0.5))
    store(out, 7, exponential(x))


@njit
def _shift(a, out, first):
    store_from(out, first, load_from(a, first + 1))


def test_operations_are_those_of_each_lane():
    a, b, out = RNG.normal(0.0, 2.0, LANES), RNG.normal(0.0, 2.0, LANES), np.zeros((8, LANES))
    _formulas(a, b, out)
    expected = [a + b, a - 2.0, 3.0 * a, a / b, np.maximum(a, b), np.abs(a), np.full(LANES, 0.5)]
    assert_array_equal(out[:7], expected)


def test_exponential_has_two_units_in_the_last_digit():
    out, b = np.zeros((8, LANES)), np.ones(LANES)
    for x in np.concatenate((RNG.uniform(-708.0, 5.0, (500, LANES)), RNG.uniform(-1.0, 1.0, (500, LANES)))):
        _formulas(x, b, out)
        assert_allclose(out[7], np.exp(x), rtol=4.5e-16)
    _formulas(np.full(LANES, -1e6), b, out)
    assert_allclose(out[7], np.exp(-708.0), rtol=1e-15)


def test_a_number_that_is_none_stays_in_its_lane():
    a, b, out = np.ones(LANES), np.ones(LANES), np.zeros((8, LANES))
    a[3] = np.nan
    _formulas(a, b, out)
    assert_array_equal(np.isnan(out[[0, 1, 2, 3, 7]]), np.tile(np.arange(LANES) == 3, (5, 1)))


def test_lanes_may_begin_anywhere():
    a, out = np.arange(20.0), np.zeros(20)
    _shift(a, out, 5)
    assert_array_equal(out[5 : 5 + LANES], a[6 : 6 + LANES])
    assert_array_equal(np.delete(out, np.arange(5, 5 + LANES)), 0.0)
