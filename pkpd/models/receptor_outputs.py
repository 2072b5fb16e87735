"""What is read off the receptor layer: potentials, occupancy, net inhibition, sedation, BIS, burst suppression, risk.

Plain functions of arrays; nothing here feeds back into the states. Potentials in mV, levels in mg/L, times in minutes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

from pkpd.models.receptors import (  # noqa: E402
    CL,
    CL_REST,
    chloride_potential,
    drug_inputs,
    ghk_potential,
    net_inhibition,
)

__all__ = ["bispectral_index", "hill_share", "potentials_and_inhibition", "respiratory_risk", "seizing_share"]

FloatArray = NDArray[np.float64]


@njit(cache=True, nogil=True, error_model="numpy")
def _fill(states, levels, sensitivity, role, constants, c, out) -> None:
    inputs = np.zeros(4)
    e_rest = ghk_potential(c[CL_REST], c)
    for t in range(states.shape[0]):
        drug_inputs(levels[t], sensitivity, role, constants, inputs)
        e_gaba = ghk_potential(states[t, CL], c)
        _, gamma = net_inhibition(states[t], inputs, e_gaba, e_rest, c)
        out[0, t] = chloride_potential(states[t, CL], c)
        out[1, t] = e_gaba
        out[2, t] = inputs[0]
        out[3, t] = gamma


def potentials_and_inhibition(
    states: FloatArray,
    levels: FloatArray,
    sensitivity: FloatArray,
    role: NDArray[np.int64],
    constants: FloatArray,
    c: FloatArray,
) -> FloatArray:
    """Return E_Cl, E_GABA (mV), benzodiazepine occupancy and net inhibition, shape (4, n_times).

    Parameters
    ----------
    states : ndarray, shape (n_times, N_STATES)
    levels : ndarray, shape (n_times, n_drugs), mg/L
        Unbound, in brain.
    sensitivity, role, constants, c
        As `pkpd.models.receptors.drug_inputs` takes them, and the constants of the layer.

    Notes
    -----
    E_Cl is Nernst's, E_GABA that of Goldman, Hodgkin and Katz with bicarbonate. Net inhibition is Gamma = f G, 1 at
    rest; it is negative once E_GABA has passed the threshold (near 19.5 mM chloride).
    """
    out = np.empty((4, len(states)))
    _fill(np.ascontiguousarray(states), np.ascontiguousarray(levels), sensitivity, role, constants, c, out)
    return out


def hill_share(load: FloatArray, slope: float) -> FloatArray:
    """Return U^slope/(1 + U^slope) of a load U that is a sum of levels over their half-effect levels.

    Serves sedation (the probability of a Ramsay level or deeper, Barr 2001 Anesthesiology 95:286; slope assumed) and
    burst suppression (assumed).
    """
    power = np.asarray(load, dtype=np.float64) ** slope
    return power / (1.0 + power)


def bispectral_index(level: FloatArray, e0: float, ce50: float, gamma_below: float, gamma_above: float) -> FloatArray:
    """Return BIS of propofol at its effect site.

    Parameters
    ----------
    level : ndarray, mg/L
        At the effect site of the propofol model.
    e0, ce50, gamma_below, gamma_above : float
        BIS without drug, level (mg/L) of half the effect, and the exponents below and above it.

    References
    ----------
    Eleveld DJ et al., Br J Anaesth 2018;120:942: BIS = E0 [1 - U^g/(1 + U^g)], U = C/Ce50.
    """
    u = np.asarray(level, dtype=np.float64) / ce50
    return e0 * (1.0 - np.where(u < 1.0, hill_share(u, gamma_below), hill_share(u, gamma_above)))


def seizing_share(changes: FloatArray, times: FloatArray, window: float, until: float) -> FloatArray:
    """Return the share of the next `window` minutes that is spent seizing, up to the end of the run.

    Parameters
    ----------
    changes : ndarray, shape (n, 2), minutes and 1 (on) or 0 (off)
        Of the flag, which is on from time 0 (the onset); before it there is no seizure.
    times : ndarray, shape (n_times,), minutes
        After the onset; negative before it.
    window, until : float, minutes
        At the very end, where nothing of the window is left, the flag itself.
    """
    edges = np.concatenate(([0.0], changes[:, 0]))
    on = np.concatenate(([1.0], changes[:, 1]))
    total = np.concatenate(([0.0], np.cumsum(np.diff(edges) * on[:-1])))

    def seized(t: FloatArray) -> FloatArray:
        place = np.clip(np.searchsorted(edges, t, side="right") - 1, 0, None)
        return np.where(t < 0.0, 0.0, total[place] + (t - edges[place]) * on[place])

    end = np.minimum(times + window, until)
    length = end - times
    flag = np.where(times < 0.0, 0.0, on[np.clip(np.searchsorted(edges, times, side="right") - 1, 0, None)])
    known = np.divide(seized(end) - seized(times), length, out=flag.copy(), where=length > 1e-9)
    return np.clip(known, 0.0, 1.0)


def respiratory_risk(
    seizing: FloatArray, occupancy: FloatArray, intercept: float, per_seizing: float, per_occupancy: float
) -> FloatArray:
    """Return the probability of a respiratory complication; unvalidated.

    Parameters
    ----------
    seizing : ndarray, 0..1
        From `seizing_share`.
    occupancy : ndarray, 0..1
        Of benzodiazepine sites.
    intercept, per_seizing, per_occupancy : float
        On the logit scale, from the complications of Alldredge 2001, N Engl J Med 345:631.
    """
    logit = intercept + per_seizing * np.asarray(seizing) + per_occupancy * np.asarray(occupancy)
    return 1.0 / (1.0 + np.exp(-logit))
