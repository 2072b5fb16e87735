"""The one seam between work and those who do it: chunks go out, answers come back in order, as they are needed.

Here, in processes of this machine, or on a cluster: whoever can `submit` a function with one argument, and hands back
a future with `result` and `cancel`, can do the work. The numbers do not depend on who does it.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context, parent_process
from typing import Any, Protocol, TypeVar

from pkpd import compile_cache
from pkpd.errors import ParameterError, SolverError
from pkpd.options import check_workers

__all__ = ["Distribute", "distributed", "in_order", "threaded"]

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Distribute(Protocol):
    """A `map` that yields the answers in order, and holds few items and answers at a time."""

    def __call__(self, work: Callable[[Item], Answer], items: Iterable[Item]) -> Iterator[Answer]:
        """Yield ``work(item)`` of each item; `work` stands at the top of a module."""


@contextmanager
def distributed(*, workers: int | None = None, cluster: str | None = None) -> Iterator[Distribute]:
    """Open what does the work, and close it at the end.

    Parameters
    ----------
    workers : int, optional
        Processes on this machine; 1 works in this process.
    cluster : str, optional
        Address of a Dask scheduler, in place of `workers`.

    Yields
    ------
    Distribute

    Raises
    ------
    ParameterError
        If both are given, the number is not possible, or the cluster cannot be used.
    """
    count = check_workers(workers)
    if cluster is None:
        if count == 1:
            yield _here
            return
        with _process_pool(count) as run:
            yield run
        return
    if workers is not None:
        raise ParameterError(
            f"cluster: '{cluster}' and workers={workers} are both given; expected one of them, as the cluster has "
            "workers of its own. Leave workers out."
        )
    from pkpd.cluster import cluster_run

    with cluster_run(cluster) as run:
        yield run


@contextmanager
def threaded(threads: int) -> Iterator[Distribute]:
    """Threads of this process: for work that releases the interpreter lock, and data too large to send about."""
    with ThreadPoolExecutor(threads) as pool:
        yield lambda work, items: in_order(pool.submit, lambda: threads, work, items)


def _here(work: Callable[[Item], Answer], items: Iterable[Item]) -> Iterator[Answer]:
    return map(work, items)


def in_order(
    submit: Callable[[Callable[[Item], Answer], Item], Any],
    width: Callable[[], int],
    work: Callable[[Item], Answer],
    items: Iterable[Item],
) -> Iterator[Answer]:
    """Yield answers in the order of the items, with two items a worker on their way and no more."""
    waiting: deque[Any] = deque()
    queue = iter(items)
    try:
        while True:
            for item in islice(queue, max(0, 2 * width() - len(waiting))):
                waiting.append(submit(work, item))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


@contextmanager
def _process_pool(workers: int) -> Iterator[Distribute]:
    compile_cache.announce_if_cold()
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin_worker, initargs=(workers,))

    def run(work: Callable[[Item], Answer], items: Iterable[Item]) -> Iterator[Answer]:
        try:
            yield from in_order(pool.submit, lambda: workers, work, items)
        except BrokenProcessPool:
            raise SolverError(
                "workers: a process ended before its rows were done; expected it to live through the run. It may have "
                "run out of memory, or the program that started it lacks `if __name__ == '__main__':`. Try workers=1."
            ) from None

    try:
        yield run
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin_worker(workers: int) -> None:
    """A process of the pool takes its part of the threads, leaves Ctrl-C to the first process, and ends with it."""
    from pkpd.engine.parallel import thread_count

    os.environ["PKPD_THREADS"] = str(max(1, thread_count() // workers))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when its parent does: a parent that is killed cannot tell its workers."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
