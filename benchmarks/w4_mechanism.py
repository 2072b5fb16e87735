"""W4's own mechanism: binding, receptor surface and internal pool, chloride and tolerance, on the package's lanes.

It is no part of the product: the receptor layer of `pkpd.models` is. What any mechanism can use stands in `pkpd.engine`
(`lanes`, `rosenbrock`, `inflow`); here are the equations, their derivatives, and the loop that calls them by name. Time
is in minutes. States: occupied and all surface receptors, internal pool, chloride, two tolerances.
"""

from __future__ import annotations

import numpy as np

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

from benchmarks.workloads import W4, Array  # noqa: E402
from pkpd.engine.inflow import Inflow, fill_levels  # noqa: E402
from pkpd.engine.lanes import LANES, load, load_from, spread, store  # noqa: E402
from pkpd.engine.parallel import in_chunks  # noqa: E402
from pkpd.engine.rosenbrock import (  # noqa: E402
    GAMMA,
    N_DENSE,
    STAGES,
    TIME_WEIGHT,
    begin_stage,
    between,
    dense_rows,
    end_step,
    factor,
    finish_stage,
    fit_step,
    step_factor,
)

KD, KINT0, KREC, KLYS, EMAX, B50, AT, KIN, KCC, CL0, CLMAX, BT, KT2 = (
    W4.fixed[name]
    for name in ("KD", "KINT0", "KREC", "KLYS", "EMAX", "B50", "AT", "KIN", "KCC", "CL0", "CLMAX", "BT", "KT2")
)
VARYING = ("KOFF", "KINT1", "KT1")
START = np.array([0.0, 1.0, KINT0 / KREC, CL0, 0.0, 0.0])
N = START.size
OBSERVED = np.array([0, 3, 5])
RELATIVE, ABSOLUTE = 1e-6, 1e-7
FIRST_STEP, SMALLEST_STEP, MOST_STEPS = 0.01, 1e-9, 100_000


@njit(inline="always")
def change(ce, b, rs, ri, cl, t1, t2, koff, kint1, kt1):
    """Rates of change (1/min) of the six states; numbers or lanes of numbers."""
    lost = KINT0 * (rs - b) + kint1 * b
    returned = KREC * ri
    bound = koff * (1.0 / KD) * ce * (rs - b) - koff * b - kint1 * b
    load_of_chloride = KIN * effect(b, cl, t2) - KCC * (cl - CL0) / (1.0 + BT * t2)
    surface = KLYS * KINT0 / KREC + returned - lost
    return bound, surface, lost - returned - KLYS * ri, load_of_chloride, kt1 * (b - t1), KT2 * (t1 - t2)


@njit(inline="always")
def effect(b, cl, t2):
    """E = S D: what the occupied receptors do, times what is left of the chloride gradient."""
    return EMAX * b / (b + B50 * (1.0 + AT * t2)) * ((CLMAX - cl) * (1.0 / (CLMAX - CL0)))


@njit(cache=True, nogil=True, error_model="numpy")
def fill_matrix(level, y, p, h, w) -> None:
    """Write 1/(GAMMA h) I - J, the derivatives of `change`, into rows i * N + j of `w`."""
    b, cl, t2 = load(y, 0), load(y, 3), load(y, 5)
    koff, kint1, kt1 = load(p, 0), load(p, 1), load(p, 2)
    kon = koff * (1.0 / KD) * load(level, 0)
    half = B50 * (1.0 + AT * t2)
    share, slow = 1.0 / (b + half), 1.0 / (1.0 + BT * t2)
    steep = KIN * EMAX * share * share * ((CLMAX - cl) * (1.0 / (CLMAX - CL0)))
    for row in range(N * N):
        store(w, row, spread(0.0))
    store(w, 0, kon + koff + kint1)
    store(w, 1, 0.0 - kon)
    store(w, 6, kint1 - KINT0)
    store(w, 7, spread(KINT0))
    store(w, 8, spread(-KREC))
    store(w, 12, KINT0 - kint1)
    store(w, 13, spread(-KINT0))
    store(w, 14, spread(KREC + KLYS))
    store(w, 18, 0.0 - steep * half)
    store(w, 21, KIN * EMAX / (CLMAX - CL0) * b * share + KCC * slow)
    store(w, 23, steep * b * (B50 * AT) - KCC * BT * (cl - CL0) * slow * slow)
    store(w, 24, 0.0 - kt1)
    store(w, 28, kt1)
    store(w, 34, spread(-KT2))
    store(w, 35, spread(KT2))
    diagonal = 1.0 / (GAMMA * load(h, 0))
    for i in range(N):
        store(w, i * N + i, load(w, i * N + i) + diagonal)


