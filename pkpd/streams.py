"""Random streams: one for each (seed, subject, purpose), and nothing else.

A number drawn here depends on these three alone, never on the worker, the chunk or the order in which subjects are
visited. What is drawn for one purpose cannot move what is drawn for another.
"""

from __future__ import annotations

import operator
from zlib import crc32

from numpy.random import Generator, Philox, SeedSequence

from pkpd.errors import ParameterError

__all__ = ["seed_number", "stream"]

_LARGEST_SEED = 2**63 - 1


def seed_number(seed: int | None, where: str = "seed") -> int:
    """Return the seed as a whole number; None means 0.

    Parameters
    ----------
    seed : int or None
        Any whole number from 0 to 2**63 - 1.
    where : str
        Name of the argument or column, for the error.

    Returns
    -------
    int

    Raises
    ------
    ParameterError
        If it is not a whole number in that range.
    """
    if seed is None:
        return 0
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if isinstance(seed, bool) or not 0 <= number <= _LARGEST_SEED:
        raise ParameterError(
            f"{where}: {seed!r} cannot seed the random numbers; expected a whole number from 0 to 2**63 - 1. "
            "Write one such as 1, or leave it out for 0."
        )
    return number


def stream(seed: int, subject: int, purpose: str) -> Generator:
    """Random generator of one subject for one purpose.

    Parameters
    ----------
    seed : int
        Seed of the population, 0 or more.
    subject : int
        Index of the subject within the population, from 0.
    purpose : str
        What is drawn, such as ``"weight_kg"`` or ``"eta lorazepam CL"``.

    Returns
    -------
    numpy.random.Generator
        A Philox generator at the start of its stream.

    Notes
    -----
    The three are hashed together by `numpy.random.SeedSequence`, whose algorithm numpy keeps fixed.
    """
    return Generator(Philox(SeedSequence([seed, subject, crc32(purpose.encode())])))
