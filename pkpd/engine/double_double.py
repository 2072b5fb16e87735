"""Exponential of a matrix without negative entries off its diagonal, in pairs of doubles (about 32 digits).

Squaring a matrix n times doubles its relative error n times. In plain doubles that costs ``1e-16 t/T`` for a length t
over the shortest residence time T; in pairs nothing that could be seen is left of it. Every sum has terms of one sign.

References
----------
Dekker TJ. Numer Math 1971;18:224-242 (products and sums of pairs).
"""

from __future__ import annotations

import numpy as np

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

__all__ = ["exponential_of_pairs"]

SPLIT = 134217729.0
TERMS = 28  # with a norm of at most 0.5 the first omitted term is below 1e-38


@njit(inline="always", error_model="numpy")
def _sum(a, b):
    s = a + b
    v = s - a
    return s, (a - (s - v)) + (b - v)


@njit(inline="always", error_model="numpy")
def _product(a, b):
    p = a * b
    t = SPLIT * a
    a1 = t - (t - a)
    t = SPLIT * b
    b1 = t - (t - b)
    a2, b2 = a - a1, b - b1
    return p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2


@njit(inline="always", error_model="numpy")
def _add(a, a2, b, b2):
    s, e = _sum(a, b)
    return _sum(s, e + a2 + b2)


@njit(inline="always", error_model="numpy")
def _times(a, a2, b, b2):
    p, e = _product(a, b)
    return _sum(p, e + a * b2 + a2 * b)


@njit(inline="always", error_model="numpy")
def _over(a, a2, whole):
    q = a / whole
    p, e = _product(q, whole)
    return _sum(q, ((a - p) - e + a2) / whole)


@njit(cache=True, nogil=True, error_model="numpy")
def _multiply(a, a2, b, b2, c, c2) -> None:
    n = a.shape[0]
    for i in range(n):
        for j in range(n):
            s, s2 = 0.0, 0.0
            for k in range(n):
                if a[i, k] != 0.0 and b[k, j] != 0.0:
                    p, p2 = _times(a[i, k], a2[i, k], b[k, j], b2[k, j])
                    s, s2 = _add(s, s2, p, p2)
            c[i, j], c2[i, j] = s, s2


@njit(cache=True, nogil=True, error_model="numpy")
def _fade(x, x2):
    """Return exp(-x) as a pair, for x from 0 to 1."""
    total, total2 = 1.0, 0.0
    for order in range(TERMS, 0, -1):
        p, p2 = _times(total, total2, -x, -x2)
        p, p2 = _over(p, p2, float(order))
        total, total2 = _add(1.0, 0.0, p, p2)
    return total, total2


@njit(cache=True, nogil=True, error_model="numpy")
def exponential_of_pairs(matrix, rest, t):
    """Return exp((matrix + rest) t); the first row of the matrix is zero.

    Parameters
    ----------
    matrix, rest : ndarray, shape (n, n), 1/h
        The matrix and what rounding took from it (its diagonal is a sum of rate constants).
    t : float, hours
    """
    n = matrix.shape[0]
    fastest, below = 0.0, 0.0
    for i in range(n):
        if -matrix[i, i] > fastest:
            fastest, below = -matrix[i, i], -rest[i, i]
    squarings, h = 0, t
    while fastest * h > 0.25:
        h *= 0.5
        squarings += 1
    a, a2 = np.zeros((n, n)), np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            s, s2 = matrix[i, j], rest[i, j]
            if i == j:
                s, s2 = _add(s, s2, fastest, below)
            a[i, j], a2[i, j] = _times(s, s2, h, 0.0)
    x, x2 = _times(fastest, below, h, 0.0)
    step, step2, work, work2 = np.eye(n), np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n))
    for order in range(TERMS, 0, -1):
        _multiply(a, a2, step, step2, work, work2)
        for i in range(n):
            for j in range(n):
                step[i, j], step2[i, j] = _over(work[i, j], work2[i, j], float(order))
            step[i, i], step2[i, i] = _add(step[i, i], step2[i, i], 1.0, 0.0)
    f, f2 = _fade(x, x2)
    for i in range(n):
        for j in range(n):
            step[i, j], step2[i, j] = _times(step[i, j], step2[i, j], f, f2)
    step[0, :], step2[0, :] = 0.0, 0.0
    step[0, 0] = 1.0  # the constant stays 1, exactly
    for _ in range(squarings):
        _multiply(step, step2, step, step2, work, work2)
        step[:, :], step2[:, :] = work, work2
    return step
