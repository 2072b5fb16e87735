"""The progress bar on stderr: on a terminal by default, and never in a file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(
    total: int, unit: str, progress: bool | None, *, done: int = 0, fewest: int = 0
) -> Iterator[Callable[[int], object]]:
    """Show a progress bar, and give the function that moves it.

    Parameters
    ----------
    total : int
        How many there are.
    unit : str
        What they are.
    progress : bool or None
        Whether to show it; by default on a terminal, where there are more than `fewest`.
    done : int
        How many are done already.
    fewest : int
    """
    if not (sys.stderr.isatty() and total > fewest if progress is None else progress):
        yield lambda n: None
        return
    from tqdm import tqdm

    with tqdm(total=total, initial=done, unit=f" {unit}", file=sys.stderr, dynamic_ncols=True) as bar:
        yield bar.update
