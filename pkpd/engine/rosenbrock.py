"""Steps of a linearly implicit method of order 5 for stiff mechanisms, eight subjects in lanes, each on its own clock.

The mechanism's kernel holds the loop and calls its own right-hand side by name (a function passed as an argument would
be compiled anew in each process)::

    fill `w` with 1/(GAMMA h) on the diagonal minus the Jacobian, and call `factor`
    for s in range(STAGES):
        begin_stage(s, ...)          # writes the state at which the stage wants the right-hand side
        add f(u) + h TIME_WEIGHT[s] df/dt to row block s of `k`
        finish_stage(s, ...)
    end_step(...)                    # the new state, and the error as a share of what is allowed
    a lane whose error is at most 1 goes on; `dense_rows` and `between` give outputs, `step_factor` the next step

Nothing is assumed about the mechanism but that it is smooth between events and that 1/(GAMMA h) I - J can be eliminated
without exchanging rows, as it can where states mostly decay; where it cannot, the step is not finite and is cut.

References
----------
Steinebach G. BIT Numer Math 2023;63:27 (the method, Rodas5P; stiffly accurate, dense output of order 4).
"""

from __future__ import annotations

import numpy as np

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

from pkpd.engine.lanes import larger, load, magnitude, spread, store  # noqa: E402

__all__ = [
    "GAMMA",
    "N_DENSE",
    "NODE",
    "STAGES",
    "TIME_WEIGHT",
    "begin_stage",
    "between",
    "dense_rows",
    "end_step",
    "factor",
    "finish_stage",
    "fit_step",
    "step_factor",
]

STAGES = 8
N_DENSE = 3
GAMMA = 0.21193756319429014
#: Where in the step each stage stands, and its weight of the time derivative; the last three stand at the end.
NODE = np.array([0.0, 0.6358126895828704, 0.4095798393397535, 0.9769306725060716, 0.4288403609558664, 1.0, 1.0, 1.0])
TIME_WEIGHT = np.array(
    [GAMMA, -0.42387512638858027, -0.3384627126235924, 1.8046452872882734, 2.325825639765069, 0.0, 0.0, 0.0]
)
_A = np.zeros((STAGES, STAGES))
_A[1, 0] = 3.0
_A[2, :2] = 2.849394379747939, 0.45842242204463923
_A[3, :3] = -6.954028509809101, 2.489845061869568, -10.358996098473584
_A[4, :4] = 2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641
_A[5, :5] = (
    -7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946,
)  # fmt: skip
_C = np.zeros((STAGES, STAGES))
_C[1, 0] = -14.155112264123755
_C[2, :2] = -17.97296035885952, -2.859693295451294
_C[3, :3] = 147.12150275711716, -1.41221402718213, 71.68940251302358
_C[4, :4] = 165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306
_C[5, :5] = 24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471
_C[6, :6] = (
    30.91273214028599, -3.1208243349937974, 77.79954646070892, 34.28646028294783, -19.097331116725623,
    -28.087943162872662,
)  # fmt: skip
_C[7, :7] = (
    37.80277123390563, -3.2571969029072276, 112.26918849496327, 66.9347231244047, -40.06618937091002,
    -54.66780262877968, -9.48861652309627,
)  # fmt: skip
_DENSE = np.array([
    [25.948786856663858, -2.5579724845846235, 10.433815404888879, -2.3679251022685204, 0.524948541321073,
     1.1241088310450404, 0.4272876194431874, -0.17202221070155493],
    [-9.91568850695171, -0.9689944594115154, 3.0438037242978453, -24.495224566215796, 20.176138334709044,
     15.98066361424651, -6.789040303419874, -6.710236069923372],
    [11.419903575922262, 2.8879645146136994, 72.92137995996029, 80.12511834622643, -52.072871366152654,
     -59.78993625266729, -0.15582684282751913, 4.883087185713722],
])  # fmt: skip
SMALLEST, LARGEST, SAFETY = 0.2, 6.0, 0.9


