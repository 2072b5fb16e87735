"""One run a folder at a time: a lock file that says whose run it is, and that a killed run cannot leave locked."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pkpd.errors import ParameterError

__all__ = ["LOCK", "folder_lock"]

LOCK = ".pkpd-run"
#: The locked byte lies far behind the text, which others read while it is locked.
_FAR = 1 << 30


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Hold the folder for this run.

    Raises
    ------
    ParameterError
        If another run holds it, on this machine or on another one.

    Notes
    -----
    The operating system gives the lock back when its process ends, however it ends, so a lock file that a killed run
    of this machine left behind is taken over. Locks do not reach every other machine: a file that names one is
    believed, until somebody deletes it.
    """
    path = folder / LOCK
    handle = _acquire(folder, path)
    try:
        yield
    finally:
        if os.name != "nt":
            path.unlink(missing_ok=True)  # while it is locked, so that nobody locks a file that is about to go
        os.close(handle)
        if os.name == "nt":
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def _acquire(folder: Path, path: Path) -> int:
    """Open, lock and sign the lock file."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            state = _lock(handle)
            owner = _owner(handle)
            if state == "held" or (owner and (state == "unknown" or owner.get("host") != socket.gethostname())):
                raise _held(folder, owner)
            if _is_at(path, handle):
                os.ftruncate(handle, 0)
                os.lseek(handle, 0, os.SEEK_SET)
                os.write(handle, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}).encode())
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _is_at(path: Path, handle: int) -> bool:
    """False when the run before deleted the file between our opening and our locking it."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(handle))
    except FileNotFoundError:
        return False


def _lock(handle: int) -> str:
    """Lock the file: ``"ours"``, ``"held"`` by another process, or ``"unknown"`` to a file system without locks."""
    try:
        if os.name == "nt":
            import msvcrt

            os.lseek(handle, _FAR, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return "held" if error.errno in (errno.EAGAIN, errno.EACCES) else "unknown"
    return "ours"


def _owner(handle: int) -> dict[str, object]:
    os.lseek(handle, 0, os.SEEK_SET)
    try:
        found = json.loads(os.read(handle, 1000))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _held(folder: Path, owner: dict[str, object]) -> ParameterError:
    here = owner.get("host") == socket.gethostname()
    who = f"process {owner['pid']} on {owner['host']}" if {"pid", "host"} <= owner.keys() else "another process"
    return ParameterError(
        f"output folder '{folder}': another run is writing to it ({who}); expected one run a folder. "
        + (
            "Wait for it, or choose another folder."
            if here or not owner
            else f"Wait for it, or choose another folder; if that run is over, delete '{folder / LOCK}'."
        )
    )
