"""Peak memory of a command and of the processes it starts."""

from __future__ import annotations

import os
import resource
import subprocess
import threading
import time
from pathlib import Path

POLL_SECONDS = 0.02


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process and its children, as Linux reports it; 0 once it has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = [
            int(word) for path in Path(f"/proc/{pid}/task").glob("*/children") for word in path.read_text().split()
        ]
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(resident_bytes(child) for child in children)


def run(command: list[str], **options: object) -> tuple[float, float, subprocess.CompletedProcess[str]]:
    """Run a command and wait for it.

    Returns
    -------
    seconds : float
        Wall time.
    megabytes : float
        Largest sum of resident memory over the process and its children (pages that are shared count once for each).
        Where the system does not tell, the peak of the largest single process.
    done : subprocess.CompletedProcess
    """
    peak = 0
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload]
    finished = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not finished.wait(POLL_SECONDS):
            peak = max(peak, resident_bytes(process.pid))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    out, err = process.communicate()
    seconds = time.perf_counter() - start
    finished.set()
    watcher.join()
    if not peak:
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    return seconds, peak / 1e6, subprocess.CompletedProcess(command, process.returncode, out, err)
