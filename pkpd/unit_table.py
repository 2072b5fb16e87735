"""The closed table of units: what each measures, what it is in canonical units, and how people write it otherwise."""

from __future__ import annotations

__all__ = ["ANY_CASE", "CANONICAL", "OTHER_SPELLINGS", "TABLE", "TIMES", "WORDS"]

# unit: (dimension, numerator, denominator); one unit is numerator/denominator canonical units. Two whole numbers keep
# "7 min" the float nearest to 7/60, which one rounded factor would not.
TABLE: dict[str, tuple[str, float, float]] = {
    "s": ("time", 1, 3600),
    "min": ("time", 1, 60),
    "h": ("time", 1, 1),
    "d": ("time", 24, 1),
    "day": ("time", 24, 1),
    "week": ("time", 168, 1),
    "g": ("mass", 1000, 1),
    "mg": ("mass", 1, 1),
    "ug": ("mass", 1, 1000),
    "mcg": ("mass", 1, 1000),
    "ng": ("mass", 1, 1_000_000),
    "L": ("volume", 1, 1),
    "dL": ("volume", 1, 10),
    "mL": ("volume", 1, 1000),
    "uL": ("volume", 1, 1_000_000),
    "kg": ("body", 1, 1),
    "nmol": ("amount", 1, 1),
    "umol": ("amount", 1000, 1),
    "mmol": ("amount", 1_000_000, 1),
    "mol": ("amount", 1_000_000_000, 1),
    "cm": ("length", 1, 1),
    "m2": ("area", 1, 1),
    "1.73m2": ("area", 1.73, 1),
    "y": ("age", 1, 1),
    "year": ("age", 1, 1),
    "years": ("age", 1, 1),
    "C": ("temperature", 1, 1),
    "mmHg": ("mmHg", 1, 1),
    "cmH2O": ("cmH2O", 1, 1),
    "%": ("", 1, 100),
    "1": ("", 1, 1),
}
#: What people write instead; only ever offered as a hint, never read as the unit itself.
OTHER_SPELLINGS = {
    "hour": "h", "hours": "h", "hr": "h", "hrs": "h", "m": "min", "mins": "min", "minute": "min", "minutes": "min",
    "sec": "s", "secs": "s", "second": "s", "seconds": "s", "days": "d", "wk": "week", "weeks": "week",
    "gram": "g", "grams": "g", "gm": "g", "mgs": "mg", "milligram": "mg", "milligrams": "mg", "microgram": "mcg",
    "micrograms": "mcg", "nanogram": "ng", "nanograms": "ng", "kilogram": "kg", "kgs": "kg", "liter": "L", "litre": "L",
    "liters": "L", "litres": "L", "cc": "mL", "yr": "y", "yrs": "y",
}  # fmt: skip
TIMES = tuple(name for name, (dimension, *_) in TABLE.items() if dimension == "time")
ANY_CASE = {name.lower(): name for name in TABLE}
CANONICAL = {"time": "h", "mass": "mg", "volume": "L", "body": "kg", "amount": "nmol", "length": "cm", "area": "m2"}
CANONICAL |= {"age": "years", "temperature": "C", "mmHg": "mmHg", "cmH2O": "cmH2O"}
WORDS = {
    "1": "a plain number",
    "h": "a time",
    "mg": "a mass",
    "L": "a volume",
    "kg": "a body weight",
    "nmol": "an amount in moles",
    "years": "an age",
    "cm": "a length",
    "m2": "an area",
    "mg/L": "a concentration",
    "nmol/L": "a molar concentration",
    "1/h": "a rate constant",
    "L/h": "a clearance",
    "mg/h": "a rate of mass",
    "mg/kg": "a dose per body weight",
    "L/kg": "a volume per body weight",
    "mg/nmol": "a molar mass",
}
