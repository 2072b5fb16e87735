"""A table of a trial file: the values that trials have and drug files do not (times, regimens, counts)."""

from __future__ import annotations

from typing import Any, ClassVar

from pkpd.errors import DataError, ParameterError, PkpdError, RegimenError
from pkpd.library.reading import Table
from pkpd.patients.distributions import Distribution, is_distribution, read_distribution
from pkpd.regimen.regimen import Regimen, parse_regimen

__all__ = ["TrialTable"]

_REQUIRED: Any = object()


class TrialTable(Table):
    """A table of a trial file, whose errors are of the class `DataError`."""

    __slots__ = ()
    fault: ClassVar[type[PkpdError]] = DataError

    def time(self, key: str, default: Any = _REQUIRED) -> float | Distribution:
        """Read a number of minutes, or the distribution of one."""
        if key not in self.data:
            if default is not _REQUIRED:
                return float(default)
            expected = "minutes, as a number or a distribution"
            raise self.error(f"the key '{key}' is missing", expected, f"Add {key} = 0, or ['uniform', 5, 30].")
        value = self.data[key]
        if not isinstance(value, list | tuple):
            return self.within(key, 0.0)
        if not is_distribution(value):
            expected = "a number of minutes, or a distribution such as ['lognormal', 30, 0.8, 6, 120]"
            raise self.error(f"'{key}' is {value!r}", expected, "Begin the list with the name of the distribution.")
        try:
            found = read_distribution(value, f"{self.where}, {key}")
        except ParameterError as error:
            raise DataError(str(error)) from None
        if found.high < 0 or (found.form == "uniform" and found.low < 0):
            raise self.error(f"'{key}' is {value!r}, which lies before 0", "minutes from 0", "Correct the limits.")
        return found

    def within(self, key: str, low: float, high: float = float("inf"), default: Any = _REQUIRED) -> float:
        """Read a number from `low` to `high`."""
        number = self.number(key) if default is _REQUIRED else self.number(key, default)
        if not low <= number <= high:
            expected = f"a number from {low:g}" + (f" to {high:g}" if high < float("inf") else "")
            raise self.error(f"'{key}' is {number:g}", expected, "Correct the number.")
        return float(number)

    def count(self, key: str, default: Any = _REQUIRED) -> int:
        """Read a whole number from 1."""
        number = self.number(key) if default is _REQUIRED else self.number(key, default)
        if number < 1 or number != int(number):
            raise self.error(f"'{key}' is {number:g}", "a whole number from 1", f"Write {key} = 600, say.")
        return int(number)

    def orders(self, key: str, default: Any = _REQUIRED) -> Regimen:
        """Read a regimen, which may be empty."""
        text = self.text(key) if default is _REQUIRED else self.text(key, default)
        try:
            return parse_regimen(text)
        except RegimenError as error:
            raise DataError(f"{self.where}, {key}: {error}") from None
