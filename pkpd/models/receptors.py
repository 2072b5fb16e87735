"""Receptor availability in status epilepticus: states, potentials, inhibition, excitation, and their rates of change.

Time is in minutes, potentials in mV, chloride in mM, drug levels as unbound brain concentrations. Every state moves as
``y' = a - b y`` with a and b not negative, which the steps use to keep each state in its bounds without clipping.

References
----------
Kapur J, Macdonald RL. J Neurosci 1997;17:7532 (gain of benzodiazepines); Naylor DE. J Neurosci 2005;25:7724 and
Neurobiol Dis 2013;54:225 (surface receptors); Jahr CE, Stevens CF. J Neurosci 1990;10:3178 (magnesium block). The
remaining constants stand in ``pkpd/library/receptors.toml`` with their status.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

__all__ = [
    "CONSTANTS",
    "N_STATES",
    "STATES",
    "chloride_potential",
    "chord_potential",
    "drug_inputs",
    "fill_rates",
    "ghk_potential",
    "rest_state",
]

FloatArray = NDArray[np.float64]

STATES = (
    "seizure_activity", "termination", "gaba_a_surface", "gaba_a_internal", "chloride_mM", "kcc2", "nmda_synaptic",
    "inflammation", "injury", "tolerance_sedation", "tolerance_anticonvulsant", "pgp_fold",
)  # fmt: skip
S, H, R, RI, CL, K2, N, INFLAMMATION, J, T1, T2, F = range(12)
N_STATES = 12

#: Constants of the layer in the order in which the kernels read them; names as in receptors.toml.
CONSTANTS = (
    "cl_out", "cl_in_rest", "hco3_out", "hco3_in", "p_hco3_over_p_cl", "rt_over_f", "v_rest", "v_threshold", "dv_ictal",
    "k_out_rest", "k_in", "dk_out_ictal", "k_kcc2", "k_cl_load", "kcc2_floor", "k_kcc2_loss", "k_kcc2_recovery",
    "shunt_weight", "k_int", "k_rec", "a_int_activity", "a_int_inflammation", "k_deg", "g_synaptic", "g_extrasynaptic",
    "k_spillover", "nmda_max", "k_nmda", "k_nmda_recovery", "b_inflammation", "mg_out", "mg_half", "mg_slope", "w_nmda",
    "kappa_egaba", "tau_s", "delta", "w_e", "w_h", "k_inflammation_on", "k_inflammation_off", "t2",
    "tol_alpha1_on", "tol_alpha1_off", "tol_alpha1_max", "tol_alpha235_on", "tol_alpha235_off", "tol_alpha235_max",
    "redundancy_n_seizure", "ictal_gate_half", "ictal_gate_power", "chloride_gain_cap", "e_max_bzd", "v_ictal_nmda",
    "ketamine_on_drive",
)  # fmt: skip
(
    CL_OUT, CL_REST, HCO3_OUT, HCO3_IN, P_HCO3, RT_F, V_REST, V_TH, DV, KO_REST, K_IN, DKO, K_KCC2, K_LOAD, K2_FLOOR,
    K2_LOSS, K2_GAIN, SHUNT, K_INT, K_REC, A_ACT, A_INF, K_DEG, G_SYN, G_EXT, K_SPILL, N_MAX, K_N, K_NREC, B_INF, MG,
    MG_HALF, MG_SLOPE, W_NMDA, KAPPA, TAU_S, DELTA, W_E, W_H, K_ION, K_IOFF, T_INJURY, T1_ON, T1_OFF, T1_MAX, T2_ON,
    T2_OFF, T2_MAX, N_SEIZURE, GATE, GATE_POWER, GAIN_CAP, E_BZD, V_ICTAL, KETAMINE_DRIVE,
) = range(len(CONSTANTS))  # fmt: skip

NONE, BENZODIAZEPINE, GENERAL, SODIUM, RELEASE, NMDA, ANTAGONIST = range(7)


@njit(cache=True, nogil=True, error_model="numpy")
def chloride_potential(chloride, c):
    """Nernst potential of chloride, mV: -(RT/F) ln(Cl_out/Cl_in)."""
    return -c[RT_F] * np.log(c[CL_OUT] / chloride)


@njit(cache=True, nogil=True, error_model="numpy")
def ghk_potential(chloride, c):
    """Reversal potential of GABA-A, mV, by Goldman, Hodgkin and Katz with bicarbonate."""
    p = c[P_HCO3]
    return -c[RT_F] * np.log((c[CL_OUT] + p * c[HCO3_OUT]) / (chloride + p * c[HCO3_IN]))


def chord_potential(chloride: FloatArray, c: FloatArray, g_hco3_over_g_cl: float = 0.2) -> FloatArray:
    """Reversal potential of GABA-A, mV, as a chord conductance: (E_Cl + g E_HCO3)/(1 + g)."""
    bicarbonate = -c[RT_F] * np.log(c[HCO3_OUT] / c[HCO3_IN])
    nernst: FloatArray = chloride_potential(chloride, c)
    return (nernst + g_hco3_over_g_cl * bicarbonate) / (1.0 + g_hco3_over_g_cl)


@njit(inline="always", error_model="numpy")
def _hill(level, half, power):
    if level <= 0.0:
        return 0.0
    return 1.0 / (1.0 + (half / level) ** power)


@njit(cache=True, nogil=True, error_model="numpy")
def drug_inputs(levels, sensitivity, role, constants, inputs) -> None:
    """Turn unbound brain levels into what the layer feels.

    Parameters
    ----------
    levels, sensitivity : ndarray, shape (n_drugs,), mg/L and dimensionless
    role : ndarray of int, shape (n_drugs,)
    constants : ndarray, shape (n_drugs, 3)
        Half-effect level (mg/L unbound in brain), Hill power, largest effect.
    inputs : ndarray, shape (4,)
        Written: occupancy of benzodiazepine sites, gain of general modulators, NMDA block, factor on excitability.
    """
    load, antagonist = 0.0, 0.0
    inputs[1], inputs[2], inputs[3] = 1.0, 0.0, 1.0
    for d in range(levels.size):
        level = levels[d] * sensitivity[d]
        if level <= 0.0:
            continue
        if role[d] == BENZODIAZEPINE:
            load += level / constants[d, 0]
        elif role[d] == ANTAGONIST:
            antagonist += level / constants[d, 0]
        elif role[d] == GENERAL:
            inputs[1] += constants[d, 2] * _hill(level, constants[d, 0], constants[d, 1])
        elif role[d] == NMDA:
            inputs[2] = 1.0 - (1.0 - inputs[2]) * (1.0 - _hill(level, constants[d, 0], constants[d, 1]))
        elif role[d] == SODIUM or role[d] == RELEASE:
            inputs[3] *= 1.0 - constants[d, 2] * _hill(level, constants[d, 0], constants[d, 1])
    inputs[0] = load / (1.0 + load + antagonist)


@njit(inline="always", error_model="numpy")
def ictal_gate(s, c):
    """Smooth gate of ictal activity: 0 at rest, one half at the off threshold, 1 at full activity."""
    x = s * s * s * s
    g = c[GATE] * c[GATE] * c[GATE] * c[GATE]
    return min(1.0, (1.0 + g) * x / (x + g))


@njit(inline="always", error_model="numpy")
def net_inhibition(y, inputs, e_gaba, e_rest, c):
    """Return conductance G and signed inhibition Gamma = f G (negative once E_GABA has passed the threshold)."""
    gain = 1.0 + c[E_BZD] * inputs[0] * (1.0 - y[T2] * y[T2] * y[T2])
    g = (c[G_SYN] * y[R] * gain + c[G_EXT] * (1.0 + c[K_SPILL] * y[S])) * inputs[1]
    f = c[SHUNT] + (1.0 - c[SHUNT]) * (c[V_TH] - e_gaba) / (c[V_TH] - e_rest)
    return g, f * g


@njit(inline="always", error_model="numpy")
def _magnesium(v, c):
    return 1.0 / (1.0 + c[MG] / c[MG_HALF] * np.exp(-c[MG_SLOPE] * v))


@njit(inline="always", error_model="numpy")
def fill_rates(y, inputs, drive, q, tau_h, m_k, e_rest, b_rest, c, a, b) -> None:
    """Fill gain `a` and loss rate `b` (1/min) of states S to T2.

    `drive` is the drive with its noise, `q` the plasticity speed, `m_k` the scale of chloride plasticity, `e_rest` and
    `b_rest` the reversal potential and the magnesium factor at rest.
    """
    s = y[S]
    gate = ictal_gate(s, c)
    e_gaba = ghk_potential(y[CL], c)
    g, gamma = net_inhibition(y, inputs, e_gaba, e_rest, c)
    unblock = _magnesium(c[V_ICTAL] + c[KAPPA] * (e_gaba - e_rest), c) / b_rest
    open_nmda = 1.0 - inputs[2]
    excitation = ((1.0 - c[W_NMDA]) + c[W_NMDA] * y[N] * unblock * open_nmda) * inputs[3]
    calcium = gate * y[N] * open_nmda
    pressed = drive * inputs[3] * (1.0 - c[KETAMINE_DRIVE] * inputs[2])
    z = (c[W_E] * excitation * s + pressed - gamma - c[W_H] * y[H]) / c[DELTA]
    b[S], b[H] = 1.0 / c[TAU_S], 1.0 / tau_h
    a[S], a[H] = b[S] / (1.0 + np.exp(-z)), b[H] * s
    inward = c[K_INT] * (1.0 + c[A_ACT] * calcium + c[A_INF] * y[INFLAMMATION])
    a[R], b[R] = q * c[K_REC] * y[RI], q * inward
    a[RI], b[RI] = q * (inward * y[R] + c[K_DEG] * c[K_INT] / c[K_REC]), q * (c[K_REC] + c[K_DEG])
    power = (g / c[GAIN_CAP]) ** 2
    load = c[K_LOAD] * g / np.sqrt(np.sqrt(1.0 + power * power)) * gate * (c[V_REST] + c[DV] * s - e_gaba)
    ratio = c[CL_OUT] / c[K_IN]
    pump = c[K_KCC2] * y[K2]
    a[CL] = c[K_KCC2] * (c[CL_REST] - ratio * c[KO_REST]) + pump * ratio * (c[KO_REST] + c[DKO] * gate) + max(load, 0.0)
    b[CL] = pump if load >= 0.0 else pump - load / y[CL]
    loss, gain = m_k * q * c[K2_LOSS] * calcium, m_k * q * c[K2_GAIN] * (1.0 - gate)
    a[K2], b[K2] = loss * c[K2_FLOOR] + gain, loss + gain
    loss, gain = q * c[K_NREC] * (1.0 - gate), q * c[K_N] * calcium
    a[N], b[N] = gain * (c[N_MAX] + c[B_INF] * y[INFLAMMATION]) + loss, gain + loss
    a[INFLAMMATION], b[INFLAMMATION] = c[K_ION] * gate, c[K_ION] * gate + c[K_IOFF] * (1.0 - gate)
    a[J], b[J] = calcium / c[T_INJURY], 0.0
    o = inputs[0]
    a[T1], b[T1] = c[T1_ON] * o * c[T1_MAX], c[T1_ON] * o + c[T1_OFF] * (1.0 - o)
    a[T2], b[T2] = c[T2_ON] * o * c[T2_MAX], c[T2_ON] * o + c[T2_OFF] * (1.0 - o)


def rest_state(c: FloatArray) -> FloatArray:
    """Return the resting state, shape (N_STATES,): an exact steady state without drive."""
    y = np.zeros(N_STATES)
    y[[R, K2, N, F]] = 1.0
    y[RI] = c[K_INT] / c[K_REC]
    y[CL] = c[CL_REST]
    return y
