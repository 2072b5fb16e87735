"""The receptor layer against the numbers that its reference prints, and against an independent solver.

Expected values: Nernst, GHK and chord potentials at body temperature; surface and NMDA receptors of the rodent model
after one hour of status epilepticus (0.493 and 1.367; published 0.50 and 1.38); chloride at 8 h (21.0 mM); the
untreated representative patient (surface 0.94, 0.79, 0.64 and chloride 7.0, 7.1, 7.3 mM at 30, 120, 240 min).
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

from pkpd.library.receptor_file import load_receptors
from pkpd.models import receptors as layer
from pkpd.models.seizure_steps import KNOT_STEPS, STEP_MIN, advance_layer
from pkpd.receptor_inputs import layer_constants

C = layer_constants(load_receptors())
NO_DRUGS = (np.zeros(0), np.zeros(0, np.int64), np.ones((0, 3)))


def run(drive, plasticity, minutes, *, tau_h=1.0, scale=1.0, noise=None, at=(), onset=1.0, levels=None, drugs=NO_DRUGS):
    """States (n_times, n_states) at minutes `at`, the last state, and the changes of the flag."""
    n_steps = round(minutes / STEP_MIN)
    y = layer.rest_state(C)
    y[0] = onset
    factor, role, constants = drugs
    levels = np.zeros((0, n_steps)) if levels is None else levels
    out, changes = np.zeros((len(at), layer.N_STATES)), np.zeros((64, 2))
    _, _, _, n_changes = advance_layer(
        y, np.zeros(len(role)), onset > 0.5, 0, n_steps, False, drive, np.empty(0) if noise is None else noise,
        plasticity, tau_h, scale, factor, role, constants, levels, np.zeros((len(role), 3)),
        np.array([240.0, 1.0, np.inf, np.inf]), C, np.array(at) / STEP_MIN, out, np.zeros((len(at), len(role))), 0,
        changes, 0, np.array([1.0, 5.0, *np.zeros(len(role))]),
    )  # fmt: skip
    return out, y, changes[:n_changes]


@pytest.mark.parametrize("chloride, nernst, ghk, chord", [
    (5.0, -84.94, -73.47, -73.06), (20.0, -47.89, -45.24, -42.18), (25.0, -41.92, -39.99, -37.21),
])  # fmt: skip
def test_potentials(chloride, nernst, ghk, chord):
    assert_allclose(layer.chloride_potential(chloride, C), nernst, atol=0.006)
    assert_allclose(layer.ghk_potential(chloride, C), ghk, atol=0.006)
    assert_allclose(layer.chord_potential(chloride, C), chord, atol=0.006)


def test_rest_is_a_steady_state():
    _, y, changes = run(0.2, 1.0, 24 * 60, onset=0.0)
    assert not len(changes)
    assert_allclose(y[2:7], layer.rest_state(C)[2:7], rtol=1e-9)


def test_receptors_of_the_rodent_model():
    out, _, changes = run(0.70, 1.0, 480, at=(10.0, 60.0, 240.0, 480.0))
    assert not len(changes)
    assert_allclose(out[1, layer.R], 0.493, rtol=2e-3)
    assert_allclose(out[1, layer.N], 1.367, rtol=2e-3)
    assert_allclose(out[:, layer.CL], [7.1, 8.3, 17.5, 21.0], atol=0.06)
    assert_allclose(layer.ghk_potential(out[3, layer.CL], C), -44.1, atol=0.06)


@pytest.mark.parametrize("drive, minutes", [(0.30, 1.0), (0.40, 2.0), (0.45, 2.5)])
def test_seizures_that_stop_by_themselves(drive, minutes):
    _, _, changes = run(drive, 1.0, 30)
    assert minutes - 0.52 <= changes[0, 0] <= minutes + 0.02  # the reference reads durations on a half-minute grid
    assert len(changes) == 1


def test_status_sustains_itself_above_the_critical_drive():
    assert len(run(0.475, 1.0, 120)[2])
    assert not len(run(0.478, 1.0, 120)[2])


def test_representative_patient_untreated():
    out, _, _ = run(0.73, 0.13, 240, tau_h=5.0, scale=0.57, at=(30.0, 120.0, 240.0))
    assert_allclose(out[:, layer.R], [0.94, 0.79, 0.64], atol=0.005)
    assert_allclose(out[:, layer.CL], [7.0, 7.1, 7.3], atol=0.051)


def plain_rates(t, y, drive, q, tau_h, scale, level, drugs):
    """The same equations for any solver: y' = a - b y."""
    a, b, inputs = np.zeros(layer.N_STATES), np.zeros(layer.N_STATES), np.zeros(4)
    layer.drug_inputs(level(t), *drugs, inputs)
    e_rest = layer.ghk_potential(5.0, C)
    at_rest = 1.0 / (1.0 + C[layer.MG] / C[layer.MG_HALF] * np.exp(-C[layer.MG_SLOPE] * C[layer.V_ICTAL]))
    layer.fill_rates(y, inputs, drive(t), q, tau_h, scale, e_rest, at_rest, C, a, b)
    return a - b * y