@njit(cache=True, nogil=True, error_model="numpy")
def add_rates(s, level, slope, h, y, u, p, k) -> None:
    """Add the rates of change at `u`, and the time derivative's share, to the rows of stage `s`."""
    rates = change(
        load(level, s), load(u, 0), load(u, 1), load(u, 2), load(u, 3), load(u, 4), load(u, 5), load(p, 0), load(p, 1),
        load(p, 2),
    )  # fmt: skip
    in_time = TIME_WEIGHT[s] * load(h, 0) * load(slope, 0) * (1.0 / KD) * load(p, 0) * (load(y, 1) - load(y, 0))
    row = s * N
    store(k, row, load(k, row) + rates[0] + in_time)
    store(k, row + 1, load(k, row + 1) + rates[1])
    store(k, row + 2, load(k, row + 2) + rates[2])
    store(k, row + 3, load(k, row + 3) + rates[3])
    store(k, row + 4, load(k, row + 4) + rates[4])
    store(k, row + 5, load(k, row + 5) + rates[5])


@njit(cache=True, nogil=True, error_model="numpy")
def try_step(t, h, y, p, rate, amplitude, level, slope, inverse, w, k, u, error, dense) -> None:
    """Try a step in all lanes."""
    store(inverse, 0, 1.0 / load(h, 0))
    fill_levels(rate, amplitude, t, h, level, slope)
    fill_matrix(level, y, p, h, w)
    factor(w, N)
    for s in range(STAGES):
        begin_stage(s, N, inverse, y, k, u)
        add_rates(s, level, slope, h, y, u, p, k)
        finish_stage(s, N, w, k)
    end_step(N, RELATIVE, ABSOLUTE, y, k, u, error)
    dense_rows(N, OBSERVED, y, k, u, dense)


@njit(cache=True, nogil=True, error_model="numpy")
def write_effect(lane, begin, end, h, dense, times, at, row, out):
    """Write the effect at the output times up to `end`, LANES times at once; return the next output."""
    first = at
    while at < out.size and times[at] <= end:
        at += 1
    for place in range(first, at, LANES):
        part = (load_from(times, place) - begin) * (1.0 / h)
        b, cl, t2 = between(dense, 0, lane, part), between(dense, 1, lane, part), between(dense, 2, lane, part)
        store(row, 0, effect(b, cl, t2))
        for i in range(place, min(place + LANES, at)):
            out[i] = row[i - place]
    return at


@njit(cache=True, nogil=True, error_model="numpy")
def open_segment(lane, g, segments, rate, amplitude, t, h) -> None:
    """Let a lane begin segment `g`."""
    start, seg_rate, seg_amplitude = segments
    for m in range(rate.shape[0]):
        rate[m, lane] = seg_rate[g, m]
    for m in range(amplitude.shape[0]):
        amplitude[m, lane] = seg_amplitude[g, m]
    t[lane], h[lane] = 0.0, fit_step(FIRST_STEP, start[g + 1] - start[g])


@njit(cache=True, nogil=True, error_model="numpy")
def enter(lane, i, g, p_of, y, p, who, segment, at, steps) -> None:
    """Let subject `i` into a lane, before its segment `g`."""
    who[lane], segment[lane], at[lane], steps[lane] = i, g, 0, 0
    for state in range(N):
        y[state, lane] = START[state]
    for j in range(p.shape[0]):
        p[j, lane] = p_of[i, j]


