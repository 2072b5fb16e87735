"""Bounds that hold for any input without clipping: a step moves each state towards a/b, which lies in its bounds.

The inputs go beyond what a patient may state (drive -5 to 5, plasticity 0 to 20): plasticity to 1e6 would break steps
that are only stable, noise of any size, levels to 1e8 half-effect levels that jump from step to step.
"""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from receptor_oracle import NO_FOLD, C

from pkpd.models import receptors as layer
from pkpd.models.seizure_steps import KNOT_STEPS, advance_layer

STEPS = 10 * KNOT_STEPS
TINY = 1e-12  # rounding
share = st.floats(0.0, 1.0)
STATE = st.tuples(
    share, share, st.floats(1e-6, 2.0), st.floats(1e-6, 2.0), st.floats(1e-3, 119.0), st.floats(0.1, 1.0),
    st.floats(1.0, 1.8), share, st.floats(0.0, 100.0), st.floats(0.0, 0.7), st.floats(0.0, 0.4), st.floats(1.0, 1.8),
)  # fmt: skip
DRIVE = st.one_of(st.floats(-5.0, 5.0), st.floats(-1e6, 1e6))
PLASTICITY = st.one_of(st.floats(0.0, 20.0), st.floats(0.0, 1e6))
ROLES = st.lists(st.integers(0, 6), max_size=5)


def random_inputs(roles, seed, spread):
    """Levels, constants and noise of any size; largest effects as the library allows them for each role."""
    rng = np.random.default_rng(seed)
    n, role = len(roles), np.array(roles, dtype=np.int64)
    largest = np.where(role == layer.GENERAL, rng.uniform(0.0, 10.0, n), rng.uniform(0.0, 1.0, n))
    constants = np.column_stack((10.0 ** rng.uniform(-4, 2, n), rng.uniform(0.5, 5.0, n), largest))
    levels = 10.0 ** rng.uniform(-8, 6, (n, STEPS)) * (rng.random((n, STEPS)) < 0.8)
    return role, constants, levels, spread * rng.standard_normal(STEPS // KNOT_STEPS + 2)


def run(state, drive, plasticity, tau_h, scale, roles, seed, spread, seizing, pgp=NO_FOLD, cut=STEPS):
    """States at every step; `cut` is where the run is interrupted and taken up again."""
    role, constants, levels, noise = random_inputs(roles, seed, spread)
    y, n, at = np.array(state), role.size, 0
    out, changes, extremes = np.zeros((STEPS, layer.N_STATES)), np.zeros((STEPS, 2)), np.array([2.0, 0.0, *np.zeros(n)])
    k, n_changes = 0, 0
    # The flag that a subject of this activity may have: on above 0.5, off below 0.2, either in between.
    seizing = state[layer.S] > 0.5 or (seizing and state[layer.S] >= 0.2)
    for stop in (cut, STEPS):
        k, seizing, at, n_changes = advance_layer(
            y, np.zeros(n), seizing, k, stop, False, drive, noise, plasticity, tau_h, scale, np.ones(n), role,
            constants, levels, np.zeros((n, 3)), pgp, C, np.arange(1.0, STEPS + 1), out, np.zeros((STEPS, n)), at,
            changes, n_changes, extremes,
        )  # fmt: skip
    return k, out, changes[:n_changes], extremes


INPUTS = dict(
    state=STATE, drive=DRIVE, plasticity=PLASTICITY, tau_h=st.floats(0.05, 60.0), scale=st.floats(0.0, 10.0),
    roles=ROLES, seed=st.integers(0, 2**32), spread=st.sampled_from([0.0, 0.165, 5.0, 1e4]), seizing=st.booleans(),
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(**INPUTS, ceiling=st.floats(1.0, 5.0))
def test_every_state_stays_in_its_bounds(ceiling, state, **inputs):
    k, out, changes, extremes = run(state, **inputs, pgp=np.array([0.0, ceiling, 0.01, 0.01]))
    assert k == STEPS and np.all(np.isfinite(out))
    for place, low, high in (
        (layer.S, 0.0, 1.0), (layer.H, 0.0, 1.0), (layer.INFLAMMATION, 0.0, 1.0), (layer.K2, 0.1, 1.0),
        (layer.N, 1.0, 1.8), (layer.T1, 0.0, 0.7), (layer.T2, 0.0, 0.4), (layer.F, 1.0, max(ceiling, 1.8)),
    ):  # fmt: skip
        assert out[:, place].min() >= low - TINY and out[:, place].max() <= high + TINY, layer.STATES[place]
    for place in (layer.R, layer.RI, layer.CL):
        assert out[:, place].min() > 0.0, layer.STATES[place]
    assert np.all(np.diff(out[:, layer.J]) >= 0.0) and out[0, layer.J] >= state[layer.J]
    assert extremes[0] == out[:, layer.R].min() and extremes[1] == out[:, layer.CL].max()
    assert np.all(np.diff(changes[:, 0]) > 0.0) and np.all(np.abs(np.diff(changes[:, 1])) == 1.0)


@settings(max_examples=50, deadline=None)
@given(**INPUTS, cut=st.integers(0, STEPS))
def test_a_run_that_is_interrupted_is_the_same_bit_for_bit(cut, **inputs):
    whole, parts = run(**inputs), run(**inputs, cut=cut)
    for a, b in zip(whole, parts):
        assert_array_equal(a, b)


def test_what_is_no_number_ends_the_run_with_a_sign_of_it():
    rest = layer.rest_state(C)
    assert run(rest, np.nan, 1.0, 5.0, 0.57, [], 0, 0.0, True)[0] == -1
    assert run(rest, 0.7, np.inf, 5.0, 0.57, [], 0, 0.0, True)[0] == -1
