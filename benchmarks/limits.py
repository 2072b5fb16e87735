"""What no program on this machine can beat: memory filled per second, and exponentials per second."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from numba import njit

from benchmarks.figure import Figure, best
from benchmarks.workloads import Workload

VALUES = 4_000_000


@njit(nogil=True, error_model="numpy")
def _scalar_exponentials(x, out) -> None:  # type: ignore[no-untyped-def]
    for i in range(x.size):
        out[i] = np.exp(-x[i])


def _shared(work: Callable[[slice], object], size: int, threads: int) -> None:
    """Do equal slices of 0 to size in threads."""
    bounds = np.linspace(0, size, threads + 1).astype(int)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, [slice(a, b) for a, b in zip(bounds[:-1], bounds[1:])]))


def fill_seconds(size: int, threads: int, repeats: int) -> float:
    """Seconds to put `size` numbers into fresh memory, on all threads."""

    def fill() -> None:
        out = np.empty(size)
        _shared(lambda part: out[part].fill(1.0), size, threads)

    return best(fill, repeats, time.perf_counter)[0]


def exponentials(threads: int, repeats: int) -> dict[str, float]:
    """Exponentials per second: numpy's, which fill vector registers, and the compiler's one at a time."""
    x = np.random.default_rng(0).uniform(0.0, 20.0, VALUES)
    out = np.empty(VALUES)
    ways = {
        "numpy": lambda part: np.exp(x[part], out=out[part]),
        "compiled": lambda part: _scalar_exponentials(x[part], out[part]),
    }
    return {
        name: VALUES / best(partial(_shared, work, VALUES, threads), repeats, time.perf_counter)[0]
        for name, work in ways.items()
    }


def modes(workload: Workload) -> int:
    """Exponentials in one value of each output: one a compartment, and one for the effect site."""
    return {"W1": 2, "W2": 3 + 4, "W3": 2, "W4": 3 + 4}[workload.name]


def figures(workload: Workload, seconds: float, threads: int, repeats: int, rate: float) -> list[Figure]:
    """A workload beside two limits: writing its answer, and one exponential for every term of every value."""
    size = workload.n * workload.times.size * len(workload.outputs)
    write = fill_seconds(size, threads, repeats)
    terms = workload.n * workload.times.size * modes(workload)
    return [
        Figure(f"limit for {workload.name}: its {size * 8 / 1e6:.0f} MB into fresh memory", write, "s",
               accuracy=f"ours takes {seconds / write:.1f} times this"),
        Figure(f"limit for {workload.name}: {terms / 1e6:.0f} million exponentials", terms / rate, "s",
               accuracy=f"ours takes {seconds * rate / terms:.2f} times this"),
    ]  # fmt: skip


def machine_figures(threads: int, repeats: int) -> tuple[list[Figure], float]:
    """The two limits themselves, and numpy's exponentials per second."""
    rates = exponentials(threads, repeats)
    size = VALUES * 4
    seconds = fill_seconds(size, threads, repeats)
    found = [Figure("fresh memory filled", size * 8 / seconds / 1e9, "GB/s")]
    found += [Figure(f"exponentials, {name}", rate / 1e6, "million/s") for name, rate in rates.items()]
    return found, rates["numpy"]
