"""Reads the phrases of an order: the drug, numbers, units, times, doses and rates, each with its own sentences.

It knows how a single phrase is written; which phrases make up an order is known by `pkpd.regimen.parser`. Of a
drug it needs what a catalogue says of it: its name, its routes, and whether it is ordered in phenytoin equivalents.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, NoReturn, Protocol

from pkpd.library.routes import ROUTES
from pkpd.regimen.words import CLAUSES, MASSES, PER, RATE_TIMES, TIMES, Token, fail, lex, nearest

__all__ = ["Catalogue", "DrugFacts", "Library", "PhraseReader", "Quantity", "listed"]

_NOT_UNITS = {*CLAUSES, *ROUTES, "x"}
_LARGEST = 1e100  # leaves room for every change of unit


class DrugFacts(Protocol):
    """What the language needs to know of a drug: its routes by word, and ``"PE"`` or ``""``."""

    @property
    def routes(self) -> Mapping[str, Any]:
        """The routes that the library can compute."""

    @property
    def dose_unit(self) -> str:
        """``"PE"`` if the drug is ordered in phenytoin equivalents."""


Catalogue = Mapping[str, DrugFacts]


class Library(Mapping[str, DrugFacts]):
    """The drug files of the package; a file is read when an order names its drug."""

    def __getitem__(self, name: str) -> DrugFacts:
        from pkpd.library.catalogue import list_drugs, load_drug

        if name not in list_drugs():
            raise KeyError(name)
        return load_drug(name)

    def __iter__(self) -> Iterator[str]:
        from pkpd.library.catalogue import list_drugs

        return iter(list_drugs())

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Quantity(NamedTuple):
    """A mass (mg) or a mass per time (mg/h), what it is per, and where it stands in the order."""

    value: float
    per: str
    pe: bool
    is_rate: bool
    start: int
    end: int


def listed(words: Iterable[str]) -> str:
    """Words with commas between them."""
    return ", ".join(words)


class PhraseReader:
    """A cursor over the tokens of one order; made, it has read the drug."""

    def __init__(self, order: str, index: int, drugs: Catalogue) -> None:
        self.order, self.index, self.drugs = order, index, drugs
        self.drug, self.facts, end = self._read_drug()
        self.tokens = lex(order, end)
        self.position = 0

    # -- words -----------------------------------------------------------------------------------------------------

    def fail(self, token: Token | Quantity | tuple[int, int], wrong: str, expected: str) -> NoReturn:
        """Raise the RegimenError of this order with the carets under `token`."""
        span = (token.start, token.end) if isinstance(token, Token | Quantity) else token
        fail(self.order, self.index, span, wrong, expected)

    def typed(self, token: Token | Quantity) -> str:
        """The words as the user typed them, in quotes."""
        return f"'{self.order[token.start : token.end]}'" if token.end > token.start else "the end of the order"

    def peek(self) -> Token:
        """The next token."""
        return self.tokens[self.position]

    def take(self) -> Token:
        """The next token, and go on to the one after it; the end of the order is never passed."""
        token = self.tokens[self.position]
        self.position += token.kind != "end"
        return token

    def _read_drug(self) -> tuple[str, DrugFacts, int]:
        """The drug is the first word; several words up to the first number are only read to name them in an error."""
        first = self.order.split(None, 1)[0]
        name, end = first.lower(), len(first)
        facts = self.drugs.get(name)
        if facts is not None:
            return name, facts, end
        if re.match(r"[+\-−.]?[0-9]", name):
            expected = "Expected DRUG DOSE [ROUTE], such as 'lorazepam 4 mg iv'."
            self.fail((0, end), f"'{first}' stands where the drug should", expected)
        longer = re.match(r"\S+(?:\s+[^\W\d_][^\s\d]*)*(?=\s+[+\-−.]?[0-9])", self.order)
        end = longer.end() if longer else end
        name = self.order[:end]
        hint = nearest(name.lower(), self.drugs) or nearest(first.lower(), self.drugs)
        self.fail((0, end), f"'{name}' is not a known drug", f"Expected one of {listed(sorted(self.drugs))}.{hint}")

    # -- numbers and units -----------------------------------------------------------------------------------------

    def number(self, what: str, example: str) -> tuple[float, Token]:
        """Read a number that is finite and not negative; `what` and `example` say what was expected."""
        token = self.take()
        if token.kind == "number" and token.text[0] not in "-−":
            try:
                value = float(token.text)
            except ValueError:
                self._refuse_number(token, what, example)
            if value <= _LARGEST:
                return value, token
        self._refuse_number(token, what, example)

    def _refuse_number(self, token: Token, what: str, example: str) -> NoReturn:
        typed, text = self.typed(token), token.text.replace("−", "-")
        expected = f"Expected {what}, such as '{example}'."
        if token.kind != "number":
            self.fail(token, f"{typed} stands where a number should", expected)
        if "," in text:
            self._refuse_comma(token, text)
        if text.count(".") > 1:
            self.fail(token, f"{typed} is not a number", f"{expected} Write one decimal point.")
        if text.startswith("-"):
            self.fail(token, f"{typed} is negative", f"{expected} Give a number that is not negative.")
        self.fail(token, f"{typed} is too large", expected)

    def _refuse_comma(self, token: Token, text: str) -> NoReturn:
        plain = text.rstrip(",")
        plain = f"0{plain}" if plain.startswith(",") else plain
        wrong = "has a comma"
        hint = f"Write '{plain.replace(',', '.')}'."
        if re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", plain):
            hint = f"Write '{plain.replace(',', '')}', or '{plain.replace(',', '.', 1)}' if a decimal was meant."
        elif text == plain:
            wrong = "has a decimal comma"
        self.fail(
            token, f"{self.typed(token)} {wrong}", f"Expected a decimal point, and no sign between thousands. {hint}"
        )

    def unit(self, known: Collection[str], kind: str, number: Token, example: str) -> Token:
        """Read a unit word after `number`; its absence and an unknown one have different sentences."""
        token = self.take()
        if token.text in known:
            return token
        shown = listed(word for word in known if word.isascii())
        if token.kind == "word" and token.text not in _NOT_UNITS:
            glued = token.text.removesuffix("pe")
            hint = f" Write '{glued} PE'." if glued != token.text and glued in known else nearest(token.text, known)
            self.fail(token, f"{self.typed(token)} is not a unit of {kind}", f"Expected one of {shown}.{hint}")
        self.fail(number, f"{self.typed(number)} has no unit", f"Expected a {kind}, such as '{example}' ({shown}).")

    def time(self, clause: Token, example: str, *, zero: bool = False) -> float:
        """Read a duration or a time in hours; a bare 0 needs no unit, and where `zero` is false 0 is refused."""
        value, number = self.number("a time with its unit", example)
        following = self.peek()
        bare = following.kind != "word" or following.text in _NOT_UNITS
        unit = "h" if value == 0 and bare else self.unit(TIMES, "time", number, example).text
        if value == 0 and not zero:
            self.fail(number, f"'{clause.text}' has zero length", f"Expected a time above 0, such as '{example}'.")
        return TIMES[unit].canonical(value)

    def quantity(self, what: str, example: str) -> Quantity:
        """Read a mass or a mass per time: MASS [PE] [/kg or /m2] [PE] [/min or /h] [PE]."""
        value, number = self.number(what, example)
        mass = self.unit(MASSES, "mass", number, example)
        per, pe, timed, end = "", False, "", mass.end
        while True:
            token = self.peek()
            if token.text == "pe" and not pe:
                pe = True
            elif token.text == "/":
                self.take()
                token = self.peek()
                if token.text in PER and not per and not timed:
                    per = PER[token.text]
                elif token.text in RATE_TIMES and not timed:
                    timed = token.text
                else:
                    self._refuse_divisor(token, f"{mass.text}{' PE' if pe else ''}", per, timed)
            else:
                break
            end = self.take().end
        scale = MASSES[mass.text].per(TIMES[timed]) if timed else MASSES[mass.text]
        quantity = Quantity(scale.canonical(value), per, pe, bool(timed), number.start, end)
        self._check_pe(quantity, mass)
        return quantity

    def _refuse_divisor(self, token: Token, mass: str, per: str, timed: str) -> NoReturn:
        slash = self.tokens[self.position - 1]
        span = (slash.start, token.end if token.kind == "word" else slash.end)
        word = self.order[span[0] : span[1]]
        if token.text in PER and timed and not per:
            right = f"{mass}/{PER[token.text]}/{timed}"
            self.fail(span, f"'{word}' stands after the time", f"Expected the time last. Write '{right}'.")
        if token.text in PER or token.text in RATE_TIMES:
            wrong = f"'{word}' is one division too many"
            self.fail(span, wrong, "Expected at most '/kg' or '/m2', then '/min' or '/h'.")
        known = () if timed else RATE_TIMES if per else ("kg", "m2", *RATE_TIMES)
        expected = f"Expected {' or '.join(f'/{unit}' for unit in known) or 'nothing more'} after '{mass}'."
        self.fail(span, f"'{word}' is not known in a dose or a rate", expected + nearest(token.text, known))

    def _check_pe(self, quantity: Quantity, mass: Token) -> None:
        """A drug ordered in phenytoin equivalents needs PE on every mass; the others refuse it."""
        if quantity.pe == (self.facts.dose_unit == "PE"):
            return
        typed = self.typed(quantity)
        if quantity.pe:
            plain = re.sub(r"\s*\bpe\b", "", typed, flags=re.IGNORECASE)
            self.fail(quantity, f"'{self.drug}' is not ordered in PE", f"Expected a plain mass. Write {plain}.")
        wrong = f"{typed} has no PE, and '{self.drug}' is ordered in phenytoin equivalents"
        right = f"{self.order[quantity.start : mass.end]} PE{self.order[mass.end : quantity.end]}"
        self.fail(quantity, wrong, f"Expected PE after the mass. Write '{right}'.")
