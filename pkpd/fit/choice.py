"""Which parameters are estimated, which are held and at what, where the estimates begin and where they must stay."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pkpd.errors import ParameterError, did_you_mean

__all__ = ["Choice", "Known", "choose"]


@dataclass(frozen=True)
class Known:
    """What the model says of its parameters.

    Attributes
    ----------
    names : tuple of str
        All of them.
    estimated : tuple of str
        What is estimated unless the user says otherwise.
    values : dict of str to float
        Typical values; a parameter without one must be estimated, or given.
    aliases : dict of str to str
        Other spellings, in upper case.
    listed : tuple of str
        Parameters whose typical value is worth listing where they are not estimated.
    auto : tuple of str
        Bioavailable fractions estimated by default, where a subject has doses by this way in and by another one.
    """

    names: tuple[str, ...]
    estimated: tuple[str, ...]
    values: Mapping[str, float]
    aliases: Mapping[str, str]
    listed: tuple[str, ...] = ()
    auto: tuple[str, ...] = ()

    def name(self, argument: str, typed: object) -> str:
        """Return the written spelling of a parameter.

        Raises
        ------
        ParameterError
            If the model has no such parameter.
        """
        word = str(typed).strip()
        upper = {name.upper(): name for name in self.names}
        found = upper.get(word.upper()) or self.aliases.get(word.upper())
        if found is None:
            listed = " ".join(self.names)
            raise ParameterError(
                f"{argument}: '{typed}' is not a parameter of this model; expected one of {listed}."
                f"{did_you_mean(word, self.names) or ' Choose one of these, or the model that has it.'}"
            )
        return found


@dataclass(frozen=True)
class Choice:
    """Parameters by what is done with them.

    Attributes
    ----------
    estimated : tuple of str
    fixed : dict of str to object
        Held: a number, a mapping from ID or the name of a column.
    start : dict of str to float
        Where the user begins; natural scale.
    bounds : dict of str to (float, float)
        Natural scale; 0 and infinity where there is none.
    shown : tuple of str
        Held parameters that the results list: somebody chose their value.
    defaults : frozenset of str
        Held parameters whose value is the model's.
    auto : tuple of str
        Estimated fractions that nobody asked for.
    """

    estimated: tuple[str, ...]
    fixed: Mapping[str, Any]
    start: Mapping[str, float]
    bounds: Mapping[str, tuple[float, float]]
    shown: tuple[str, ...] = ()
    defaults: frozenset[str] = frozenset()
    auto: tuple[str, ...] = ()


def choose(
    known: Known,
    *,
    vary: str | Collection[str] | None,
    start: Mapping[str, Any] | None,
    fixed: Mapping[str, Any] | None,
    bounds: Mapping[str, Any] | None,
) -> Choice:
    """Sort the parameters.

    Raises
    ------
    ParameterError
        If a name is unknown or stands in two places, a value cannot be, a parameter has no value, or bounds exclude
        the start.
    """
    held = {known.name("fixed", typed): value for typed, value in (fixed or {}).items()}
    begin = {known.name("start", typed): _positive("start", typed, value) for typed, value in (start or {}).items()}
    if vary is None:
        asked = [name for name in begin if name not in known.estimated]
        estimated = [name for name in (*known.estimated, *asked) if name not in held]
    else:
        words = vary.replace(",", " ").split() if isinstance(vary, str) else list(vary)
        estimated = list(dict.fromkeys(known.name("vary", typed) for typed in words))
    _check_estimated(known, estimated, held)
    shown = [*held, *(name for name in known.names if name in known.listed or name in begin)]
    defaults: set[str] = set()
    for name in known.names:
        if name not in estimated and name not in held:
            value = begin.get(name, known.values.get(name))
            if value is None:
                raise ParameterError(
                    f"vary: '{name}' is neither estimated nor given a value; expected one of the two. "
                    f"Add it to vary, or give fixed={{'{name}': ...}}."
                )
            held[name] = value
            defaults |= {name} - begin.keys()
    shown = [name for name in dict.fromkeys(shown) if name not in estimated]
    auto = tuple(name for name in known.auto if name in estimated and name not in begin and vary is None)
    limits = _bounds(known, bounds, estimated, begin)
    return Choice(tuple(estimated), held, begin, limits, tuple(shown), frozenset(defaults), auto)


def _check_estimated(known: Known, estimated: Collection[str], held: Collection[str]) -> None:
    """Refuse contradictions and a fit of nothing."""
    both = [name for name in estimated if name in held]
    if both:
        raise ParameterError(
            f"fixed: '{both[0]}' stands in vary too; expected it in one of them. Remove it from vary to hold it, "
            "or from fixed to estimate it."
        )
    if not estimated:
        raise ParameterError(
            f"vary: no parameter is left to estimate; expected at least one of {' '.join(known.names)}. "
            "Name one in vary, or use pkpd.predict."
        )


def _positive(argument: str, typed: object, value: Any) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = math.nan
    if isinstance(value, bool) or not 0.0 < found < math.inf:
        raise ParameterError(
            f"{argument}: {typed} is {value!r}; expected a finite number above 0, as parameters are estimated on the "
            f"log scale. Correct {typed}."
        )
    return found


def _bounds(
    known: Known, bounds: Mapping[str, Any] | None, estimated: Collection[str], start: Mapping[str, float]
) -> dict[str, tuple[float, float]]:
    found = {}
    for typed, pair in (bounds or {}).items():
        name = known.name("bounds", typed)
        try:
            low, high = pair
            low = 0.0 if low is None else float(low)
            high = math.inf if high is None else float(high)
        except (TypeError, ValueError):
            raise ParameterError(
                f"bounds: {typed} is {pair!r}; expected a pair (low, high), None for no bound. Correct {typed}."
            ) from None
        if not 0.0 <= low < high:
            raise ParameterError(f"bounds: {typed} is ({low:g}, {high:g}); expected 0 <= low < high. Correct {typed}.")
        if name not in estimated:
            raise ParameterError(
                f"bounds: '{typed}' is not estimated; expected one of {' '.join(estimated)}. Remove the bound, or add "
                f"'{typed}' to vary."
            )
        if name in start and not low <= start[name] <= high:
            raise ParameterError(
                f"bounds: {typed} ({low:g}, {high:g}) excludes its start {start[name]:g}; expected the start between "
                f"them. Widen the bounds, or change start['{typed}']."
            )
        found[name] = low, high
    return found
