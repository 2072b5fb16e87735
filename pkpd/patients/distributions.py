"""Distributions as users write them, ``("lognormal", 70, 0.2, 40, 120)``, and one draw from them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pkpd.errors import ParameterError, did_you_mean

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = ["Distribution", "is_distribution", "read_distribution"]

_FORMS = {
    "lognormal": '("lognormal", median, cv[, low, high])',
    "normal": '("normal", mean, sd[, low, high])',
    "uniform": '("uniform", low, high)',
}
# Nothing that is drawn here spreads so far; a percentage does.
_LARGEST_CV = 5.0
# A window that one draw in ten thousand hits is a mistake in the window.
_MOST_DRAWS = 10_000


@dataclass(frozen=True)
class Distribution:
    """A distribution of one number.

    Attributes
    ----------
    form : str
        ``"lognormal"``, ``"normal"`` or ``"uniform"``.
    centre : float
        Median of the lognormal, mean of the normal; unused by the uniform.
    spread : float
        Coefficient of variation (a fraction) of the lognormal, standard deviation of the normal.
    low, high : float
        Draws outside are drawn again; the limits of the uniform.
    """

    form: str
    centre: float
    spread: float
    low: float = -math.inf
    high: float = math.inf

    def draw(self, rng: Generator, possible: Callable[[float], bool] = math.isfinite, where: str = "value") -> float:
        """One number.

        Parameters
        ----------
        rng : numpy.random.Generator
            Where the chance comes from.
        possible : callable
            Draws for which it is false are drawn again, as those outside `low` to `high` are.
        where : str
            What is drawn, for the error.

        Returns
        -------
        float

        Raises
        ------
        ParameterError
            If ten thousand draws have all been outside.

        Notes
        -----
        Lognormal: median exp(s z) with s = sqrt(ln(1 + cv^2)), z standard normal.
        """
        if self.form == "uniform":
            return self.low + (self.high - self.low) * float(rng.random())
        log_sd = math.sqrt(math.log1p(self.spread**2))
        for _ in range(_MOST_DRAWS):
            z = float(rng.standard_normal())
            number = self.centre * math.exp(log_sd * z) if self.form == "lognormal" else self.centre + self.spread * z
            if self.low <= number <= self.high and possible(number):
                return number
        raise ParameterError(
            f"{where}: no draw of '{self}' fell into the window in {_MOST_DRAWS} attempts; expected a window that "
            "holds a fair share of the distribution. Move the limits or the centre."
        )

    def __str__(self) -> str:
        if self.form == "uniform":
            return f"uniform {self.low:g} to {self.high:g}"
        window = f" within {self.low:g} to {self.high:g}" if (self.low, self.high) != (-math.inf, math.inf) else ""
        return f"{self.form} {self.centre:g}, {self.spread:g}{window}"


def is_distribution(value: Any) -> bool:
    """Whether a value is written as a distribution: a list or tuple that begins with a word."""
    return isinstance(value, list | tuple) and len(value) > 1 and isinstance(value[0], str) and not _is_number(value[0])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_distribution(value: list[Any] | tuple[Any, ...], where: str) -> Distribution:
    """Distribution of a list such as ``["normal", mean, sd, low, high]``.

    Parameters
    ----------
    value : list or tuple
        The form and its numbers.
    where : str
        What it describes, for the error.

    Returns
    -------
    Distribution

    Raises
    ------
    ParameterError
        If the form is unknown, a number is missing or is none, a spread is negative, a lognormal median is not
        above 0, or low is not below high.
    """
    form = str(value[0])
    typed = "[" + ", ".join(map(str, value)) + "]"
    if form not in _FORMS:
        raise ParameterError(
            f"{where}: '{form}' is not a distribution; expected {' or '.join(_FORMS.values())}. "
            f"Correct the word.{did_you_mean(form, _FORMS)}"
        )

    def wrong(what: str) -> ParameterError:
        return ParameterError(f"{where}: {what} in '{typed}'; expected {_FORMS[form]}. Correct the numbers.")

    try:
        numbers = [float(item) for item in value[1:]]
    except (TypeError, ValueError):
        raise wrong("something is not a number") from None
    if not all(map(math.isfinite, numbers)):
        raise wrong("a number is not finite")
    if len(numbers) not in ((2,) if form == "uniform" else (2, 4)):
        raise wrong(f"{len(numbers)} numbers stand")
    low, high = numbers[-2:] if form == "uniform" or len(numbers) == 4 else (-math.inf, math.inf)
    if not low < high:
        raise wrong("low is not below high")
    if form == "uniform":
        return Distribution(form, 0.0, 0.0, low, high)
    if numbers[1] < 0:
        raise wrong("the spread is negative")
    if form == "lognormal" and numbers[0] <= 0:
        raise wrong("the median is not above 0")
    if form == "lognormal" and numbers[1] > _LARGEST_CV:
        raise wrong(f"the cv {numbers[1]:g} is {100 * numbers[1]:g} % (a cv of 20 % is 0.2)")
    return Distribution(form, numbers[0], numbers[1], low, high)
