"""Memory: how much of it is free, and the refusal of a file that would not fit before anything is read."""

from __future__ import annotations

import os
from pathlib import Path

from pkpd.errors import DataError

__all__ = ["free_memory", "refuse_too_large"]

#: Below this size no question is asked; bytes.
SMALL = 50_000_000
#: Memory at the peak of reading a data set over the size of its file, measured on files of 100 to 1000 MB.
TIMES_FILE = 6.0


def free_memory() -> int | None:
    """Return the bytes of memory that this process may still take; None where the system does not tell."""
    found = []
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                found.append(int(line.split()[1]) * 1024)
    except (OSError, ValueError):
        pass
    try:  # the limit of a container
        limit = Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii").strip()
        used = Path("/sys/fs/cgroup/memory.current").read_text(encoding="ascii").strip()
        if limit != "max":
            found.append(int(limit) - int(used))
    except (OSError, ValueError):
        pass
    if not found and hasattr(os, "sysconf") and "SC_AVPHYS_PAGES" in os.sysconf_names:
        found.append(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found) if found else None


def refuse_too_large(path: Path) -> None:
    """Refuse a data file whose reading takes more memory than there is.

    Raises
    ------
    DataError
        Saying how large the file is, what reading it takes, and what is free.
    OSError
        If the file is not there.
    """
    size = path.stat().st_size
    free = free_memory()
    if size <= SMALL or free is None or TIMES_FILE * size <= free:
        return
    raise DataError(
        f"{path}: the file has {size / 1e9:.2g} GB, reading it takes about {TIMES_FILE * size / 1e9:.2g} GB of memory, "
        f"and {free / 1e9:.2g} GB are free; expected a file that fits. Leave out columns that are not used, split the "
        "file by ID, or read it on a machine with more memory."
    )
