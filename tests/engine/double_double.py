"""Numbers of 31 digits as unevaluated sums of two doubles, in whole arrays; matrix exponentials from them.

Nothing here comes from the package. The exponential is that of a compartment matrix (no negative entry off its
diagonal): shifted by its largest rate constant it has no negative entry at all, so neither the series nor the
squarings ever subtract, and *every entry* keeps a relative error of about 2**squarings * 1e-31, less than 1e-19 for 36
squarings. `test_linear_oracle` checks that against 60-digit decimals.

References
----------
Dekker TJ. Numer Math 1971;18:224-242 (products and sums without rounding error).
"""

import numpy as np

SPLIT = 134217729.0  # 2**27 + 1: cuts a double into two halves of 26 bits
TERMS = 26


def two_sum(a, b):
    total = a + b
    back = total - a
    return total, (a - (total - back)) + (b - back)


def two_product(a, b):
    product = a * b
    x, y = SPLIT * a, SPLIT * b
    a_high, b_high = x - (x - a), y - (y - b)
    a_low, b_low = a - a_high, b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def add(a, b):
    """Sum of two pairs (high, low)."""
    high, low = two_sum(a[0], b[0])
    return two_sum(high, low + (a[1] + b[1]))


def multiply(a, b):
    """Product of two pairs (high, low)."""
    high, low = two_product(a[0], b[0])
    return two_sum(high, low + (a[0] * b[1] + a[1] * b[0]))


def matrix_product(a, b):
    """Product of stacks of matrices, each a pair of arrays (n_sets, rows, inner) and (n_sets, inner, columns)."""
    shape = (a[0].shape[0], a[0].shape[1], b[0].shape[2])
    total = (np.zeros(shape), np.zeros(shape))
    for k in range(a[0].shape[2]):
        left = (a[0][:, :, k, None], a[1][:, :, k, None])
        right = (b[0][:, None, k, :], b[1][:, None, k, :])
        total = add(total, multiply(left, right))
    return total


def series(b, one):
    """Sum of b**k / k! by Horner's rule; `one` is the unit of the product that is used."""
    product = matrix_product if b[0].ndim == 3 else multiply
    result = one
    for k in range(TERMS, 0, -1):
        # A division by k that is not exact would cost digits: multiply by 1/k as a pair.
        inverse = 1.0 / k
        rest = two_product(np.float64(inverse), np.float64(k))
        share = (np.float64(inverse), ((1.0 - rest[0]) - rest[1]) / k)
        result = add(multiply(product(b, result), share), one)
    return result


def exponential_chain(off_diagonal, losses, span, squarings):
    """Yield exp(A span / 2**j) for j = squarings, ..., 1, 0, each a pair of arrays (n_sets, n, n).

    Parameters
    ----------
    off_diagonal : ndarray, shape (n_sets, n, n), not negative
    losses : ndarray, shape (n_sets, n, n_losses), not negative
        What leaves each state, unsummed: A[i, i] = -sum(losses[i]); the sum is formed with 31 digits.
    span : ndarray, shape (n_sets,)
    """
    n_sets, n, _ = off_diagonal.shape
    loss = (np.zeros((n_sets, n)), np.zeros((n_sets, n)))
    for part in np.moveaxis(losses, 2, 0):
        loss = add(loss, (part, np.zeros_like(part)))
    top = loss[0].max(axis=1)  # the shift is a plain double, slightly above or below the largest loss: either will do
    h = span / 2.0**squarings
    scale = (h[:, None, None], 0.0)
    b = (off_diagonal.copy(), np.zeros_like(off_diagonal))
    diagonal = add((top[:, None], 0.0), (-loss[0], -loss[1]))
    index = np.arange(n)
    b[0][:, index, index], b[1][:, index, index] = diagonal
    one = np.broadcast_to(np.eye(n), b[0].shape)
    result = series(multiply(b, scale), (one, np.zeros_like(one)))
    unit = np.ones(n_sets)
    decay = series(multiply((-top, np.zeros(n_sets)), (h, 0.0)), (unit, np.zeros(n_sets)))
    result = multiply(result, (decay[0][:, None, None], decay[1][:, None, None]))
    yield result
    for _ in range(squarings):
        result = matrix_product(result, result)
        yield result
