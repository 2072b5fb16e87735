"""The receptor layer against the numbers that its reference prints.

Expected values: Nernst, GHK and chord potentials at body temperature; surface and NMDA receptors of the rodent model
after one hour of status epilepticus (0.493 and 1.367; published 0.50 and 1.38); chloride at 8 h (21.0 mM); the
untreated representative patient (surface 0.94, 0.79, 0.64 and chloride 7.0, 7.1, 7.3 mM at 30, 120, 240 min).
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from pkpd.library.receptor_file import load_receptors
from pkpd.models import receptors as layer
from pkpd.models.seizure_steps import STEP_MIN, advance_layer
from pkpd.seizure.inputs import layer_constants

C = layer_constants(load_receptors())


def run(drive, plasticity, minutes, *, tau_h=1.0, scale=1.0, at=(), onset=1.0):
    """States (n_times, n_states) at minutes `at` without drugs, the last state, and the changes of the flag."""
    n_steps = round(minutes / STEP_MIN)
    y = layer.rest_state(C)
    y[0] = onset
    out, changes = np.zeros((len(at), layer.N_STATES)), np.zeros((64, 2))
    _, _, _, n_changes = advance_layer(
        y, np.zeros(0), onset > 0.5, 0, n_steps, False, drive, np.empty(0), plasticity, tau_h, scale, np.zeros(0),
        np.zeros(0, np.int64), np.ones((0, 3)), np.zeros((0, n_steps)), np.zeros((0, 3)),
        np.array([240.0, 1.0, np.inf, np.inf]), C, np.array(at) / STEP_MIN, out, np.zeros((len(at), 0)), 0, changes, 0,
        np.array([1.0, 5.0]),
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


@pytest.mark.parametrize("drive, minutes, exact", [(0.30, 1.0, 0.898), (0.40, 2.0, 1.458), (0.45, 2.5, 2.032)])
def test_seizures_that_stop_by_themselves(drive, minutes, exact):
    """`exact` is from LSODA at 1e-10; the reference reads half minutes, and its first-order steps are a little late."""
    _, _, changes = run(drive, 1.0, 30)
    assert abs(changes[0, 0] - exact) < 0.05
    assert minutes - 0.6 <= changes[0, 0] <= minutes
    assert len(changes) == 1


def test_status_sustains_itself_above_the_critical_drive():
    assert len(run(0.475, 1.0, 120)[2])
    assert not len(run(0.478, 1.0, 120)[2])


def test_representative_patient_untreated():
    out, _, _ = run(0.73, 0.13, 240, tau_h=5.0, scale=0.57, at=(30.0, 120.0, 240.0))
    assert_allclose(out[:, layer.R], [0.94, 0.79, 0.64], atol=0.005)
    assert_allclose(out[:, layer.CL], [7.0, 7.1, 7.3], atol=0.051)
