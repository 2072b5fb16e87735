"""Exponentials of matrices, where sums of exponentials would lose digits, and steady states.

Two matrices serve. That of the modes is lower triangular: equal rate constants need no case of their own, and squaring
with the diagonal set to its exact value holds at any length; it serves rows whose rate constants coincide, and every
steady state. That of the plain amounts serves amounts that are small against the modes they are made of, such as those
early after a dose. Both are augmented by a constant (row 0) that carries the zero-order input.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

from pkpd.engine.double_double import exponential_of_pairs  # noqa: E402

__all__ = ["amounts_after", "exponential", "plain_matrix", "propagate", "steady_state", "system_matrix"]

FloatArray = NDArray[np.float64]
TAYLOR_TERMS = 15  # with a norm of at most 0.5 the first omitted term is below 1e-17


@njit(cache=True, nogil=True, error_model="numpy")
def system_matrix(rate, coupling, forcing):
    """Return the augmented matrix, shape (n + 1, n + 1): row and column 0 carry the constant input `forcing`."""
    n = rate.size
    matrix = np.zeros((n + 1, n + 1))
    for k in range(n):
        matrix[k + 1, 0] = forcing[k]
        for m in range(k):
            matrix[k + 1, m + 1] = coupling[k, m]
        matrix[k + 1, k + 1] = -rate[k]
    return matrix


@njit(cache=True, nogil=True, error_model="numpy")
def _multiply(a, b, out) -> None:
    """Product of two lower triangular matrices."""
    n = a.shape[0]
    for i in range(n):
        for j in range(i + 1):
            total = 0.0
            for k in range(j, i + 1):
                total += a[i, k] * b[k, j]
            out[i, j] = total


@njit(cache=True, nogil=True, error_model="numpy")
def exponential(matrix, t):
    """Return exp(matrix * t) of a lower triangular matrix whose first diagonal entry is 0; t >= 0."""
    n = matrix.shape[0]
    norm = 0.0
    for i in range(n):
        row = 0.0
        for j in range(1, i + 1):  # the input column scales linearly and needs no squaring of its own
            row += abs(matrix[i, j])
        norm = max(norm, row * t)
    squarings = 0
    while norm > 0.5:
        norm *= 0.5
        squarings += 1
    h = t / 2.0**squarings
    result = np.eye(n)
    work = np.zeros((n, n))
    for term in range(TAYLOR_TERMS, 0, -1):
        _multiply(matrix, result, work)
        for i in range(n):
            for j in range(i + 1):
                result[i, j] = work[i, j] * h / term
            result[i, i] += 1.0
    for _ in range(squarings):
        _multiply(result, result, work)
        h *= 2.0
        for i in range(n):
            for j in range(i):
                result[i, j] = work[i, j]
            result[i, i] = np.exp(matrix[i, i] * h)
    return result


@njit(cache=True, nogil=True, error_model="numpy")
def propagate(step, z):
    """Apply the propagator `step`, shape (n + 1, n + 1), to the modes `z` in place."""
    n = z.size
    for k in range(n - 1, -1, -1):  # downwards: lower triangular, so later modes need the old values of earlier ones
        total = step[k + 1, 0]
        for m in range(k + 1):
            total += step[k + 1, m + 1] * z[m]
        z[k] = total


@njit(cache=True, nogil=True, error_model="numpy")
def _lose(matrix, rest, i, k) -> None:
    """Take a rate constant from a diagonal entry, keeping what rounding drops."""
    before = matrix[i, i]
    matrix[i, i] = before - k
    rest[i, i] += (before - matrix[i, i]) - k


@njit(cache=True, nogil=True, error_model="numpy")
def plain_matrix(offset, theta_offset, source, target, theta, input_rate):
    """Return the augmented matrix of the amounts for one row of theta, and what rounding took from its diagonal.

    Each has shape (n + 1, n + 1); row and column 0 carry the constant input.
    """
    n = offset[-1]
    matrix, rest = np.zeros((n + 1, n + 1)), np.zeros((n + 1, n + 1))
    for s in range(n):
        matrix[s + 1, 0] = input_rate[s]
    for b in range(offset.size - 1):
        centre, column = offset[b] + 1, theta_offset[b]
        _lose(matrix, rest, centre, theta[column])
        for i in range(1, offset[b + 1] - offset[b]):
            k_to, k_from = theta[column + 2 * i - 1], theta[column + 2 * i]
            _lose(matrix, rest, centre, k_to)
            _lose(matrix, rest, centre + i, k_from)
            matrix[centre + i, centre] += k_to
            matrix[centre, centre + i] += k_from
    for e in range(source.size):
        matrix[offset[target[e]] + 1, offset[source[e]] + 1] += theta[theta_offset[-1] + e]
    return matrix, rest


@njit(cache=True, nogil=True, error_model="numpy")
def amounts_after(matrix, rest, x, t, result) -> None:
    """Fill `result` with the amounts `t` hours after `x`, every one to nearly all its digits."""
    step = exponential_of_pairs(matrix, rest, t)
    for s in range(x.size):
        result[s] = step[s + 1, 0]
        for j in range(x.size):
            result[s] += step[s + 1, j + 1] * x[j]


@njit(cache=True, nogil=True, error_model="numpy")
def _solve_fixed_point(step, rate, interval, gain, z) -> bool:
    """Solve z = step z + gain for the period `interval`; False where a mode that is fed has no outlet."""
    n = z.size
    for k in range(n):
        total = gain[k]
        for m in range(k):
            total += step[k + 1, m + 1] * z[m]
        loss = -np.expm1(-rate[k] * interval)
        if total == 0.0:
            z[k] = 0.0
        elif loss > 0.0:
            z[k] = total / loss
        else:
            return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _constant_input(matrix, z) -> bool:
    """Solve matrix (1, z) = 0: the steady state of a constant infusion."""
    for k in range(z.size):
        total = matrix[k + 1, 0]
        for m in range(k):
            total += matrix[k + 1, m + 1] * z[m]
        if total == 0.0:
            z[k] = 0.0
        elif matrix[k + 1, k + 1] < 0.0:
            z[k] = -total / matrix[k + 1, k + 1]
        else:
            return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def steady_state(matrix, rate, interval, duration, phase, z) -> bool:
    """Put the modes of a repeated dose, `phase` hours after its last dose, into `z`; False if there are none.

    Column 0 of `matrix` holds the modes of one bolus (duration 0) or of the rate of one infusion. Infusions may be
    longer than the interval: then ``floor(duration / interval)`` of them always run.
    """
    n = z.size
    if interval == 0.0:
        return _constant_input(matrix, z)
    unit = matrix[:, 0].copy()
    matrix[:, 0] = 0.0
    if duration == 0.0:
        if not _solve_fixed_point(exponential(matrix, interval), rate, interval, unit[1:], z):
            return False
        propagate(exponential(matrix, phase), z)
        return True
    running = np.floor(duration / interval)
    part = duration - running * interval
    matrix[:, 0] = unit * (running + 1.0)
    first = exponential(matrix, part)
    gain = first[1:, 0].copy()
    matrix[:, 0] = unit * running
    second = exponential(matrix, interval - part)
    propagate(second, gain)
    matrix[:, 0] = 0.0
    if not _solve_fixed_point(exponential(matrix, interval), rate, interval, gain, z):
        return False
    matrix[:, 0] = unit * (running + 1.0)
    if phase <= part:
        propagate(exponential(matrix, phase), z)
        return True
    propagate(first, z)
    matrix[:, 0] = unit * running
    propagate(exponential(matrix, phase - part), z)
    for k in range(n):
        if not np.isfinite(z[k]):
            return False
    return True
