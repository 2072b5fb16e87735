"""What stands behind the options of `pkpd fit`: lists of numbers, limits, columns and kinds of observation."""

from __future__ import annotations

import math
from typing import Any

from pkpd.cli.shared import pairs
from pkpd.errors import ParameterError

__all__ = ["fixed_values", "kinds", "limits", "numbers", "numbers_or_one"]


def _number(text: str, option: str, name: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise ParameterError(
            f"{option}: {name} is '{text}'; expected a number, such as {name}=1.5. Correct it (decimal point, no unit)."
        )
    return found


def numbers(given: str | None, option: str) -> dict[str, float] | None:
    """``CL=3,V1=30`` as numbers; None where nothing is given."""
    return {name: _number(text, option, name) for name, text in pairs(given, option).items()} or None


def numbers_or_one(given: str | None, option: str) -> float | dict[str, float] | None:
    """``0.02``, or ``additive=0.01,proportional=0.02``."""
    if given is None or "=" in given:
        return numbers(given, option)
    return _number(given.strip(), option, "the value")


def fixed_values(given: str | None, option: str) -> dict[str, Any] | None:
    """``F1=0.8,KA=KACOL``: numbers, and names of columns."""
    found: dict[str, Any] = {}
    for name, text in pairs(given, option).items():
        try:
            found[name] = float(text)
        except ValueError:
            found[name] = text
    return found or None


def limits(given: str | None, option: str) -> dict[str, tuple[float | None, float | None]] | None:
    """``KA=0.1:10,V1=3:``: a lower and an upper limit, either of which may be missing."""
    found: dict[str, tuple[float | None, float | None]] = {}
    for name, text in pairs(given, option).items():
        low, colon, high = (part.strip() for part in text.partition(":"))
        if not colon:
            raise ParameterError(
                f"{option}: {name} is '{text}'; expected two numbers with a colon, such as {name}=0.1:10 (either end "
                "may be empty). Correct it."
            )
        ends = [_number(end, option, name) if end else None for end in (low, high)]
        found[name] = (ends[0], ends[1])
    return found or None


def kinds(given: str | None, option: str) -> Any:
    """``1``, ``1,2`` or ``1=plasma,2=hydroxymidazolam``; numbers as numbers."""
    if given is None:
        return None
    if "=" in given:
        return {_kind(name): text for name, text in pairs(given, option).items()}
    words = [_kind(word.strip()) for word in given.split(",") if word.strip()]
    if not words:
        raise ParameterError(f"{option}: '{given}' names no kind of observation; expected one such as 1. Correct it.")
    return words[0] if len(words) == 1 else words


def _kind(text: str) -> Any:
    try:
        value = float(text)
    except ValueError:
        return text
    return int(value) if value == int(value) else value
