"""The words of the regimen language: tokens with their place in the text, scales of its units, numbers as text.

It knows which masses, times, routes and clause words exist and how to cut an order into them; it does not know what
an order means, nor any drug.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple, NoReturn

from pkpd.errors import RegimenError, did_you_mean
from pkpd.unit_table import OTHER_SPELLINGS
from pkpd.units import parse_unit

__all__ = [
    "CLAUSES",
    "MASSES",
    "PER",
    "RATE_TIMES",
    "SAID_OTHERWISE",
    "TIMES",
    "Scale",
    "Token",
    "amount_text",
    "fail",
    "lex",
    "nearest",
    "time_text",
]


class Scale(NamedTuple):
    """A unit as a quotient: canonical value = number * above / below, which keeps 7 min the float nearest to 7/60."""

    above: float
    below: float

    def canonical(self, number: float) -> float:
        """Value in mg, hours or mg/h of so many of this unit."""
        return number * self.above / self.below

    def per(self, time: Scale) -> Scale:
        """This mass per that time."""
        return Scale(self.above * time.below, self.below * time.above)


def _scale(word: str) -> Scale:
    unit = parse_unit(word)
    return Scale(unit.numerator, unit.denominator)


MASSES = {word: _scale(word) for word in ("g", "mg", "mcg", "ug", "ng")}
MASSES |= {"\u00b5g": MASSES["ug"], "\u03bcg": MASSES["ug"]}  # the micro sign and the Greek letter, which look alike
TIMES = {word: _scale(word) for word in ("s", "min", "h", "d")}
RATE_TIMES = ("min", "h")
PER = {"kg": "kg", "m2": "m2", "m²": "m2"}
CLAUSES = ("over", "rate", "for", "max", "at", "from", "every", "if", "when")

# What people write instead; only ever offered as a hint, never read as the word itself.
_OTHER_SPELLINGS = {
    **OTHER_SPELLINGS,
    "intravenous": "iv", "intravenously": "iv", "oral": "po", "orally": "po", "intramuscular": "im",
    "intranasal": "in", "nasal": "in", "rectal": "pr", "rectally": "pr", "sublingual": "sl", "subcutaneous": "sc",
    "sq": "sc", "bucc": "buccal", "day": "d", "bw": "kg", "q": "every",
    "during": "over", "after": "at", "start": "at", "starting": "from", "maximum": "max", "cap": "max",
    "times": "x", "seizure": "seizing", "seizures": "seizing", "status": "seizing",
}  # fmt: skip
#: How this language says what has no single word in it; for hints behind a complete dose.
SAID_OTHERWISE = {
    "kg": "Write '/kg' behind the mass, as in '0.1 mg/kg'.", "per": "Write '/kg' behind the mass, as in '0.1 mg/kg'.",
    "daily": "Write 'every 24 h x N'.", "od": "Write 'every 24 h x N'.", "qd": "Write 'every 24 h x N'.",
    "bid": "Write 'every 12 h x N'.", "bd": "Write 'every 12 h x N'.", "tid": "Write 'every 8 h x N'.",
    "tds": "Write 'every 8 h x N'.", "qid": "Write 'every 6 h x N'.", "q": "Write 'every 12 h x N'.",
    "push": "Leave it out: a dose without 'over' or 'rate' is a bolus.",
    "bolus": "Leave it out: a dose without 'over' or 'rate' is a bolus.",
    "stat": "Leave it out: an order without 'at' is given at time 0.",
    "now": "Leave it out: an order without 'at' is given at time 0.",
    "until": "For how long an infusion runs, write 'for 72 h'.",
}  # fmt: skip

_TOKEN = re.compile(
    r"\s*(?:(?P<number>[+\-−]?(?:[0-9][0-9.,]*|[.,][0-9][0-9.,]*)(?:[eE][+\-]?[0-9]+)?)"
    r"|(?P<word>[mM]2\b|[^\W\d_]+(?:\.[^\W\d_]+)*\.?)|(?P<sign>\S))"
)


class Token(NamedTuple):
    """A number, a word in lower case or a sign, and where it stands in the order."""

    kind: str
    text: str
    start: int
    end: int


def lex(order: str, start: int) -> list[Token]:
    """Cut an order from position `start` on into tokens, closed by one of kind ``"end"``."""
    tokens = []
    for match in _TOKEN.finditer(order, start):
        kind = match.lastgroup or "sign"
        text = match[kind].lower()
        if text == "×":
            kind, text = "word", "x"
        tokens.append(Token(kind, text, *match.span(kind)))
    tokens.append(Token("end", "", len(order), len(order)))
    return tokens


def nearest(word: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the known word meant by another spelling or the nearest, or nothing."""
    known = tuple(known)
    other = _OTHER_SPELLINGS.get(word)
    return f" Did you mean '{other}'?" if other in known else did_you_mean(word, known)


def fail(order: str, index: int, span: tuple[int, int], wrong: str, expected: str) -> NoReturn:
    """Raise a RegimenError that shows order number `index` with a caret line under `span` (start, end).

    `expected` is everything below the carets: what the language wants there, and the hint.
    """
    start, end = span
    shown = re.sub(r"\s", " ", order)
    carets = " " * start + "^" * max(end - start, 1)
    raise RegimenError(f"regimen, order {index}: {wrong}\n  {shown}\n  {carets}\n{expected}")


def _number_text(value: float, scale: Scale) -> str | None:
    """Shortest number of this unit that is exactly `value` when it is read, if there is one."""
    number = value * scale.below / scale.above
    for digits in (6, 9, 12, 15, 17):
        text = f"{number:.{digits}g}"
        if scale.canonical(float(text)) == value:
            return text
    return None


def _shortest(value: float, choices: Sequence[tuple[str, Scale, int]]) -> str:
    """The shortest exact ``number unit`` among (unit, scale, handicap); the first unit is canonical, so one exists."""
    best, best_length = f"{value!r} {choices[0][0]}", 1000
    for unit, scale, handicap in choices:
        number = _number_text(value, scale)
        if number is None:
            continue
        length = len(number) + handicap + (6 if "e" in number else 0)  # 50 ng rather than 5e-05 mg
        if length < best_length:
            best, best_length = f"{number} {unit}", length
    return best


@lru_cache(maxsize=4096)
def time_text(hours: float) -> str:
    """A time as the language writes it, exact when it is read back: ``0.5`` gives ``'30 min'``."""
    if hours == 0:
        return "0"
    return _shortest(hours, [("h", TIMES["h"], 0), ("min", TIMES["min"], 0), ("s", TIMES["s"], 1)])


@lru_cache(maxsize=4096)
def amount_text(value: float, per: str, pe: bool, is_rate: bool) -> str:
    """A dose (`value` in mg) or a rate (`value` in mg/h) as the language writes it, exact when it is read back."""
    tail = (" PE" if pe else "") + (f"/{per}" if per else "")
    # The handicaps keep 0.05 mg from turning into 50 ug, which is shorter but not what anybody orders.
    masses = [("mg", MASSES["mg"], 0), ("ug", MASSES["ug"], 4), ("ng", MASSES["ng"], 4)]
    if not is_rate:
        return _shortest(value, [(f"{mass}{tail}", scale, handicap) for mass, scale, handicap in masses])
    slow = value < 600  # a slow rate is said per hour, a fast one per minute
    choices = [(f"{mass}{tail}/h", scale, handicap) for mass, scale, handicap in masses]
    choices += [(f"{mass}{tail}/min", scale.per(TIMES["min"]), handicap + slow) for mass, scale, handicap in masses]
    return _shortest(value, choices)