@njit(cache=True, nogil=True, error_model="numpy")
def settle(lane, error, y, u, dense, who, segment, at, steps, last, segments, rate, amplitude, t, h, times, row, out):
    """Judge the step of one lane, write its outputs and move its clock; `last` is its last segment."""
    g, begin = segment[lane], segments[0][segment[lane]]
    length, factor_of_step = segments[0][g + 1] - begin, step_factor(error)
    steps[lane] += 1
    if not error <= 1.0:
        h[lane] *= min(factor_of_step, 1.0)
        if h[lane] < SMALLEST_STEP or steps[lane] > MOST_STEPS:
            out[:] = np.nan
            who[lane] = -1
        return
    ends = h[lane] >= length - t[lane]
    now = length if ends else t[lane] + h[lane]
    at[lane] = write_effect(lane, begin + t[lane], begin + now, h[lane], dense, times, at[lane], row, out)
    for state in range(N):
        y[state, lane] = u[state, lane]
    if not ends:
        t[lane], h[lane] = now, fit_step(h[lane] * factor_of_step, length - now)
    elif g < last:
        segment[lane] = g + 1
        open_segment(lane, g + 1, segments, rate, amplitude, t, h)
    else:
        who[lane] = -1


@njit(cache=True, nogil=True, error_model="numpy")
def solve_range(lo, hi, p_of, first, start, seg_rate, seg_amplitude, times, out) -> None:
    """Solve subjects lo to hi; a lane that is done takes the next. A subject that cannot be solved is not a number."""
    y, u, p = np.ones((N, LANES)), np.zeros((N, LANES)), np.ones((p_of.shape[1], LANES))
    k, w = np.zeros((STAGES * N, LANES)), np.zeros((N * N, LANES))
    dense, level = np.zeros((OBSERVED.size * (2 + N_DENSE), LANES)), np.zeros((STAGES, LANES))
    slope, inverse, error, row = np.zeros(LANES), np.zeros(LANES), np.zeros(LANES), np.zeros(LANES)
    rate, amplitude = np.ones((seg_rate.shape[1], LANES)), np.zeros((seg_amplitude.shape[1], LANES))
    t, h = np.zeros(LANES), np.ones(LANES)
    who, segment = np.full(LANES, -1), np.zeros(LANES, np.int64)
    at, steps = np.zeros(LANES, np.int64), np.zeros(LANES, np.int64)
    segments, following, seated = (start, seg_rate, seg_amplitude), lo, True
    while seated:
        seated = False
        for lane in range(LANES):
            if who[lane] < 0 and following < hi:
                enter(lane, following, first[following], p_of, y, p, who, segment, at, steps)
                open_segment(lane, first[following], segments, rate, amplitude, t, h)
                following += 1
            seated = seated or who[lane] >= 0
        try_step(t, h, y, p, rate, amplitude, level, slope, inverse, w, k, u, error, dense)
        for lane in range(LANES):
            i = who[lane]
            if i >= 0:
                settle(
                    lane, error[lane], y, u, dense, who, segment, at, steps, first[i + 1] - 2, segments, rate,
                    amplitude, t, h, times, row, out[i],
                )  # fmt: skip


def solve_effect(inflow: Inflow, parameters: dict[str, Array], times: Array, threads: int) -> Array:
    """Return the effect of every subject at every time, shape (n, n_times).

    Parameters
    ----------
    inflow : Inflow
        Effect-site concentration, mg/L; each subject's last segment begins at the last time.
    """
    p_of = np.column_stack([parameters[name] for name in VARYING])
    out = np.zeros((p_of.shape[0], times.size))
    padded = np.append(times, np.full(LANES, times[-1]))  # the last times are read LANES at once, too
    in_chunks(len(out), lambda lo, hi: solve_range(lo, hi, p_of, *inflow, padded, out), threads)
    return out
