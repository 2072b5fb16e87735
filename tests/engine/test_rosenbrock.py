"""The stepper against closed forms and scipy, driven from here: no mechanism is built into it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import solve_ivp

from pkpd.engine import rosenbrock as ros
from pkpd.engine.lanes import LANES


def step(rates, jacobian, slope, t, h, y):
    """One step of all lanes; `y` has shape (n, LANES). Returns the new state, the squared error and the dense rows."""
    n = len(y)
    w, k, u = np.zeros((n * n, LANES)), np.zeros((ros.STAGES * n, LANES)), np.zeros((n, LANES))
    error, dense = np.zeros(LANES), np.zeros((n * (2 + ros.N_DENSE), LANES))
    w[:] = -jacobian(t, y).reshape(n * n, LANES)
    w[:: n + 1] += 1.0 / (ros.GAMMA * h)
    ros.factor(w, n)
    for s in range(ros.STAGES):
        ros.begin_stage(s, n, 1.0 / h, y, k, u)
        k[s * n : (s + 1) * n] += rates(t + ros.NODE[s] * h, u) + h * ros.TIME_WEIGHT[s] * slope(t, y)
        ros.finish_stage(s, n, w, k)
    ros.end_step(n, 1e-6, 1e-9, y, k, u, error)
    ros.dense_rows(n, np.arange(n), y, k, u, dense)
    return u, error, dense


# A stiff linear system with the smooth solution (sin t, cos t), and a nonlinear partner: y' = -y^2 from 1 is 1/(1 + t).
STIFF = 1000.0


def rates(t, y):
    return np.array([np.cos(t) - STIFF * (y[0] - np.sin(t)), y[0] - np.sin(t) - np.sin(t), -y[2] * y[2]])


def jacobian(t, y):
    one, zero = np.ones(LANES), np.zeros(LANES)
    return np.array([[-STIFF * one, zero, zero], [one, zero, zero], [zero, zero, -2.0 * y[2]]])


def slope(t, y):
    return np.array([-np.sin(t) + STIFF * np.cos(t), -2.0 * np.cos(t), np.zeros(LANES)])


def exact(t):
    return np.array([np.sin(t), np.cos(t), 1.0 / (1.0 + t)])


def march(n_steps, until=2.0):
    t, h, y = np.zeros(LANES), np.full(LANES, until / n_steps), exact(np.zeros(LANES))
    for _ in range(n_steps):
        y = step(rates, jacobian, slope, t, h, y)[0]
        t = t + h
    return np.abs(y - exact(t))[:, 0]


def test_order_five_and_hardly_less_where_it_is_stiff():
    coarse, fine = march(16), march(32)
    assert fine[2] < coarse[2] / 2.0**4.6 and fine.max() < 2e-9
    assert fine[0] < coarse[0] / 2.0**3.5  # where h times the rate is near 30 any such method loses an order


def test_dense_output_is_of_order_four():
    def worst(h):
        t, hs = np.zeros(LANES), np.full(LANES, h)
        _, _, dense = step(rates, jacobian, slope, t, hs, exact(t))
        parts = np.linspace(0.0, 1.0, 11)
        found = np.array([[ros.between.py_func(dense, i, 0, part) for part in parts] for i in range(3)])
        return np.abs(found - exact(parts * h)).max()

    assert worst(0.1) < worst(0.2) / 2.0**4.5
    assert worst(0.1) < 1e-6


def test_each_lane_keeps_its_own_clock():
    """Lanes with different steps and states give, bit for bit, what each gives among seven copies of itself."""
    rng = np.random.default_rng(1)
    t, h, y = rng.uniform(0, 3, LANES), rng.uniform(0.01, 1, LANES), rng.uniform(0, 1, (3, LANES))
    together = step(rates, jacobian, slope, t, h, y)
    for lane in range(LANES):
        alone = step(rates, jacobian, slope, np.full(LANES, t[lane]), np.full(LANES, h[lane]),
                     np.repeat(y[:, [lane]], LANES, axis=1))  # fmt: skip
        for a, b in zip(together, alone):
            assert_array_equal(a[..., lane], b[..., 0])


def test_adaptive_steps_follow_a_stiff_oscillator():
    """Van der Pol, mu = 100: rtol 1e-6 in every step gives scipy's Radau at 1e-10 to 1e-4 after a relaxation jump."""
    mu = 100.0

    def vdp(t, y):
        return np.array([y[1], mu * (1.0 - y[0] * y[0]) * y[1] - y[0]])

    def vdp_jacobian(t, y):
        one, zero = np.ones(LANES), np.zeros(LANES)
        return np.array([[zero, one], [-2.0 * mu * y[0] * y[1] - 1.0, mu * (1.0 - y[0] * y[0])]])

    until = 120.0
    y = np.repeat([[2.0], [0.0]], LANES, axis=1)
    t, h, count = 0.0, 1e-4, 0
    while t < until:
        u, error, _ = step(vdp, vdp_jacobian, lambda t, y: np.zeros_like(y), np.full(LANES, t), np.full(LANES, h), y)
        grown = h * ros.step_factor(error[0])
        if error[0] <= 1.0:
            t, y, h = t + h, u, grown
            h = ros.fit_step(h, until - t) if t < until else h
        else:
            h = min(grown, h)
        count += 1
    path = solve_ivp(lambda t, y: vdp(t, y), (0, until), [2.0, 0.0], "Radau", rtol=1e-10, atol=1e-12)
    assert count < 1000
    assert_allclose(y[:, 0], path.y[:, -1], rtol=1e-4)


@pytest.mark.parametrize("error, expected", [(np.nan, 0.2), (np.inf, 0.2), (1e30, 0.2), (0.0, 6.0), (1.0, 0.9)])
def test_step_factor_is_bounded(error, expected):
    assert ros.step_factor(error) == pytest.approx(expected)


def test_no_tiny_step_is_left_before_an_event():
    assert ros.fit_step(1.0, 0.7) == 0.7
    assert ros.fit_step(1.0, 1.6) == 0.8
    assert ros.fit_step(1.0, 5.0) == 1.0
