"""The unit table agrees with pint, keeps body weight apart from drug mass, and refuses everything else."""

import pint
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from pkpd import unit_table
from pkpd.errors import UnitError
from pkpd.units import convert, describe, parse_quantity, parse_time, parse_unit, same_dimension, to_canonical

# ours: (pint's unit, pint's spelling of our canonical unit)
ORACLE = {
    "s": ("second", "hour"),
    "min": ("minute", "hour"),
    "h": ("hour", "hour"),
    "d": ("day", "hour"),
    "day": ("day", "hour"),
    "week": ("week", "hour"),
    "g": ("gram", "milligram"),
    "mg": ("milligram", "milligram"),
    "ug": ("microgram", "milligram"),
    "mcg": ("microgram", "milligram"),
    "ng": ("nanogram", "milligram"),
    "L": ("liter", "liter"),
    "dL": ("deciliter", "liter"),
    "mL": ("milliliter", "liter"),
    "uL": ("microliter", "liter"),
    "kg": ("kilogram", "kilogram"),
    "nmol": ("nanomole", "nanomole"),
    "umol": ("micromole", "nanomole"),
    "mmol": ("millimole", "nanomole"),
    "mol": ("mole", "nanomole"),
    "cm": ("centimeter", "centimeter"),
    "m2": ("meter**2", "meter**2"),
    "1.73m2": ("1.73*meter**2", "meter**2"),
    "y": ("year", "year"),
    "year": ("year", "year"),
    "years": ("year", "year"),
    "C": ("delta_degC", "delta_degC"),
    "mmHg": ("mmHg", "mmHg"),
    "cmH2O": ("cmH2O", "cmH2O"),
    "%": ("0.01*dimensionless", "dimensionless"),
    "1": ("dimensionless", "dimensionless"),
    "ng/mL": ("nanogram/milliliter", "milligram/liter"),
    "mg/dL": ("milligram/deciliter", "milligram/liter"),
    "mL/min/kg": ("milliliter/minute/kilogram", "liter/hour/kilogram"),
    "L/h/kg^0.75": ("liter/hour/kilogram**0.75", "liter/hour/kilogram**0.75"),
    "mL/min/1.73m2": ("milliliter/minute/meter**2/1.73", "liter/hour/meter**2"),
    "mg/kg/d": ("milligram/kilogram/day", "milligram/kilogram/hour"),
    "g/mol": ("gram/mole", "milligram/nanomole"),
    "1/min": ("1/minute", "1/hour"),
    "min^-1": ("1/minute", "1/hour"),
    "L/min/cm": ("liter/minute/centimeter", "liter/hour/centimeter"),
    "mg*h/L": ("milligram*hour/liter", "milligram*hour/liter"),
}


@pytest.fixture(scope="module")
def registry():
    return pint.UnitRegistry()


@pytest.mark.parametrize("text", ORACLE)
def test_factor_agrees_with_pint(text, registry):
    theirs, canonical = ORACLE[text]
    expected = registry.Quantity(theirs).to(canonical).magnitude
    # both are products of a few exact factors: a few roundings at most
    assert_allclose(to_canonical(1.0, text), expected, rtol=1e-14)
    assert_allclose(parse_unit(text).factor, expected, rtol=1e-14)


def test_the_oracle_knows_the_whole_table():
    assert set(unit_table.TABLE) <= set(ORACLE)


@given(st.sampled_from(sorted(ORACLE)), st.sampled_from(sorted(ORACLE)), st.floats(1e-9, 1e9))
def test_conversion_there_and_back(a, b, value):
    if same_dimension(a, b):
        assert_allclose(convert(convert(value, a, b), b, a), value, rtol=1e-14)
    else:
        with pytest.raises(UnitError, match="cannot be converted"):
            convert(value, a, b)


@pytest.mark.parametrize("minutes", range(0, 2000, 7))
def test_minutes_are_the_nearest_float_to_a_sixtieth(minutes):
    assert parse_time(f"{minutes} min") == minutes / 60


@pytest.mark.parametrize("text", ["\u00b5g/mL", "\u03bcg/mL", "ug/mL", "mcg/mL", "UG/ML", " ug/mL "])
def test_spellings_of_microgram(text):
    assert parse_unit(text).factor == 1.0
    assert parse_unit(text).canonical_text == "mg/L"


def test_body_weight_is_not_a_drug_mass_and_age_not_a_time():
    assert not same_dimension("kg", "mg")
    assert not same_dimension("years", "h")
    assert parse_unit("mg/kg").dimension == (("body", -1.0), ("mass", 1.0))


@pytest.mark.parametrize(
    ("text", "word"),
    [("mg/L", "a concentration"), ("mL/min", "a clearance"), ("1/min", "a rate constant"), ("%", "a plain number")],
)
def test_units_have_words(text, word):
    assert describe(text) == word


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mgg", "unit 'mgg' is not a known unit.*Did you mean 'mg'"),
        ("mg/Lt", "unit 'mg/Lt': 'Lt' is not a known unit.*Did you mean 'L'"),
        ("furlong", "'furlong' is not a known unit.*Known units: s, min, h"),
        ("mg//L", "unit 'mg//L' cannot be read; expected units joined by"),
        ("", "unit '' cannot be read"),
        ("mg L", "'mg L' is not a known unit"),
        ("(mg)/L", "is not a known unit"),
    ],
)
def test_unknown_units_are_refused(text, message):
    with pytest.raises(UnitError, match=message):
        parse_unit(text)


def test_quantities():
    assert parse_quantity("300 mg") == (300.0, parse_unit("mg"))
    assert parse_quantity(" .5mg/kg ") == (0.5, parse_unit("mg/kg"))
    assert parse_quantity("1e-3 g") == (1e-3, parse_unit("g"))
    assert parse_quantity("7") == (7.0, parse_unit("1"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0,1 mg", "quantity '0,1 mg' has a comma; expected a decimal point. Write '0.1 mg'"),
        ("mg", "quantity 'mg' does not begin with a number; expected for example '300 mg'"),
        ("nan mg", "does not begin with a number"),
    ],
)
def test_bad_quantities(text, message):
    with pytest.raises(UnitError, match=message):
        parse_quantity(text)


def test_times():
    assert parse_time("12 h") == 12.0
    assert parse_time("90 s") == 0.025
    assert parse_time("2 d") == 48.0
    assert parse_time("0") == parse_time(0) == 0.0
    assert parse_time(1.5, allow_bare=True) == parse_time("1.5", allow_bare=True) == 1.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("12", "time '12' has no unit; expected s, min, h or d. Write for example '12 min'"),
        (12, "time '12' has no unit"),
        ("3 mg", "time '3 mg': 'mg' is a mass, not a time; use s, min, h or d"),
        ("3 years", "'years' is an age, not a time"),
        ("3 minn", "Did you mean 'min'"),
        (float("nan"), "is not finite"),
        (None, "is no time; expected a number with a unit"),
        (True, "is no time"),
    ],
)
def test_bad_times(text, message):
    with pytest.raises(UnitError, match=message):
        parse_time(text)
