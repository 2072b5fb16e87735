"""A small catalogue for the tests of the regimen language: names, routes and the PE rule, without drug files."""

from types import SimpleNamespace

from pkpd.regimen.regimen import Regimen, parse_regimen


def _drug(routes: str, dose_unit: str = "") -> SimpleNamespace:
    return SimpleNamespace(routes=dict.fromkeys(routes.split()), dose_unit=dose_unit)


DRUGS = {
    "lorazepam": _drug("iv im po sl"),
    "midazolam": _drug("iv im po in buccal sc pr"),
    "levetiracetam": _drug("iv po"),
    "phenytoin": _drug("iv po"),
    "fosphenytoin": _drug("iv im", "PE"),
    "propofol": _drug("iv"),
    "valproate": _drug("iv po"),
}


def read(text: str) -> Regimen:
    """Read a regimen with the drugs above."""
    return parse_regimen(text, drugs=DRUGS)


def fields(text: str) -> dict[str, object]:
    """The fields of a single order that differ from their default or are always typed, without text and index."""
    (dose,) = read(text)
    kept = {name: getattr(dose, name) for name in dose.__dataclass_fields__ if name not in ("text", "index")}
    defaults = {"per": "", "pe": False, "rate_per": "", "at_h": 0.0, "repeats": 1, "condition": ""}
    return {name: value for name, value in kept.items() if value != defaults.get(name)}
