"""Where compiled machine code is kept between runs; knows folders and nothing about the code in them.

numba reads its cache folder once, when it is imported, so `prepare()` has to run before the first
`import numba`. The folder is `PKPD_CACHE_DIR` if that is set and writable, else the user's cache
folder, else a temporary one.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
import zlib
from multiprocessing import parent_process
from pathlib import Path
from typing import Any

from pkpd.errors import PkpdWarning

__all__ = ["announce_compiling", "announce_if_cold", "cache_folder", "prepare"]

_said = False


def user_cache_folder() -> Path | None:
    """The folder of this user's caches (not created), or None where the user has no home."""
    stated = os.environ.get("XDG_CACHE_HOME", "")
    if stated and Path(stated).is_absolute():
        return Path(stated) / "pkpd"
    if sys.platform == "win32" and os.environ.get("LOCALAPPDATA"):
        return Path(os.environ["LOCALAPPDATA"]) / "pkpd"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home / ".cache" / "pkpd"


def is_writable_folder(folder: Path) -> bool:
    """True when `folder` exists (it is made if missing) and a file can be written into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # os.access() says yes on read-only mounts and to root, so really write something.
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def cache_folder() -> Path:
    """The folder for compiled code: `PKPD_CACHE_DIR`, else the user's cache folder, else a temporary one.

    Returns
    -------
    pathlib.Path
        An existing, writable folder.

    Warns
    -----
    PkpdWarning
        If `PKPD_CACHE_DIR` is set but cannot be written; the next folder is used then.
    """
    stated = os.environ.get("PKPD_CACHE_DIR", "")
    if stated:
        if is_writable_folder(Path(stated)):
            return Path(stated).resolve()
        warnings.warn(
            f"PKPD_CACHE_DIR: '{stated}' cannot be written; compiled code is kept elsewhere. "
            "Set it to a folder you can write to.",
            PkpdWarning,
            stacklevel=2,
        )
    own = user_cache_folder()
    if own is not None and is_writable_folder(own):
        return own
    # One folder a user, not one a process: workers and later runs find the compiled code again.
    shared = Path(tempfile.gettempdir()) / f"pkpd-cache-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
    if is_writable_folder(shared) and is_owned_by_me(shared):
        return shared
    return Path(tempfile.mkdtemp(prefix="pkpd-cache-"))


def is_owned_by_me(folder: Path) -> bool:
    """False when somebody else made `folder` (a shared temporary folder must not feed us their code)."""
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()


def _fingerprint() -> str:
    """A name for the state of the compiled sources.

    numba looks only at the file of the function it loads, not at the files of those that were compiled into it; a
    folder of its own for each state of the sources keeps an edited kernel from being mixed with an older one.
    """
    here = Path(__file__).parent
    sources = sorted([*here.glob("engine/*.py"), *here.glob("models/*.py")])
    state = "".join(f"{path.name}{(stat := path.stat()).st_mtime_ns}{stat.st_size}" for path in sources)
    return f"{zlib.crc32(state.encode()):08x}"


def prepare() -> Path:
    """Point numba's cache at the right folder; call it before numba is imported.

    A `NUMBA_CACHE_DIR` that the user set is left alone unless `PKPD_CACHE_DIR` is set too.
    Worker processes inherit the setting.

    Returns
    -------
    pathlib.Path
        The folder in force.
    """
    if os.environ.get("NUMBA_CACHE_DIR") and not os.environ.get("PKPD_CACHE_DIR"):
        return Path(os.environ["NUMBA_CACHE_DIR"])
    folder = cache_folder() / _fingerprint()
    os.environ["NUMBA_CACHE_DIR"] = str(folder)
    if "numba" in sys.modules:
        # Somebody imported numba first: its settings object is the only place it still looks at.
        sys.modules["numba"].config.CACHE_DIR = str(folder)
    return folder


def announce_compiling() -> None:
    """Say on stderr, once, when this process begins to compile; call it after `prepare` and before kernels run.

    Worker processes keep silent: the process that starts them speaks for them (`announce_if_cold`).
    """
    if parent_process() is not None:
        return
    try:
        from numba.core import event
    except ImportError:  # a numba without events compiles as well, only silently
        return

    class Announce(event.Listener):  # type: ignore[misc,unused-ignore]
        """Told when numba begins and ends to compile what its cache does not have."""

        def on_start(self, event: Any) -> None:
            if event.data["dispatcher"].py_func.__module__.startswith("pkpd."):
                _say()

        def on_end(self, event: Any) -> None:
            pass

    event.register("numba:compile", Announce())


def announce_if_cold() -> None:
    """Say on stderr, once, that workers are going to compile, if nothing is compiled yet."""
    if not any(prepare().rglob("*.nbi")):
        _say()


def _say() -> None:
    global _said
    if not _said:
        _said = True
        # A plain line, not a warning: nothing is wrong. Whoever waits for the first result is to know why, and whoever
        # has waited once is not to be told "once" again: each verb compiles what only it needs when it first runs.
        folder = os.environ.get("NUMBA_CACHE_DIR", "")
        if any(Path(folder).rglob("*.nbi")):
            said = "compiling a part of the engine that was not used before; it takes some seconds, once,"
        else:
            said = "compiling the engine for the first use of this version; it takes a minute or two, once,"
        sys.stderr.write(f"pkpd: {said} and is kept in {folder}\n")
