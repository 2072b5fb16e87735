"""One pass over long columns: where runs begin, what is not zero, and a factor a run.

A data set has millions of rows and few doses; these loops touch each row once and leave the rest to numpy.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

from pkpd.engine.parallel import in_chunks  # noqa: E402

__all__ = ["divide_runs", "mark_filled", "mark_outside", "scan_rows"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

#: Below this many rows a second thread costs more than it brings.
FEW_ROWS = 200_000


def _over_rows(n: int, work: Callable[[int, int], object]) -> None:
    if n < FEW_ROWS:
        work(0, n)
    else:
        in_chunks(n, work)


def scan_rows(codes: NDArray, time: NDArray) -> tuple[IntArray, FloatArray, IntArray, IntArray]:
    """Return where runs of `codes` begin, the times as floats, and the rows with an odd time.

    Parameters
    ----------
    codes : ndarray, shape (n_rows,), n_rows > 0
        Numbers that differ where the subject differs; NaN begins a run at each row.
    time : ndarray, shape (n_rows,)

    Returns
    -------
    starts : ndarray, shape (n_runs,)
        First row of each run.
    time : ndarray, shape (n_rows,)
        A copy that may be written.
    odd : ndarray
        Rows whose time is negative, infinite or NaN.
    earlier : ndarray
        Rows of a run whose time is before that of the row above.
    """
    n = len(codes)
    codes, time = np.ascontiguousarray(codes), np.ascontiguousarray(time)
    copy = np.empty(n)
    flags = np.empty(n, dtype=np.uint8)
    _over_rows(n, lambda low, high: _scan(codes, time, copy, flags, low, high))
    noted = np.flatnonzero(flags)
    kind = flags[noted]
    return noted[kind & 1 > 0], copy, noted[kind & 2 > 0], noted[kind & 4 > 0]


def mark_filled(values: NDArray, mask: BoolArray) -> None:
    """Set `mask` where `values` are neither 0 nor NaN."""
    values = np.ascontiguousarray(values)
    _over_rows(len(values), lambda low, high: _filled(values, mask, low, high))


def mark_outside(values: NDArray, top: int, mask: BoolArray) -> None:
    """Set `mask` where `values` are none of 0, 1, ..., `top` and not NaN."""
    values = np.ascontiguousarray(values)
    _over_rows(len(values), lambda low, high: _outside(values, top, mask, low, high))


def divide_runs(values: FloatArray, start: IntArray, divisor: FloatArray) -> None:
    """Divide `values` in place by the divisor of the run that each stands in; the first run starts at 0."""
    if len(divisor) == 1:
        values /= divisor[0]
        return
    bounds = np.append(start, len(values))
    if len(values) < FEW_ROWS:
        _divide(values, bounds, divisor, 0, len(divisor))
    else:
        in_chunks(len(divisor), lambda low, high: _divide(values, bounds, divisor, low, high))


@njit(cache=True, nogil=True)
def _scan(codes, time, copy, flags, low, high) -> None:
    for i in range(low, high):
        now = np.float64(time[i])
        copy[i] = now
        flag = 0
        if i == 0 or codes[i] != codes[i - 1]:
            flag = 1
        elif now < np.float64(time[i - 1]):
            flag = 4
        if not (now >= 0.0 and now < np.inf):
            flag |= 2
        flags[i] = flag


@njit(cache=True, nogil=True)
def _filled(values, mask, low, high) -> None:
    for i in range(low, high):
        value = values[i]
        if value != 0 and value == value:
            mask[i] = True


@njit(cache=True, nogil=True)
def _outside(values, top, mask, low, high) -> None:
    for i in range(low, high):
        value = values[i]
        if value < 0 or value > top or (value == value and value != np.floor(value)):
            mask[i] = True


@njit(cache=True, nogil=True, error_model="numpy")
def _divide(values, bounds, divisor, low, high) -> None:
    for run in range(low, high):
        by = divisor[run]
        for i in range(bounds[run], bounds[run + 1]):
            values[i] /= by
