"""A compartment system as a cascade of first-order modes.

A model is a list of blocks, each a central state with up to two peripherals (a depot, an effect site or a
one-compartment metabolite is a block without peripherals), and of feeds that carry amount from the centre of one
block into the centre of a later one. Inside a block exchange goes both ways; between blocks it goes one way.

A block is symmetrised by the square roots of its volume ratios. Its matrix is then ``-G'G`` with an explicit ``G``,
and one-sided Jacobi rotations of ``G`` give real, non-negative rate constants with a small *relative* error, also for
equal rate constants, tiny clearances and peripherals that exchange nothing. In these modes the whole system is lower
triangular: what remains are feeds from earlier modes into later ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

from pkpd.engine.parallel import in_chunks  # noqa: E402

__all__ = ["Layout", "Modes", "Structure", "decompose", "layout", "theta_width"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Product of near-coincidence factors above which exponentials lose too many digits (error about 1e-16 times it).
AMPLIFICATION_LIMIT = 1e5


class Structure(NamedTuple):
    """Which blocks exist and who feeds whom.

    `peripherals` has one entry a block: the number of peripherals, 0 to 2. `feeds` are pairs (source block, target
    block) with source < target. A row of theta holds, block by block, ``k_out`` and then ``k_to, k_from`` of each
    peripheral; after the blocks one coefficient a feed (all 1/h).
    """

    peripherals: tuple[int, ...]
    feeds: tuple[tuple[int, int], ...]

    @property
    def n_states(self) -> int:
        """Number of states, which is also the number of modes."""
        return len(self.peripherals) + sum(self.peripherals)


class Layout(NamedTuple):
    """The structure as integer arrays for the kernels."""

    offset: IntArray  # first state of each block, and the number of states at the end
    theta_offset: IntArray  # first column of theta of each block, and the first feed coefficient at the end
    source: IntArray
    target: IntArray


class Modes(NamedTuple):
    """Mode coordinates of every parameter set: ``w' = -rate w + coupling w + input``; n = number of states.

    Where rate constants of connected blocks differ, the modes are the eigenvectors of the whole system and `coupling`
    is zero. Where they nearly coincide, they are the modes of the single blocks and `coupling` carries the feeds. The
    layout and theta, from which they come, stand before them.
    """

    offset: IntArray
    theta_offset: IntArray
    source: IntArray
    target: IntArray
    theta: FloatArray
    rate: FloatArray  # (n_sets, n) rate constants, 1/h
    into: FloatArray  # (n_sets, n, n): row s holds what 1 mg in state s adds to each mode
    out_of: FloatArray  # (n_sets, n, n): row s holds what 1 of each mode adds to state s, mg
    coupling: FloatArray  # (n_sets, n, n) strictly lower triangular, 1/h
    slowest: FloatArray  # (n_sets,) smallest rate constant
    separated: NDArray[np.bool_]  # (n_sets,) whether coupling is zero


def theta_width(structure: Structure) -> int:
    """Return the number of columns of theta."""
    return len(structure.peripherals) + 2 * sum(structure.peripherals) + len(structure.feeds)


def layout(structure: Structure) -> Layout:
    """Return the integer arrays that describe `structure`."""
    peripherals = np.array(structure.peripherals, dtype=np.int64)
    offset = np.concatenate(([0], np.cumsum(peripherals + 1)))
    theta_offset = np.concatenate(([0], np.cumsum(2 * peripherals + 1)))
    pairs = np.array(structure.feeds, dtype=np.int64).reshape(-1, 2)
    return Layout(offset, theta_offset, np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1]))


def decompose(shape: Layout, theta: FloatArray, threads: int | None = None) -> Modes:
    """Return the modes of every row of `theta`.

    Parameters
    ----------
    shape : Layout
    theta : ndarray, shape (n_sets, n_theta), 1/h
        Rate constants as `Structure` describes; none negative.
    """
    n_sets, n = theta.shape[0], int(shape.offset[-1])
    theta = np.ascontiguousarray(theta)
    modes = Modes(
        *shape,
        theta,
        np.empty((n_sets, n)),
        np.zeros((n_sets, n, n)),
        np.zeros((n_sets, n, n)),
        np.zeros((n_sets, n, n)),
        np.empty(n_sets),
        np.empty(n_sets, dtype=np.bool_),
    )
    in_chunks(n_sets, lambda lo, hi: _decompose_range(lo, hi, *modes), threads)
    return modes


@njit(cache=True, nogil=True, error_model="numpy")
def _orthogonalise(g: FloatArray, v: FloatArray, size: int) -> None:
    """Rotate the columns of `g` until they are orthogonal; `v` collects the rotations (one-sided Jacobi)."""
    for _ in range(30):
        largest = 0.0
        for i in range(size - 1):
            for j in range(i + 1, size):
                a = b = c = 0.0
                for r in range(size):
                    a += g[r, i] * g[r, i]
                    b += g[r, j] * g[r, j]
                    c += g[r, i] * g[r, j]
                if c == 0.0 or abs(c) <= 1e-17 * np.sqrt(a * b):
                    continue
                largest = max(largest, abs(c) / np.sqrt(a * b))
                zeta = (b - a) / (2.0 * c)
                t = (1.0 if zeta >= 0.0 else -1.0) / (abs(zeta) + np.sqrt(1.0 + zeta * zeta))
                cosine = 1.0 / np.sqrt(1.0 + t * t)
                sine = cosine * t
                for r in range(size):
                    x, y = g[r, i], g[r, j]
                    g[r, i], g[r, j] = cosine * x - sine * y, sine * x + cosine * y
                    x, y = v[r, i], v[r, j]
                    v[r, i], v[r, j] = cosine * x - sine * y, sine * x + cosine * y
        if largest < 1e-15:
            return


@njit(cache=True, nogil=True, error_model="numpy")
def _decompose_block(theta, start, first, size, g, v, rate, into, out_of) -> None:
    """Fill the modes of one block of `size` states whose rate constants begin at theta[start]."""
    if size == 1:
        rate[first] = theta[start]
        into[first, first] = out_of[first, first] = 1.0
        return
    g[:, :] = 0.0
    v[:, :] = 0.0
    g[0, 0] = np.sqrt(theta[start])
    v[0, 0] = 1.0
    for i in range(1, size):
        v[i, i] = 1.0
        g[i, 0] = np.sqrt(theta[start + 2 * i - 1])
        g[i, i] = -np.sqrt(theta[start + 2 * i])
    _orthogonalise(g, v, size)
    for k in range(size):
        total = 0.0
        for r in range(size):
            total += g[r, k] * g[r, k]
        rate[first + k] = total
        sign = -1.0 if v[0, k] < 0.0 else 1.0  # positive at the centre: a dose there makes no negative mode
        for i in range(size):
            scale = 1.0
            if i > 0 and theta[start + 2 * i - 1] > 0.0 and theta[start + 2 * i] > 0.0:
                scale = np.sqrt(theta[start + 2 * i - 1] / theta[start + 2 * i])
            into[first + i, first + k] = sign * v[i, k] / scale
            out_of[first + i, first + k] = sign * v[i, k] * scale


@njit(cache=True, nogil=True, error_model="numpy")
def _couple(offset, source, target, feed, out_of, coupling) -> None:
    """Fill the feeds between the modes of different blocks."""
    for e in range(source.size):
        a, b = offset[source[e]], offset[target[e]]
        for k in range(b, offset[target[e] + 1]):
            for m in range(a, offset[source[e] + 1]):
                coupling[k, m] += out_of[b, k] * feed[e] * out_of[a, m]


@njit(cache=True, nogil=True, error_model="numpy")
def _amplification(offset, source, target, rate, out_of) -> float:
    """Return a bound on the digits lost where rate constants of connected blocks nearly coincide."""
    n_blocks = offset.size - 1
    upstream = np.zeros((n_blocks, n_blocks), dtype=np.bool_)
    loss = np.ones(n_blocks)
    worst = 1.0
    for b in range(n_blocks):
        for e in range(source.size):
            if target[e] == b:
                a = source[e]
                upstream[b, a] = True
                loss[b] = max(loss[b], loss[a])
                for c in range(a):
                    upstream[b, c] = upstream[b, c] or upstream[a, c]
        for a in range(b):
            if not upstream[b, a]:
                continue
            pair = 1.0
            for k in range(offset[b], offset[b + 1]):
                for m in range(offset[a], offset[a + 1]):
                    if out_of[offset[b], k] != 0.0 and out_of[offset[a], m] != 0.0:
                        gap = abs(rate[k] - rate[m])
                        low = min(rate[k], rate[m])
                        pair = max(pair, np.inf if gap == 0.0 else low / gap)
            loss[b] *= pair
        worst = max(worst, loss[b])
    return worst


@njit(cache=True, nogil=True, error_model="numpy")
def _diagonalise(rate, into, out_of, coupling) -> None:
    """Go over to the eigenvectors of the whole triangular system; `coupling` becomes zero."""
    n = rate.size
    mix, unmix, work = np.eye(n), np.eye(n), np.zeros((n, n))
    for m in range(n):
        for k in range(m + 1, n):
            total = 0.0
            for j in range(m, k):
                total += coupling[k, j] * mix[j, m]
            if total != 0.0:
                mix[k, m] = total / (rate[k] - rate[m])
    for m in range(n):
        for k in range(m + 1, n):
            total = 0.0
            for j in range(m, k):
                total -= mix[k, j] * unmix[j, m]
            unmix[k, m] = total
    for s in range(n):
        for k in range(n):
            for j in range(n):
                work[s, k] += out_of[s, j] * mix[j, k]
    out_of[:, :] = work
    work[:, :] = 0.0
    for s in range(n):
        for k in range(n):
            for j in range(n):
                work[s, k] += into[s, j] * unmix[k, j]
    into[:, :] = work
    coupling[:, :] = 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _decompose_range(
    lo, hi, offset, theta_offset, source, target, theta, rate, into, out_of, coupling, slowest, separated
) -> None:
    g, v = np.zeros((3, 3)), np.zeros((3, 3))
    feeds = theta_offset[-1]
    for row in range(lo, hi):
        for b in range(offset.size - 1):
            first = offset[b]
            _decompose_block(
                theta[row], theta_offset[b], first, offset[b + 1] - first, g, v, rate[row], into[row], out_of[row]
            )
        slowest[row] = rate[row].min()
        separated[row] = True
        if source.size > 0:
            _couple(offset, source, target, theta[row, feeds:], out_of[row], coupling[row])
            loss = _amplification(offset, source, target, rate[row], out_of[row])
            separated[row] = loss < AMPLIFICATION_LIMIT
            if separated[row]:
                _diagonalise(rate[row], into[row], out_of[row], coupling[row])