def test_against_an_adaptive_solver_with_noise_and_a_drug():
    """Two hours: receptor states 5e-4, chloride 0.05 mM, cessation 0.1 min."""
    rng = np.random.default_rng(3)
    noise = 0.1 * rng.standard_normal(2 * 120 + 2)
    minutes = np.arange(0, 120, STEP_MIN) + 0.5 * STEP_MIN

    def level(t):
        return np.array([0.02 * max(0.0, 1.0 - np.exp(-0.2 * (t - 30.0)))]) if t > 30.0 else np.zeros(1)

    drugs = (np.ones(1), np.array([layer.BENZODIAZEPINE]), np.array([[0.00945, 1.0, 0.0]]))
    out, _, changes = run(
        0.73, 1.0, 120, tau_h=5.0, scale=0.57, noise=noise, at=np.arange(0.5, 120.0, 0.5), drugs=drugs,
        levels=np.array([level(t) for t in minutes]).T,
    )  # fmt: skip
    knots = np.arange(len(noise)) * KNOT_STEPS * STEP_MIN
    y, found = layer.rest_state(C), []
    y[0] = 1.0
    for k in range(239):
        rows = solve_ivp(
            plain_rates, (0.5 * k, 0.5 * (k + 1)), y, method="LSODA", rtol=1e-8, atol=1e-10,
            args=(lambda t: 0.73 + np.interp(t, knots, noise), 1.0, 5.0, 0.57, level, drugs),
        )  # fmt: skip
        y = rows.y[:, -1]
        found.append(y)
    found = np.array(found)
    calm = np.abs(np.gradient(found[:, 0])) < 0.05  # off the jumps of S, whose moment is asked for on its own
    slow = [layer.R, layer.RI, layer.K2, layer.N]
    assert_allclose(out[:, slow], found[:, slow], atol=5e-4)
    assert_allclose(out[:, layer.CL], found[:, layer.CL], atol=0.05)
    assert_allclose(out[calm, 0], found[calm, 0], atol=5e-3)
    expected = np.flatnonzero(np.diff((found[:, 0] < 0.2).astype(int)))
    assert len(expected) == 0 or abs(changes[0, 0] - 0.5 * (expected[0] + 2)) <= 0.6


def test_states_stay_in_their_bounds():
    rng = np.random.default_rng(1)
    for _ in range(20):
        noise = rng.normal(0.0, 0.5, 2 * 240 + 2)
        drugs = (10.0 ** rng.uniform(-2, 2, 6), np.arange(1, 7), np.column_stack(
            [10.0 ** rng.uniform(-3, 1, 6), rng.uniform(1, 3, 6), rng.uniform(0, 0.99, 6)]))  # fmt: skip
        levels = 10.0 ** rng.uniform(-4, 2, (6, round(240 / STEP_MIN)))
        out, _, _ = run(
            rng.uniform(-1, 3), 10.0 ** rng.uniform(-2, 0.5), 240, tau_h=5.0, scale=0.57, noise=noise,
            at=np.arange(1.0, 240.0), drugs=drugs, levels=levels,
        )  # fmt: skip
        assert np.all(np.isfinite(out)) and out.min() >= 0.0
        assert (
            out[:, [0, 1]].max() <= 1.0 and out[:, layer.K2].min() >= 0.0999 and out[:, layer.K2].max() <= 1.0 + 1e-12
        )
        assert out[:, layer.N].max() <= 1.8 + 1e-9 and out[:, layer.INFLAMMATION].max() <= 1.0
        assert out[:, layer.T1].max() <= 0.7 + 1e-12 and out[:, layer.T2].max() <= 0.4 + 1e-12
