"""What is ordered: the nouns `Dose` and `Regimen`, and the language in which people write them.

``parse_regimen("lorazepam 0.1 mg/kg iv max 4 mg at 5 min; levetiracetam 60 mg/kg over 10 min at 20 min")`` reads a
regimen, `Dose.resolve` says what one patient is given, and ``str(regimen)`` writes canonical text that reads back as
the same orders. Whether a condition holds, and which repeats are reached, is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from math import inf
from typing import NoReturn

from pkpd.errors import RegimenError
from pkpd.options import a_kind
from pkpd.regimen.parser import read_order
from pkpd.regimen.phrases import Catalogue, Library
from pkpd.regimen.words import amount_text, fail, time_text

__all__ = ["Dose", "Given", "Regimen", "parse_regimen"]


@dataclass(frozen=True, slots=True)
class Given:
    """What one patient gets from an order.

    Attributes
    ----------
    amount_mg : float, mg
        As ordered (mg of salt or of PE), after ``max``; of an infusion rate x duration, infinite if it runs on.
    rate_mg_h : float, mg/h
        0 for a bolus (duration 0) and for an infusion that stops the running one.
    duration_h : float, hours
        0 for a bolus, infinite for an infusion that runs on.
    capped : tuple of str
        What ``max`` changed, one sentence each.
    """

    amount_mg: float
    rate_mg_h: float
    duration_h: float
    capped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dose:
    """One order of a regimen: a dose (a mass) or an infusion (a mass per time).

    Attributes
    ----------
    index : int
        Number of the order in the regimen, from 1.
    drug, route : str
        Lower case, as in the library.
    kind : str
        ``"dose"`` or ``"infusion"``.
    amount : float, mg or mg/h, per kg or m2 where `per` says so
        In ordered units: mg of the salt, or mg of phenytoin equivalents where `pe` is true.
    per, rate_per : str
        ``""``, ``"kg"`` or ``"m2"``.
    over_h, for_h, every_h : float or None, hours
        Duration of a dose, duration of an infusion, interval between repeats.
    rate : float or None, mg/h (per kg or m2 where `rate_per` says so)
        Rate at which a dose is given.
    max_mg, max_rate_mg_h : float or None, mg and mg/h
        Caps of each dose and of the rate.
    at_h : float, hours
        Time of the first dose or start of the infusion.
    repeats : int
        Doses in all.
    condition : str
        ``""``, ``"if seizing"`` or ``"when seizing"``.
    text : str
        The order as it was typed; takes no part in comparisons.
    """

    index: int
    drug: str
    route: str
    kind: str
    amount: float
    per: str = ""
    pe: bool = False
    over_h: float | None = None
    rate: float | None = None
    rate_per: str = ""
    for_h: float | None = None
    max_mg: float | None = None
    max_rate_mg_h: float | None = None
    at_h: float = 0.0
    every_h: float | None = None
    repeats: int = 1
    condition: str = ""
    text: str = field(default="", compare=False)

    def resolve(self, weight_kg: float | None = None, height_cm: float | None = None) -> Given:
        """Say what a patient of this weight and height is given.

        Parameters
        ----------
        weight_kg : float, optional, kg
            Total body weight; required if the order is per kg or per m2.
        height_cm : float, optional, cm
            Required if the order is per m2.

        Returns
        -------
        Given

        Raises
        ------
        RegimenError
            If the order needs a weight or a height that is missing.

        Notes
        -----
        A mass caps the dose: with ``over`` the duration stays, with ``rate`` it shrinks. A mass per time caps the
        rate and the dose takes longer; a bolus under such a cap is given at the capped rate.
        """
        amount = self.amount * self._size(self.per, weight_kg, height_cm)
        if self.kind == "infusion":
            return self._infusion(amount)
        capped: tuple[str, ...] = ()
        if self.max_mg is not None and amount > self.max_mg:
            capped += (f"dose {amount:.6g} mg capped to {self.max_mg:.6g} mg",)
            amount = self.max_mg
        if self.rate is not None:
            rate = self.rate * self._size(self.rate_per, weight_kg, height_cm)
        else:
            rate = amount / self.over_h if self.over_h else inf
        if amount and self.max_rate_mg_h is not None and rate > self.max_rate_mg_h:
            asked = "bolus" if rate == inf else f"rate {rate:.6g} mg/h"
            capped += (f"{asked} capped to {self.max_rate_mg_h:.6g} mg/h",)
            rate = self.max_rate_mg_h
        elif self.over_h:  # not amount / rate, which may miss the ordered duration by a rounding
            return Given(amount, rate, self.over_h, capped)
        if rate == inf or not amount:
            return Given(amount, 0.0, 0.0, capped)
        return Given(amount, rate, amount / rate, capped)

    def _infusion(self, rate: float) -> Given:
        capped: tuple[str, ...] = ()
        if self.max_rate_mg_h is not None and rate > self.max_rate_mg_h:
            capped = (f"rate {rate:.6g} mg/h capped to {self.max_rate_mg_h:.6g} mg/h",)
            rate = self.max_rate_mg_h
        duration = inf if self.for_h is None else self.for_h
        return Given(rate * duration if rate else 0.0, rate, duration, capped)

    def _size(self, per: str, weight_kg: float | None, height_cm: float | None) -> float:
        """Kilograms or square metres of the patient, 1 for a plain mass."""
        if not per:
            return 1.0
        if weight_kg is None:
            self._refuse_size(per, "body weight", "weight_kg")
        if per == "kg":
            return weight_kg
        if height_cm is None:
            self._refuse_size(per, "body height", "height_cm")
        from pkpd.library.covariates import bsa_mosteller

        return bsa_mosteller(weight_kg, height_cm)

    def _refuse_size(self, per: str, what: str, argument: str) -> NoReturn:
        raise RegimenError(
            f"regimen, order {self.index}: '{self.text or self}' is per {per}, and the patient has no {what}; "
            f"expected {argument}. Give {argument}, or order a mass without '/{per}'."
        )

    def __str__(self) -> str:
        """Canonical text, which reads back as an equal order."""
        words = [self.drug, amount_text(self.amount, self.per, self.pe, self.kind == "infusion"), self.route]
        if self.over_h is not None:
            words += ["over", time_text(self.over_h)]
        if self.rate is not None:
            words += ["rate", amount_text(self.rate, self.rate_per, self.pe, True)]
        if self.for_h is not None:
            words += ["for", time_text(self.for_h)]
        if self.max_mg is not None:
            words += ["max", amount_text(self.max_mg, "", self.pe, False)]
        if self.max_rate_mg_h is not None:
            words += ["max", amount_text(self.max_rate_mg_h, "", self.pe, True)]
        if self.at_h:
            words += ["at", time_text(self.at_h)]
        if self.every_h is not None:
            words += ["every", time_text(self.every_h), "x", str(self.repeats)]
        return " ".join([*words, self.condition]) if self.condition else " ".join(words)


@dataclass(frozen=True, slots=True)
class Regimen:
    """The orders of a regimen, in the order in which they were written; an empty one is an untreated run.

    Attributes
    ----------
    doses : tuple of Dose
        Also what iteration gives.
    text : str
        The regimen as it was typed; takes no part in comparisons.
    """

    doses: tuple[Dose, ...] = ()
    text: str = field(default="", compare=False)

    @property
    def drugs(self) -> tuple[str, ...]:
        """Names of the ordered drugs, each once, by first appearance."""
        return tuple(dict.fromkeys(dose.drug for dose in self.doses))

    @property
    def needs_seizure(self) -> bool:
        """True when an order waits on the seizure (``if seizing`` or ``when seizing``)."""
        return any(dose.condition for dose in self.doses)

    def __iter__(self) -> Iterator[Dose]:
        return iter(self.doses)

    def __len__(self) -> int:
        return len(self.doses)

    def __str__(self) -> str:
        """Canonical text, which reads back as an equal regimen."""
        return "; ".join(str(dose) for dose in self.doses) or "none"


def parse_regimen(text: str | Regimen, *, drugs: Catalogue | None = None) -> Regimen:
    """Read a regimen: orders ``DRUG DOSE [ROUTE] clauses``, separated by ``;``.

    Parameters
    ----------
    text : str or Regimen
        ``""`` and ``"none"`` are the empty regimen; a Regimen is returned as it is.
    drugs : mapping of str to drug, optional
        Facts (``routes``, ``dose_unit``) by lower-case name; default is the library.

    Returns
    -------
    Regimen

    Raises
    ------
    RegimenError
        With the order, a caret under the word, what was expected and the nearest valid word.
    """
    if isinstance(text, Regimen):
        return text
    if not isinstance(text, str):
        raise RegimenError(
            f"regimen: '{text}' is {a_kind(text)}; expected text such as 'lorazepam 4 mg iv at 5 min'. "
            "Write 'none' for an untreated run."
        )
    return _parse_library(text) if drugs is None else _parse(text, drugs)


@lru_cache(maxsize=16384)
def _parse_library(text: str) -> Regimen:
    """Batches repeat the same regimen on many rows, hence the cache; the library does not change while it runs."""
    return _parse(text, Library())


def _parse(text: str, drugs: Catalogue) -> Regimen:
    orders = [order.strip() for order in text.split(";")]
    if len(orders) > 1 and not orders[-1]:
        orders.pop()
    if not text.strip() or [order.lower() for order in orders] == ["none"]:
        return Regimen((), text)
    for index, order in enumerate(orders, start=1):
        if not order:
            _refuse_empty(text, index)
        if order.lower() == "none":
            expected = "Expected 'none' alone for an untreated run, or orders only. Remove it."
            fail(order, index, (0, len(order)), "'none' stands beside other orders", expected)
    return Regimen(tuple(Dose(**read_order(order, index, drugs)) for index, order in enumerate(orders, 1)), text)


def _refuse_empty(text: str, index: int) -> NoReturn:
    """An empty order is shown in the whole regimen, with the caret on the semicolon that closes it."""
    position = -1
    for _ in range(index):
        position = text.index(";", position + 1)
    shown = text.rstrip()
    expected = "Expected DRUG DOSE [ROUTE] between two semicolons. Remove one ';', or write the order."
    fail(shown, index, (position, position + 1), "the order is empty", expected)
