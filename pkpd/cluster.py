"""Work on an existing Dask cluster: connect, make sure that every worker is the same program, send chunks.

A worker that is lost loses nothing: its chunks go to the others. Results travel through the scheduler, so no folder
needs to be shared.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from pkpd.distribute import Distribute, in_order
from pkpd.errors import ParameterError, SolverError
from pkpd.identity import differences, identity

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["cluster_run"]

CONNECT_S = 10
WORKERS_S = 30
Item = TypeVar("Item")
Answer = TypeVar("Answer")


@contextmanager
def cluster_run(address: str) -> Iterator[Distribute]:
    """Connect to the scheduler at `address`, and yield the `map` that works there.

    Raises
    ------
    ParameterError
        If dask is not installed, there is no scheduler, it has no workers, or a worker is another program.
    """
    client = _connect(address)
    try:
        _wait_for_workers(client, address)
        _check_workers(client, address)

        import cloudpickle  # comes with dask

        def run(work: Callable[[Item], Answer], items: Iterable[Item]) -> Iterator[Answer]:
            here = identity()

            def submit(work: Callable[[Item], Answer], item: Item) -> Any:
                # Pickled here, because dask looks into tuples and lists for futures of its own; by dask's own pickler,
                # because a fit holds functions made for its model.
                return client.submit(_checked, here, cloudpickle.dumps((work, item)), pure=False)

            return _told_apart(in_order(submit, lambda: _width(client), work, items), address)

        yield run
    finally:
        client.close()


def _connect(address: str) -> Client:
    try:
        from distributed import Client
    except ImportError:
        raise ParameterError(
            f"cluster: '{address}' needs the packages dask and distributed, which are missing; expected them here and "
            "on each worker. Install pkpd[cluster], or leave cluster out."
        ) from None
    try:
        return Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        why = " ".join(str(error).split())[:200]
        raise ParameterError(
            f"cluster: there is no Dask scheduler at '{address}' ({why or type(error).__name__}); expected an address "
            "such as tcp://192.168.1.10:8786. Start one with `dask scheduler`, which prints its address."
        ) from None


def _wait_for_workers(client: Client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=WORKERS_S)
    except TimeoutError:
        raise ParameterError(
            f"cluster: the scheduler at '{address}' has no workers; expected at least one within {WORKERS_S} s. Start "
            f"some with `dask worker {address} --nworkers N --nthreads 1`."
        ) from None


def _check_workers(client: Client, address: str) -> None:
    """Refuse workers that are another program, before any work is sent."""
    for worker, theirs in client.run(identity, on_error="return").items():
        if isinstance(theirs, BaseException):
            raise ParameterError(
                f"cluster: the worker {worker} cannot load pkpd ({type(theirs).__name__}: {theirs}); expected the same "
                f"pkpd as here, {identity()['pkpd']}. Install it in the worker's environment and restart the worker."
            )
        _refuse_other(differences(theirs, identity()), f"the worker {worker}")


def _refuse_other(found: list[str], worker: str) -> None:
    if found:
        raise ParameterError(
            f"cluster: {worker} is not the same program: {'; '.join(found[:5])}; expected the same on every worker, or "
            "the numbers would differ. Install the same versions there and restart the worker."
        )


def _checked(client_identity: Mapping[str, Any], pickled: bytes) -> Any:
    """Run one chunk on a worker; one that joined later is checked here."""
    _refuse_other(differences(identity(), client_identity), "a worker that joined")
    work, item = pickle.loads(pickled)
    return work(item)


def _width(client: Client) -> int:
    """Threads of all workers that are there now."""
    return max(1, sum(client.nthreads().values()))


def _told_apart(answers: Iterator[Answer], address: str) -> Iterator[Answer]:
    """Failures of the cluster as sentences; what a chunk raised itself comes through."""
    from distributed import CancelledError, KilledWorker
    from distributed.comm import CommClosedError

    try:
        yield from answers
    except KilledWorker as error:
        raise SolverError(
            f"cluster: workers ended again and again while they had one chunk ({error}); expected them to live through "
            "it. They may have run out of memory: start them with a larger --memory-limit."
        ) from None
    except (CommClosedError, CancelledError, TimeoutError) as error:
        raise SolverError(
            f"cluster: the connection to the scheduler at '{address}' was lost ({type(error).__name__}); expected it "
            "to live through the run. Start it again; a run into a folder goes on with resume."
        ) from None
