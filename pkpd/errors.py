"""The errors and the warning of the package, and the nearest-name hint that their messages share.

Every message has four parts: where, what is wrong with the offending value, what was expected, what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = [
    "ConvergenceError",
    "DataError",
    "DrugFileError",
    "ParameterError",
    "PkpdError",
    "PkpdWarning",
    "RegimenError",
    "SolverError",
    "UnitError",
    "did_you_mean",
]


class PkpdError(Exception):
    """Base of all errors that the package raises on purpose."""


class UnitError(PkpdError, ValueError):
    """A unit is unknown, or has another dimension than the place needs."""


class ParameterError(PkpdError, ValueError):
    """A parameter, covariate or option has a value that cannot be."""


class DrugFileError(PkpdError, ValueError):
    """A drug, gene or interaction file is broken."""


class RegimenError(PkpdError, ValueError):
    """A regimen cannot be read or cannot be given to this patient."""


class DataError(PkpdError, ValueError):
    """A data set or a scenario table cannot be used as it stands."""


class SolverError(PkpdError, RuntimeError):
    """The equations have no answer, or none was reached."""


class ConvergenceError(PkpdError, RuntimeError):
    """An iteration did not reach its tolerance."""


class PkpdWarning(UserWarning):
    """Something that a user should know and that does not stop the work."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the known name nearest to `word`, or an empty string.

    What three letters or more begin (``"prop"``) is meant as well as what differs by a slip of the pen. The word
    itself is no suggestion.
    """
    lower = {name.lower(): name for name in known}
    said = word.strip().lower()
    nearest = get_close_matches(said, lower, n=1, cutoff=0.6)
    nearest = nearest or [name for name in lower if len(said) > 2 and name.startswith(said)]
    found = lower[nearest[0]] if nearest else word
    return "" if found == word else f" Did you mean '{found}'?"
