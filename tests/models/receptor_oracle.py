"""The receptor layer by scipy: the same equations, LSODA at 1e-10 from knot to knot of the noise and dose to dose.

Drug levels are closed forms: after its dose a level rises and falls as exp(-out t) - exp(-into t).
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.integrate import solve_ivp

from pkpd.library.receptor_file import load_receptors
from pkpd.models import receptors as layer
from pkpd.models.seizure_steps import STEP_MIN, advance_layer
from pkpd.seizure.constitution import noise_path
from pkpd.seizure.inputs import layer_constants

C = layer_constants(load_receptors())
KNOT = 0.5
NO_FOLD = np.array([240.0, 1.0, np.inf, np.inf])


@dataclass(frozen=True)
class Episode:
    """Constants of one episode; one row a drug in `course`: dose time (min), size (mg/L), rates in and out (1/min)."""

    drive: float
    plasticity: float
    tau_h: float
    scale: float
    noise: np.ndarray
    sensitivity: np.ndarray
    role: np.ndarray
    constants: np.ndarray
    course: np.ndarray


def random_episode(rng, minutes, quiet=False):
    """An episode with up to four drugs of any role in its first two hours, at levels up to 30 times half-effect."""
    n = rng.integers(0, 5)
    half = 10.0 ** rng.uniform(-3, 1, n)
    course = np.column_stack((
        rng.uniform(2.0, 120.0, n), half * 10.0 ** rng.uniform(-1, 1.5, n), 10.0 ** rng.uniform(-1.5, 0.3, n),
        10.0 ** rng.uniform(-4, -2, n),
    ))  # fmt: skip
    drive, plasticity = rng.uniform(0.3, 1.0), float(np.exp(rng.normal(np.log(0.2), 0.85)))
    tau_h = rng.choice([1.0, 5.0])
    noise = noise_path(0.165, 22.0, rng.standard_normal(round(minutes / KNOT) + 2))
    sensitivity, role = np.exp(rng.normal(0.0, 0.6, n)), rng.integers(1, 7, n)
    power, largest = rng.uniform(1.0, 2.5, n), rng.uniform(0.1, 2.8, n)
    largest = np.where(role == layer.GENERAL, largest, largest / 3.0)  # the others take a share, so stay below 1
    constants = np.column_stack((half, power, largest))
    return Episode(
        drive, plasticity, tau_h, 0.57, np.empty(0) if quiet else noise, sensitivity, role, constants, course
    )


@njit(cache=True, error_model="numpy")
def _levels(t, course, level):
    for d in range(course.shape[0]):
        since = t - course[d, 0]
        level[d] = 0.0
        if since > 0.0:
            level[d] = course[d, 1] * (np.exp(-course[d, 3] * since) - np.exp(-course[d, 2] * since))


@njit(cache=True, error_model="numpy")
def _rates(t, y, start, low, high, drive, q, tau_h, scale, sensitivity, role, constants, course, c):
    level, a, b, inputs = np.zeros(role.size), np.zeros(y.size), np.zeros(y.size), np.zeros(4)
    _levels(t, course, level)
    layer.drug_inputs(level, sensitivity, role, constants, inputs)
    pushed = drive + low + (high - low) * (t - start) / 0.5
    e_rest, b_rest = layer.ghk_potential(c[layer.CL_REST], c), layer._magnesium(c[layer.V_ICTAL], c)
    layer.fill_rates(y, inputs, pushed, q, tau_h, scale, e_rest, b_rest, c, a, b)
    return a - b * y


def solve(episode, minutes, method="LSODA", rtol=1e-10, atol=1e-12):
    """States at the knots, shape (n_knots, n_states), and the times (min) and directions of the flag's changes."""
    e = episode
    y, flag = layer.rest_state(C), True
    y[layer.S] = 1.0
    states, changes = [y.copy()], []
    for k in range(round(minutes / KNOT)):
        start, stop = k * KNOT, (k + 1) * KNOT
        low, high = (e.noise[k], e.noise[k + 1]) if e.noise.size else (0.0, 0.0)
        own = (
            start,
            low,
            high,
            e.drive,
            e.plasticity,
            e.tau_h,
            e.scale,
            e.sensitivity,
            e.role,
            e.constants,
            e.course,
            C,
        )
        cuts = [start, *sorted(t for t in e.course[:, 0] if start < t < stop), stop]
        for begin, end in zip(cuts, cuts[1:]):
            path = solve_ivp(_rates, (begin, end), y, method, dense_output=True, args=own, rtol=rtol, atol=atol)
            flag = _follow_flag(path, begin, end, flag, changes)
            y = path.y[:, -1]
        states.append(y)
    return np.array(states), np.array(changes).reshape(-1, 2)


def _follow_flag(path, begin, end, flag, changes):
    fine = np.linspace(begin, end, 501)
    s = path.sol(fine)[layer.S]
    for i in range(500):
        level = 0.2 if flag else 0.5
        if (s[i + 1] < level) if flag else (s[i + 1] > level):
            part = (level - s[i]) / (s[i + 1] - s[i])
            flag = not flag
            changes.append((fine[i] + part * (fine[i + 1] - fine[i]), 1.0 if flag else 0.0))
    return flag


def steps(episode, minutes, every=KNOT, c=C):
    """The same from the package's steps."""
    e = episode
    n, n_drugs = round(minutes / STEP_MIN), e.role.size
    levels = np.zeros((n, n_drugs))
    for k in range(n):
        _levels((k + 0.5) * STEP_MIN, e.course, levels[k])
    at = np.arange(1, round(minutes / every) + 1) * every
    y, changes = layer.rest_state(c), np.zeros((256, 2))
    y[layer.S] = 1.0
    states = np.zeros((at.size, layer.N_STATES))
    _, _, _, n_changes = advance_layer(
        y, np.zeros(n_drugs), True, 0, n, False, e.drive, e.noise, e.plasticity, e.tau_h, e.scale, e.sensitivity,
        e.role, e.constants, np.ascontiguousarray(levels.T), np.zeros((n_drugs, 3)), NO_FOLD, c, at / STEP_MIN, states,
        np.zeros((at.size, n_drugs)), 0, changes, 0, np.zeros(2 + n_drugs),
    )  # fmt: skip
    first = layer.rest_state(c)
    first[layer.S] = 1.0
    return np.vstack([first, states]), changes[:n_changes]