@njit(cache=True, nogil=True, error_model="numpy")
def factor(w, n) -> None:
    """Replace the matrix `w`, rows i * n + j of lanes, by its triangular factors; the diagonal holds reciprocals."""
    for k in range(n):
        pivot = 1.0 / load(w, k * n + k)
        store(w, k * n + k, pivot)
        for i in range(k + 1, n):
            below = load(w, i * n + k) * pivot
            store(w, i * n + k, below)
            for j in range(k + 1, n):
                store(w, i * n + j, load(w, i * n + j) - below * load(w, k * n + j))


@njit(cache=True, nogil=True, error_model="numpy")
def begin_stage(s, n, inverse_h, y, k, u) -> None:
    """Write the argument of stage `s` into `u`, and what earlier stages give to it into its rows of `k`."""
    inverse = load(inverse_h, 0)
    for i in range(n):
        carried, at = spread(0.0), load(y, i) if s < 6 else load(u, i) + load(k, (s - 1) * n + i)
        for j in range(s):
            stage = load(k, j * n + i)
            carried = carried + _C[s, j] * stage
            if s < 6:
                at = at + _A[s, j] * stage
        store(u, i, at)
        store(k, s * n + i, carried * inverse)


@njit(cache=True, nogil=True, error_model="numpy")
def finish_stage(s, n, w, k) -> None:
    """Solve the linear system of stage `s` in its rows of `k`."""
    first = s * n
    for i in range(1, n):
        value = load(k, first + i)
        for j in range(i):
            value = value - load(w, i * n + j) * load(k, first + j)
        store(k, first + i, value)
    for i in range(n - 1, -1, -1):
        value = load(k, first + i)
        for j in range(i + 1, n):
            value = value - load(w, i * n + j) * load(k, first + j)
        store(k, first + i, value * load(w, i * n + i))


@njit(cache=True, nogil=True, error_model="numpy")
def end_step(n, relative, absolute, y, k, u, error) -> None:
    """Move `u` to the end of the step and write the square of the error, as a share of the allowed, into `error`."""
    total = spread(0.0)
    for i in range(n):
        last = load(k, (STAGES - 1) * n + i)
        new = load(u, i) + last
        store(u, i, new)
        share = last / (absolute + relative * larger(magnitude(new), magnitude(load(y, i))))
        total = total + share * share
    store(error, 0, total / (1.0 * n))


@njit(cache=True, nogil=True, error_model="numpy")
def step_factor(error):
    """Return by how much the next step is longer, from the squared error; 0.2 where it is not finite."""
    if not error < np.inf:
        return SMALLEST
    return min(LARGEST, max(SMALLEST, SAFETY * max(error, 1e-30) ** -0.1))


@njit(cache=True, nogil=True, error_model="numpy")
def fit_step(h, left):
    """Return the next step, given that `left` remains to the next event: none is left that would be tiny."""
    if h >= left:
        return left
    return 0.5 * left if 2.0 * h > left else h


@njit(cache=True, nogil=True, error_model="numpy")
def dense_rows(n, states, y, k, u, dense) -> None:
    """Write what `between` needs of some states, (2 + N_DENSE) rows each: start, end, coefficients."""
    for o in range(states.size):
        i, row = states[o], o * (2 + N_DENSE)
        store(dense, row, load(y, i))
        store(dense, row + 1, load(u, i))
        for d in range(N_DENSE):
            total = spread(0.0)
            for j in range(STAGES):
                total = total + _DENSE[d, j] * load(k, j * n + i)
            store(dense, row + 2 + d, total)


@njit(inline="always", error_model="numpy")
def between(dense, o, lane, part):
    """Return state `o` of `states` in one lane at `part` (0 to 1) of the step; `part` may be lanes of times."""
    row = o * (2 + N_DENSE)
    rest = 1.0 - part
    bend = dense[row + 2, lane] + part * (dense[row + 3, lane] + part * dense[row + 4, lane])
    return dense[row, lane] * rest + part * (dense[row + 1, lane] + rest * bend)
