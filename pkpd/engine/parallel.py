"""Threads over ranges of problems. Kernels release the interpreter lock and each problem is solved alone, so the
numbers do not depend on how the range is cut."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

__all__ = ["in_chunks", "thread_count"]

#: Below this many problems a second thread costs more than it brings.
SMALLEST_CHUNK = 64


def thread_count() -> int:
    """Return the number of threads: PKPD_THREADS if set, else the processors that this process may use."""
    wanted = os.environ.get("PKPD_THREADS", "")
    if wanted.isdigit() and int(wanted) > 0:
        return int(wanted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_chunks(n: int, work: Callable[[int, int], object], threads: int | None = None) -> None:
    """Call ``work(low, high)`` on ranges that cover ``range(n)``, on up to `threads` threads."""
    threads = min(threads or thread_count(), max(1, n // SMALLEST_CHUNK))
    if threads <= 1:
        work(0, n)
        return
    bounds = [n * i // threads for i in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        for job in [pool.submit(work, low, high) for low, high in zip(bounds[:-1], bounds[1:], strict=True)]:
            job.result()
