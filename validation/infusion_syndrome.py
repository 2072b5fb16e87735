"""The output table of the reference of the infusion syndrome's model, and what the package makes of each exposure."""

from __future__ import annotations

from typing import NamedTuple

from pkpd.library.pris_file import load_pris
from pkpd.models.pris import Constants, course

__all__ = ["CONSTANTS", "EXPOSURES", "OUTPUTS", "RTOL", "Exposure"]

#: What the reference of the model asks.
RTOL = 0.10
#: Output of the model, and how the table names it, in the order of the table.
OUTPUTS = {
    "risk": "risk (%)",
    "risk_low": "from",
    "risk_high": "to",
    "mitochondrial_impairment": "impairment",
    "triglycerides_mg_dL": "triglycerides (mg/dL)",
    "ck_U_L": "CK (U/L)",
    "lactate_mmol_L": "lactate (mmol/L)",
}
_FILE = load_pris()
CONSTANTS = Constants(**_FILE.numbers("constants"), **_FILE.numbers("alert"))


class Exposure(NamedTuple):
    """One infusion: rate in mg/kg/h, hours, product of the modifiers, and the values as the reference prints them."""

    rate: float
    hours: float
    modifiers: float
    text: str

    @property
    def printed(self) -> dict[str, str]:
        """What the reference prints, by output."""
        return dict(zip(OUTPUTS, self.text.split(), strict=True))

    def ours(self) -> dict[str, str]:
        """The package's values at the end of the infusion, rounded to the digits that the reference prints."""
        end = course([0.0], [0.0, self.hours], [self.rate, 0.0], [], [], self.hours, self.modifiers, CONSTANTS).end
        values = {name: end[name] * (100.0 if name.startswith("risk") else 1.0) for name in OUTPUTS}
        return {name: f"{values[name]:.{_decimals(text)}f}" for name, text in self.printed.items()}

    def met(self) -> dict[str, bool]:
        """Whether each value is within `RTOL` of the printed one, both at the digits that are printed."""
        ours = self.ours()
        return {name: abs(float(ours[name]) - float(text)) <= RTOL * float(text) for name, text in self.printed.items()}


def _decimals(text: str) -> int:
    return len(text.partition(".")[2])


EXPOSURES = (
    Exposure(2.0, 96, 1.8, "1.1 0.6 1.9 0.04 252 151 1.2"),
    Exposure(4.0, 48, 1.0, "0.6 0.2 2.2 0.15 349 174 1.4"),
    Exposure(4.0, 72, 1.0, "1.4 0.5 5.2 0.19 390 225 1.6"),
    Exposure(5.0, 72, 1.0, "2.8 0.6 15 0.30 482 468 2.2"),
    Exposure(5.0, 96, 3.0, "14 2.9 56 0.43 551 1377 3.2"),
    Exposure(6.0, 96, 1.0, "9.1 1.2 51 0.46 638 1586 3.5"),
    Exposure(6.5, 96, 2.0, "23 2.8 84 0.59 748 3234 4.9"),
    Exposure(8.0, 72, 2.0, "34 2.5 74 0.68 879 3819 6.2"),
)
