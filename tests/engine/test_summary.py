"""Peak, its time, trough, area and time in range against dense sampling with scipy's matrix exponential.

Segment by segment from dose to dose: 3,000 even points, peaks and crossings then refined by scipy's minimiser and root
finder, areas by an extra state that integrates the output. Values agree to 1e-9. A peak is flat, so its time is only
as good as the root of that: 1e-6 of the time.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import expm
from scipy.optimize import brentq, minimize_scalar

from pkpd.engine.cascade import decompose, layout
from pkpd.engine.summary import AUC, CMAX, CMIN, IN_RANGE, TMAX, summarise
from pkpd.engine.trajectory import trace
from systems import BOLUS, RATE, actions, alone, block_eigenvalues, bolus, infusion, joined, plain_matrix, system

POINTS = 3000


class Dense:
    """One output followed through all segments."""

    def __init__(self, low, high):
        self.low, self.high = low, high
        self.cmax, self.tmax, self.auc, self.inside = 0.0, 0.0, 0.0, 0.0
        self.values = []

    def segment(self, start, tau, values, exact):
        """Take sampled values of a segment; `exact(tau)` gives any other."""
        peak = int(np.argmax(values))
        best, when = values[peak], tau[peak]
        if 0 < peak < len(tau) - 1:
            best, when = self.refined(exact, tau[peak - 1], tau[peak + 1], -1.0)
        if best > self.cmax * (1 + 1e-13):
            self.cmax, self.tmax = best, start + when
        turns = [0, *(np.flatnonzero(np.diff(np.sign(np.diff(values)))) + 1), len(values) - 1]
        kept = [values[0]]
        if exact(1e-6 * tau[1]) < values[0] < values[1]:  # an effect site turns soon after a dose, between two samples
            kept.append(self.refined(exact, tau[0], tau[1], 1.0)[0])
        for i in turns[1:-1]:
            sign = -1.0 if values[i] >= values[i - 1] else 1.0
            kept.append(self.refined(exact, tau[i - 1], tau[i + 1], sign)[0])
        self.values += [*kept, values[-1]]
        edges = [tau[0]]
        for level in (self.low, self.high):
            for i in np.flatnonzero(np.diff(values > level)):
                edges.append(brentq(lambda t, level=level: exact(t) - level, tau[i], tau[i + 1], xtol=1e-14))
        edges = sorted([*edges, tau[-1]])
        for a, b in zip(edges[:-1], edges[1:]):
            if b > a and self.low <= exact(0.5 * (a + b)) <= self.high:
                self.inside += b - a

    @staticmethod
    def refined(exact, a, b, sign):
        found = minimize_scalar(lambda t: sign * exact(t), bounds=(a, b), method="bounded", options={"xatol": 1e-12})
        return sign * found.fun, found.x

    def cmin(self):
        """The lowest value from the first peak on; the last value if it only rises."""
        values = np.array(self.values)
        falling = np.flatnonzero(np.diff(values) < 0)
        return values[falling[0] + 1 :].min() if len(falling) else values[-1]


def dense_summary(chosen, theta, rows, until, states, factors, low, high):
    """Columns CMAX, TMAX, CMIN, AUC, IN_RANGE of each state."""
    matrix = plain_matrix(chosen.structure, theta)
    n, outputs = len(matrix), [Dense(a, b) for a, b in zip(low, high)]
    wide = np.zeros((n + 1 + len(states), n + 1 + len(states)))  # amounts, the constant 1, areas
    wide[:n, :n] = matrix
    for o, (state, factor) in enumerate(zip(states, factors)):
        wide[n + 1 + o, state] = factor
    z = np.zeros(len(wide))
    z[n] = 1.0
    moments = [*sorted({row[0] for row in rows if row[0] <= until}), until]
    for start, stop in zip(moments[:-1], moments[1:]):
        for _, kind, state, value in (row for row in rows if row[0] == start):
            if kind == BOLUS:
                z[state] += value
            elif kind == RATE:
                wide[state, n] += value
        tau = np.linspace(0.0, stop - start, POINTS)
        step, path = expm(wide * tau[1]), [z]
        for _ in tau[1:]:
            path.append(step @ path[-1])
        path = np.array(path)
        for o, (state, factor) in enumerate(zip(states, factors)):
            outputs[o].segment(
                start, tau, path[:, state] * factor,
                lambda t, z=z, state=state, factor=factor: (expm(wide * t) @ z)[state] * factor,
            )  # fmt: skip
        z = path[-1]
    return np.array([[out.cmax, out.tmax, out.cmin(), z[n + 1 + o], out.inside] for o, out in enumerate(outputs)])


def compare(chosen, theta, rows, until, states, factors, low, high):
    modes = decompose(layout(chosen.structure), np.array([theta]))
    path = trace(modes, actions(rows), alone(len(rows), 0))
    found = summarise(
        modes, path, np.array([until]), np.array(states), np.array([factors]), np.array(low), np.array(high)
    )
    found = found[0][:, [CMAX, TMAX, CMIN, AUC, IN_RANGE]]
    expected = dense_summary(chosen, theta, rows, until, states, factors, low, high)
    floor = 1e-12 * expected.max()
    assert_allclose(found[:, 0], expected[:, 0], rtol=1e-9, atol=floor, err_msg="cmax")
    assert_allclose(found[:, 1], expected[:, 1], rtol=1e-6, atol=1e-6, err_msg="tmax")
    assert_allclose(found[:, 2], expected[:, 2], rtol=1e-9, atol=floor, err_msg="cmin")
    assert_allclose(found[:, 3], expected[:, 3], rtol=1e-9, atol=floor, err_msg="auc")
    assert_allclose(found[:, 4], expected[:, 4], rtol=1e-8, atol=1e-8, err_msg="hours in range")


ORAL = (system(0, depot=True), [1.2, 0.15, 1.2])
TWO = (system(1), [0.3, 0.8, 0.4])
THREE = (system(2), [0.44, 0.30, 0.07, 0.20, 0.0035])
SITE = (system(1, effect=True), [0.3, 0.8, 0.4, 2.0, 2.0])
ORAL_SITE = (system(1, depot=True, effect=True), [1.2, 0.3, 0.8, 0.4, 0.7, 1.2, 0.7])
METABOLITE = (system(1, depot=True, metabolite=1, presystemic=True), [2.0, 0.3, 0.8, 0.4, 0.6, 0.2, 0.5, 2.0, 0.3, 0.4])

#: Name: (model, rows, until, states).
CASES = {
    "oral": (ORAL, bolus(0.0, 0, 100.0), 24.0, [1]),
    "oral, seen before the peak": (ORAL, bolus(0.0, 0, 100.0), 1.0, [1]),
    "oral, late": (ORAL, bolus(3.0, 0, 100.0), 24.0, [1]),
    "oral, four doses": (ORAL, joined(*(bolus(6.0 * i, 0, 100.0) for i in range(4))), 30.0, [1]),
    "iv": (TWO, bolus(0.0, 0, 100.0), 24.0, [0, 1]),
    "iv, three compartments": (THREE, joined(bolus(0.0, 0, 100.0), bolus(5.0, 0, 50.0)), 48.0, [0, 1, 2]),
    "infusion": (TWO, infusion(1.0, 0, 100.0, 2.0), 24.0, [0, 1]),
    "infusion that goes on": (TWO, [(0.0, RATE, 0, 10.0)], 24.0, [0, 1]),
    "bolus and infusion": (THREE, joined(bolus(0.0, 0, 100.0), infusion(0.0, 0, 200.0, 10.0)), 24.0, [0, 1, 2]),
    "rates up and down": (
        THREE,
        [(0.0, RATE, 0, 20.0), (2.0, RATE, 0, -15.0), (5.0, RATE, 0, 30.0), (6.0, RATE, 0, -35.0)],
        12.0,
        [0, 1, 2],
    ),
    "overlapping infusions": (TWO, joined(infusion(0.0, 0, 80.0, 8.0), infusion(4.0, 0, 30.0, 8.0)), 20.0, [0, 1]),
    "effect site, bolus": (SITE, bolus(0.0, 0, 100.0), 12.0, [0, 2]),
    "effect site, infusions": (SITE, joined(*(infusion(4.0 * i, 0, 60.0, 0.5) for i in range(3))), 14.0, [0, 2]),
    "effect site, oral": (ORAL_SITE, joined(bolus(0.0, 0, 90.0), bolus(8.0, 0, 90.0)), 24.0, [1, 3]),
    "metabolite": (METABOLITE, joined(bolus(0.0, 0, 90.0), infusion(2.0, 1, 50.0, 1.0)), 24.0, [1, 3]),
    "stopped at a dose": (TWO, joined(bolus(0.0, 0, 100.0), bolus(8.0, 0, 300.0)), 7.999, [0]),
    "KA = k": ((system(0, depot=True), [0.4, 0.4, 0.4]), bolus(0.0, 0, 100.0), 24.0, [1]),
    "KA = k, infusion": ((system(0, depot=True), [0.4, 0.4, 0.4]), infusion(0.0, 0, 100.0, 3.0), 24.0, [1]),
    "KA = KE0 = k": (
        (system(0, depot=True, effect=True), [0.4] * 5),
        joined(bolus(0.0, 0, 100.0), infusion(6.0, 1, 60.0, 2.0)),
        24.0,
        [1, 2],
    ),
    "KE0 near k": ((system(0, effect=True), [0.4, 0.4000001, 0.4000001]), bolus(0.0, 0, 100.0), 24.0, [0, 1]),
}
EIGEN = block_eigenvalues([0.3, 0.8, 0.4])
CASES["KE0 = lambda"] = ((SITE[0], [0.3, 0.8, 0.4, EIGEN[1], EIGEN[1]]), bolus(0.0, 0, 100.0), 24.0, [0, 2])
CASES["KA = lambda"] = (
    (system(1, depot=True), [EIGEN[0], 0.3, 0.8, 0.4, EIGEN[0]]),
    joined(bolus(0.0, 0, 100.0), bolus(10.0, 0, 100.0)),
    24.0,
    [1],
)


@pytest.mark.parametrize("name", CASES)
def test_summary_is_that_of_the_dense_curve(name):
    (chosen, theta), rows, until, states = CASES[name]
    factors = [1.0 / 30.0, 1.0 / 20.0, 1.0 / 10.0][: len(states)]
    compare(chosen, theta, rows, until, states, factors, [0.4, 0.2, 0.1][: len(states)], [1.5, 1.0, 0.6][: len(states)])


@pytest.mark.parametrize("seed", range(12))
def test_summary_of_random_models_is_that_of_the_dense_curve(seed):
    rng = np.random.default_rng([seed, 11])
    chosen = system(int(rng.integers(3)), depot=bool(seed % 2), effect=True)
    parent = 10.0 ** rng.uniform(-1.5, 0.7, 1 + 2 * chosen.structure.peripherals[seed % 2])
    ka, ke0 = 10.0 ** rng.uniform(-0.5, 0.7, 2)
    theta = [*([ka] if seed % 2 else []), *parent, ke0, *([ka] if seed % 2 else []), ke0]
    rows = joined(*(bolus(t, 0, a) for t, a in zip(rng.uniform(0, 12, 3), rng.uniform(10, 100, 3))),
                  *(infusion(t, 0, a, d) for t, a, d in rng.uniform(1, 10, (2, 3))))  # fmt: skip
    centre = seed % 2
    states = [centre, chosen.structure.n_states - 1]
    compare(chosen, theta, rows, 24.0, states, [0.05, 0.05], [0.3, 0.3], [1.0, 1.0])


def test_what_happens_after_the_end_does_not_count():
    (chosen, theta), until = TWO, 6.0
    rows = joined(bolus(0.0, 0, 100.0), bolus(6.5, 0, 1e6))
    compare(chosen, theta, rows, until, [0], [0.1], [1.0], [5.0])
