"""A saturable block and what it feeds as a Taylor series in time, to order 14.

The elimination g = A/(km + A) obeys ``g (km + A) = A``, so every further coefficient of the series costs one short sum;
there is no right-hand side to call and nothing to tune. The series is its own dense output: values, slopes, areas and
crossings between steps are those of the polynomial. Every subject keeps its own step, so its numbers do not depend on
who else is computed.

References
----------
Jorba A, Zou M. Exp Math 2005;14:99-117 (step size from the last coefficients).
"""

from __future__ import annotations

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

from pkpd.engine.summary import AUC, IN_RANGE, fold_piece  # noqa: E402

__all__ = ["ORDER", "expand", "fold_step", "step_length", "value_at"]

ORDER = 14
#: Size of the last terms of the series against the size of each state.
TOLERANCE = 3e-10


@njit(cache=True, nogil=True, error_model="numpy")
def expand(x, forcing, matrix, vm, km_amount, w, w_forcing, rate, coupling, weight, c, g, v) -> None:
    """Fill the series of the states.

    Parameters
    ----------
    x : ndarray, shape (n,), mg
        Amounts now; state 0 is the centre of the saturable block.
    forcing : ndarray, shape (n,), mg/h
        Constant input.
    matrix : ndarray, shape (n, n), 1/h
        Linear part.
    vm, km_amount : float, mg/h and mg
    w, w_forcing, rate, coupling, weight : ndarray, shapes (m,), (m,), (m,), (m, m), (m,)
        Modes of the blocks upstream now, and the inflow (1/h) that each gives.
    c : ndarray, shape (n, ORDER + 1)
        Written: amount i at time h is ``sum_k c[i, k] h^k``.
    g, v : ndarray, shapes (ORDER,), (m, 2)
        Scratch.
    """
    n, n_lead = x.size, w.size
    for i in range(n):
        c[i, 0] = x[i]
    for m in range(n_lead):
        v[m, 0] = w[m]
    for k in range(ORDER):
        drive = 0.0
        for m in range(n_lead):
            drive += weight[m] * v[m, 0]
            change = (w_forcing[m] if k == 0 else 0.0) - rate[m] * v[m, 0]
            for j in range(m):
                change += coupling[m, j] * v[j, 0]
            v[m, 1] = change / (k + 1)
        for m in range(n_lead):
            v[m, 0] = v[m, 1]
        total = c[0, k]
        for j in range(k):
            total -= g[j] * c[0, k - j]
        g[k] = total / (km_amount + c[0, 0])
        for i in range(n):
            change = forcing[i] if k == 0 else 0.0
            for j in range(n):
                change += matrix[i, j] * c[j, k]
            if i == 0:
                change += drive - vm * g[k]
            c[i, k + 1] = change / (k + 1)


@njit(cache=True, nogil=True, error_model="numpy")
def step_length(c, peak, mass, longest):
    """Return the time, h, over which the last two terms stay below the tolerance; at most `longest`.

    Sizes are those of the states themselves, but not below a hundred-millionth of the `mass` (mg) in the system: what
    has not arrived yet has no size of its own.
    """
    h = longest
    for k in (ORDER - 1, ORDER):
        worst = 0.0
        for i in range(c.shape[0]):
            size = max(abs(c[i, 0]), 1e-3 * peak[i], 1e-8 * mass)
            if c[i, k] != 0.0 and size > 0.0:
                worst = max(worst, abs(c[i, k]) / size)
        if worst > 0.0:
            h = min(h, (TOLERANCE / worst) ** (1.0 / k))
    return h


@njit(cache=True, nogil=True, error_model="numpy")
def value_at(row, h):
    """Return the value of one series `h` hours on."""
    value = row[ORDER]
    for k in range(ORDER - 1, -1, -1):
        value = value * h + row[k]
    return value


@njit(cache=True, nogil=True, error_model="numpy")
def _slope_at(row, h):
    slope = ORDER * row[ORDER]
    for k in range(ORDER - 1, 0, -1):
        slope = slope * h + k * row[k]
    return slope


@njit(cache=True, nogil=True, error_model="numpy")
def _zero_of_slope(row, a, b):
    start = _slope_at(row, a)
    for _ in range(60):
        middle = 0.5 * (a + b)
        if _slope_at(row, middle) * start > 0.0:
            a = middle
        else:
            b = middle
    return 0.5 * (a + b)


@njit(cache=True, nogil=True, error_model="numpy")
def _fold_monotone(t, row, factor, a, b, low, high, result) -> None:
    va, vb = value_at(row, a) * factor, value_at(row, b) * factor
    fold_piece(t + a, va, t + b, vb, result)
    if max(va, vb) < low or min(va, vb) > high:
        return
    begin, end = a, b
    for level in (low, high):
        if (va - level) * (vb - level) < 0.0:
            left, right = a, b
            for _ in range(60):
                middle = 0.5 * (left + right)
                if (value_at(row, middle) * factor < level) == (va < level):
                    left = middle
                else:
                    right = middle
            if (va < level) == (level == low):
                begin = left
            else:
                end = left
    result[IN_RANGE] += end - begin


@njit(cache=True, nogil=True, error_model="numpy")
def fold_step(t, h, row, factor, low, high, result) -> None:
    """Take a step of `h` hours of one output into its summary."""
    area = row[ORDER] / (ORDER + 1)
    for k in range(ORDER - 1, -1, -1):
        area = area * h + row[k] / (k + 1)
    result[AUC] += factor * area * h
    pieces = 4  # a step is short against the curve: its slope changes sign at most once in a quarter
    for i in range(pieces):
        a, b = h * i / pieces, h * (i + 1) / pieces
        if _slope_at(row, a) * _slope_at(row, b) < 0.0:
            top = _zero_of_slope(row, a, b)
            _fold_monotone(t, row, factor, a, top, low, high, result)
            _fold_monotone(t, row, factor, top, b, low, high, result)
        else:
            _fold_monotone(t, row, factor, a, b, low, high, result)
