"""Sums of exponentials on an even grid: many points share one set of powers, in loops that fill vector registers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

from pkpd.engine.trajectory import SMALL  # noqa: E402

__all__ = ["LANES", "even_step", "fill_powers", "sample_even"]

FloatArray = NDArray[np.float64]
LANES = 64  # grid points that share one set of powers


def even_step(times: FloatArray) -> float:
    """Return the spacing of evenly spaced `times` (rounding of each allowed for), else 0."""
    if len(times) < 8:
        return 0.0
    step = (times[-1] - times[0]) / (len(times) - 1)
    slack = 4e-15 * max(abs(times[0]), abs(times[-1]))
    even = step > 0 and bool(np.all(np.abs(times[0] + step * np.arange(len(times)) - times) <= slack))
    return float(step) if even else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def fill_powers(rate, step, power) -> None:
    """Fill ``power[m, j] = exp(-rate[m] j step)`` for j from 0 to LANES."""
    for m in range(rate.size):
        power[m, 0] = 1.0
        factor = np.exp(-rate[m] * step)
        for j in range(1, LANES + 1):
            power[m, j] = power[m, j - 1] * factor


@njit(inline="always", error_model="numpy")
def _write_four(out, o, at, width, onto, constant, a0, a1, a2, a3, i0, i1, i2, i3, power, limit):
    """Write a constant and four exponentials on a run of even times; return how many values lie below `limit`."""
    found = 0
    first, r0, r1, r2, r3 = np.uintp(at), np.uintp(i0), np.uintp(i1), np.uintp(i2), np.uintp(i3)
    for i in range(width):
        j = np.uintp(i)  # unsigned: no test for counting from the end, so the loop runs in vector registers
        value = constant + a0 * power[r0, j] + a1 * power[r1, j] + a2 * power[r2, j] + a3 * power[r3, j]
        if onto:
            value += out[o, first + j]
        out[o, first + j] = value
        found += 1 if value < limit else 0
    return found


@njit(inline="always", error_model="numpy")
def sample_even(y, constant, fade, power, place, count, amplitude, index, doubtful, n_doubtful, out):
    """Write `count` evenly spaced values of each output; `fade` belongs to the first of them.

    Runs in which a value may have lost digits are noted in `doubtful` (output, place, width); their number is returned.
    """
    n = fade.size
    done = 0
    while done < count:
        width = min(LANES, count - done)
        for o in range(y.shape[0]):
            used, size = 0, abs(constant[o])
            for m in range(n):
                a = y[o, m] * fade[m]
                if abs(a) > 1e-290:  # below, denormal numbers would only cost time
                    amplitude[used], index[used] = a, m
                    size += abs(a)
                    used += 1
            for i in range(used, used + 4):
                amplitude[i], index[i] = 0.0, 0
            below = 0
            for i in range(0, max(used, 1), 4):
                below = _write_four(
                    out, o, place + done, width, i > 0, constant[o] if i == 0 else 0.0,
                    amplitude[i], amplitude[i + 1], amplitude[i + 2], amplitude[i + 3],
                    index[i], index[i + 1], index[i + 2], index[i + 3], power, SMALL * size,
                )  # fmt: skip
            if size > 0.0 and below > 0:
                if n_doubtful < doubtful.shape[0]:
                    doubtful[n_doubtful, 0], doubtful[n_doubtful, 1], doubtful[n_doubtful, 2] = o, done, width
                n_doubtful += 1
        for m in range(n):
            fade[m] *= power[m, LANES]
        done += width
    return n_doubtful
