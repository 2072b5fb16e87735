"""Reads one order of a regimen (``lorazepam 0.1 mg/kg iv max 4 mg at 5 min``) into the fields of a `Dose`.

It knows which clauses there are, what they take, and which of them go together; what a route or a drug is able to
do it asks the catalogue.
"""

from __future__ import annotations

from typing import Any, NoReturn

from pkpd.library.routes import ROUTES
from pkpd.regimen.phrases import Catalogue, PhraseReader, listed
from pkpd.regimen.words import CLAUSES, SAID_OTHERWISE, Token, nearest

__all__ = ["read_order"]


class _OrderReader(PhraseReader):
    """A cursor over one order, and the fields and clauses read so far."""

    def __init__(self, order: str, index: int, drugs: Catalogue) -> None:
        super().__init__(order, index, drugs)
        self.fields: dict[str, Any] = {}
        self.clauses: dict[str, Token] = {}  # name of the clause -> the word that began it
        self.route_typed = False

    def read(self) -> dict[str, Any]:
        """Read the whole order; the fields are those of `read_order`."""
        dose = self.quantity("a dose after the drug", "4 mg")
        route = self.route()
        kind = "infusion" if dose.is_rate else "dose"
        self.fields |= {"index": self.index, "drug": self.drug, "route": route.text, "kind": kind}
        self.fields |= {"amount": dose.value, "per": dose.per, "pe": dose.pe, "text": self.order}
        if dose.is_rate and route.text != "iv":
            self.fail(route, f"an infusion cannot run {self.typed(route)}", "Expected route iv for a mass per time.")
        while self.peek().kind != "end":
            self.clause(self.take())
        self.check_clauses(kind, route)
        return self.fields

    def route(self) -> Token:
        """Read the route if one is typed, and refuse one that the library cannot compute."""
        token = self.peek()
        if token.kind == "word" and token.text in ROUTES:
            self.take()
            self.route_typed = True
        else:
            token = Token("word", "iv", 0, len(self.drug))
        if token.text not in self.facts.routes:
            exist = [route for route in ROUTES if route in self.facts.routes]
            wrong = f"the library has no absorption rate for '{self.drug}' by route '{token.text}'"
            expected = f"Expected route {' or '.join(exist)}. `pkpd drugs {self.drug}` lists the routes."
            self.fail(token, wrong, expected)
        return token

    def clause(self, word: Token) -> None:
        """Read one clause, `word` being its first word."""
        readers = {"every": self._every, "if": self._condition, "when": self._condition, "max": self._max}
        if word.kind != "word" or word.text not in CLAUSES:
            self._refuse_word(word)
        if word.text in readers:
            readers[word.text](word)
        elif word.text == "rate":
            rate = self.quantity("a rate", "2 mg/min")
            if not rate.is_rate:
                self.fail(rate, f"{self.typed(rate)} is not a rate", "Expected a mass per time, such as '2 mg/min'.")
            if rate.value == 0:
                self.fail(rate, f"the rate {self.typed(rate)} is zero", "Expected a rate above 0, such as '2 mg/min'.")
            self.note("rate", word, rate=rate.value, rate_per=rate.per)
        else:
            name = "at" if word.text == "from" else word.text
            example = "24 h" if name == "for" else "5 min"
            self.note(name, word, **{f"{name}_h": self.time(word, example, zero=name == "at")})

    def note(self, name: str, word: Token, **fields: Any) -> None:
        """Take the fields of a clause; a clause given twice is refused."""
        if name in self.clauses:
            first = self.clauses[name]
            same = "" if first.text == word.text else f", as '{first.text}' and '{word.text}'"
            wrong = f"the clause '{name}' is given twice{same}"
            self.fail(word, wrong, "Expected each clause at most once. Remove one.")
        self.clauses[name] = word
        self.fields |= fields

    def _every(self, word: Token) -> None:
        interval = self.time(word, "12 h")
        token = self.take()
        if token.text != "x":
            wrong = f"{self.typed(token)} stands where the number of doses should"
            self.fail(token, wrong, "Expected 'x N', N doses in all. Write, for example, 'every 12 h x 6'.")
        count, number = self.number("the number of doses", "x 6")
        if count < 1 or count != int(count):
            wrong = f"{self.typed(number)} is not a number of doses"
            self.fail(number, wrong, "Expected a whole number from 1, such as 'x 6'.")
        self.note("every", word, every_h=interval, repeats=int(count))

    def _condition(self, word: Token) -> None:
        token = self.take()
        if token.text != "seizing":
            wrong = f"{self.typed(token)} stands after '{word.text}'"
            hint = nearest(token.text, ("seizing",))
            self.fail(token, wrong, f"Expected '{word.text} seizing'.{hint}")
        self.note("if seizing", word, condition=f"{word.text} seizing")

    def _max(self, word: Token) -> None:
        cap = self.quantity("a largest dose or rate", "max 4 mg")
        typed = self.typed(cap)
        if cap.per:
            wrong = f"the largest dose {typed} is per {cap.per}"
            self.fail(cap, wrong, "Expected a mass or a mass per time without '/kg' or '/m2', such as 'max 4 mg'.")
        if cap.value == 0:
            self.fail(cap, f"the cap {typed} is zero", "Expected a mass or a rate above 0, such as 'max 4 mg'.")
        if cap.is_rate:
            self.note("max rate", word, max_rate_mg_h=cap.value)
        else:
            self.note("max", word, max_mg=cap.value)

    def _refuse_word(self, word: Token) -> NoReturn:
        typed = self.typed(word)
        expected = f"Expected a clause: {listed(CLAUSES)}."
        if word.kind == "word" and word.text in ROUTES:
            wrong = "is the second" if self.route_typed else "does not follow the dose"
            self.fail(word, f"the route {typed} {wrong}", "Expected one route, right after the dose.")
        if word.text == "x":
            self.fail(word, f"{typed} does not follow an interval", "Expected 'every INTERVAL x N'.")
        if word.text == "pe":
            self.fail(word, f"{typed} does not follow a mass", "Expected PE once, as in '20 mg PE/kg'.")
        known: tuple[str, ...] = CLAUSES
        wrong = "stands where a clause should begin"
        if word.kind == "word" and not self.clauses and not self.route_typed:
            known, wrong = (*ROUTES, *CLAUSES), "is neither a route nor a clause"
            expected = f"Expected a route ({listed(ROUTES)}) or a clause ({listed(CLAUSES)})."
        hint = f" {SAID_OTHERWISE[word.text]}" if word.text in SAID_OTHERWISE else nearest(word.text, known)
        if word.text in self.drugs or self.peek().text in self.drugs:
            hint = " Orders are separated by ';'."
        self.fail(word, f"{typed} {wrong}", expected + hint)

    # -- what goes with what ---------------------------------------------------------------------------------------

    def check_clauses(self, kind: str, route: Token) -> None:
        """Refuse clauses that do not go with the kind of order, with the route, or with each other."""
        given = self.clauses
        if kind == "infusion":
            instead = {
                "over": "Expected a dose before 'over'. For how long an infusion runs, write 'for'.",
                "rate": "Expected a dose before 'rate'. The rate of an infusion stands after the drug.",
                "every": "Expected a dose before 'every'. An infusion runs on; write a second order to change it.",
                "max": "Expected a mass per time to cap an infusion, such as 'max 10 mg/h'.",
            }
            for name in given:
                if name in instead:
                    self.fail(given[name], f"'{name}' does not go with an infusion", instead[name])
            return
        if "for" in given:
            expected = "Expected 'over' for how long a dose takes; an infusion is a mass per time, such as '5 mg/h'."
            self.fail(given["for"], "'for' does not go with a dose", expected)
        if "over" in given and "rate" in given:
            later = max(given["over"], given["rate"], key=lambda token: token.start)
            self.fail(later, "'over' and 'rate' are both given", "Expected one of them. Remove the other.")
        for name in ("over", "rate", "max rate"):
            if name in given and route.text != "iv":
                wrong = f"'{name}' does not go with route '{route.text}'"
                self.fail(given[name], wrong, f"Expected '{name}' with route iv only. Remove it, or order iv.")


def read_order(order: str, index: int, drugs: Catalogue) -> dict[str, Any]:
    """Read one order into the fields of a `pkpd.regimen.regimen.Dose`.

    Parameters
    ----------
    order : str
        One order without surrounding white space, not empty.
    index : int
        Its number in the regimen, from 1; errors name it.
    drugs : Catalogue
        Drug facts by name in lower case.

    Returns
    -------
    dict
        Field name to value; clauses that are not given are absent. Masses in mg, rates in mg/h, times in hours.

    Raises
    ------
    RegimenError
        With the order, a caret line, what was expected and the nearest word.
    """
    return _OrderReader(order, index, drugs).read()
