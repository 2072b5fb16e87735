"""The regimen language reads every form of an order that it promises, and an order resolves to what a patient gets."""

import time
from itertools import permutations
from math import inf

import pytest
from numpy.testing import assert_allclose
from regimen_stub import fields, read

from pkpd.errors import RegimenError
from pkpd.regimen.regimen import Dose, Given, Regimen, parse_regimen
from pkpd.units import parse_time, to_canonical

# The expected numbers are the orders' own, changed to mg and hours by hand.
EXAMPLES = {
    "lorazepam 0.1 mg/kg iv max 4 mg at 5 min": {
        "drug": "lorazepam", "route": "iv", "kind": "dose", "amount": 0.1, "per": "kg", "max_mg": 4.0, "at_h": 5 / 60,
    },
    "lorazepam 0.1 mg/kg iv max 4 mg at 10 min if seizing": {
        "drug": "lorazepam", "route": "iv", "kind": "dose", "amount": 0.1, "per": "kg", "max_mg": 4.0, "at_h": 10 / 60,
        "condition": "if seizing",
    },
    "fosphenytoin 20 mg PE/kg iv rate 150 mg PE/min max 1500 mg PE at 20 min if seizing": {
        "drug": "fosphenytoin", "route": "iv", "kind": "dose", "amount": 20.0, "per": "kg", "pe": True, "rate": 9000.0,
        "max_mg": 1500.0, "at_h": 20 / 60, "condition": "if seizing",
    },
    "midazolam 0.2 mg/kg iv at 40 min": {
        "drug": "midazolam", "route": "iv", "kind": "dose", "amount": 0.2, "per": "kg", "at_h": 40 / 60,
    },
    "midazolam 0.2 mg/kg/h iv from 40 min for 24 h": {
        "drug": "midazolam", "route": "iv", "kind": "infusion", "amount": 0.2, "per": "kg", "for_h": 24.0,
        "at_h": 40 / 60,
    },
    "propofol 2 mg/kg iv": {"drug": "propofol", "route": "iv", "kind": "dose", "amount": 2.0, "per": "kg"},
    "propofol 5 mg/kg/h iv for 72 h": {
        "drug": "propofol", "route": "iv", "kind": "infusion", "amount": 5.0, "per": "kg", "for_h": 72.0,
    },
    "levetiracetam 1000 mg po every 12 h x 6 from 12 h": {
        "drug": "levetiracetam", "route": "po", "kind": "dose", "amount": 1000.0, "every_h": 12.0, "repeats": 6,
        "at_h": 12.0,
    },
}  # fmt: skip


@pytest.mark.parametrize("text", EXAMPLES)
def test_example_orders(text):
    assert fields(text) == EXAMPLES[text]


def test_orders_keep_their_sequence_number_and_text():
    regimen = read(" propofol 2 mg/kg iv ;\n propofol 5 mg/kg/h iv for 72 h; lorazepam 4 mg if seizing ;")
    assert [dose.index for dose in regimen] == [1, 2, 3]
    assert [dose.text for dose in regimen] == [
        "propofol 2 mg/kg iv",
        "propofol 5 mg/kg/h iv for 72 h",
        "lorazepam 4 mg if seizing",
    ]
    assert regimen.drugs == ("propofol", "lorazepam")
    assert len(regimen) == 3
    assert regimen.needs_seizure and not read("propofol 2 mg/kg").needs_seizure


@pytest.mark.parametrize("text", ["", "   ", "\n", "none", "NONE", " None ", "none;"])
def test_empty_regimens(text):
    assert read(text) == Regimen()
    assert len(read(text)) == 0 and str(read(text)) == "none"


@pytest.mark.parametrize(
    ("unit", "milligrams"),
    [("g", 1000), ("mg", 1), ("mcg", 1e-3), ("ug", 1e-3), ("\u00b5g", 1e-3), ("\u03bcg", 1e-3), ("ng", 1e-6)],
)
@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
def test_masses_in_any_letter_case(unit, milligrams, case):
    # one rounding in the test's own product, hence 1e-15
    assert_allclose(read(f"lorazepam 3 {case(unit)}").doses[0].amount, 3 * milligrams, rtol=1e-15)


@pytest.mark.parametrize(("unit", "hours"), [("s", 1 / 3600), ("min", 1 / 60), ("h", 1), ("d", 24)])
def test_times(unit, hours):
    (dose,) = read(f"levetiracetam 60 mg/kg over 7 {unit} at 3 {unit.upper()} every 30{unit} x 2")
    # one rounding in the test's own product, hence 1e-15
    assert_allclose([dose.over_h, dose.at_h, dose.every_h], [7 * hours, 3 * hours, 30 * hours], rtol=1e-15)


def test_times_and_amounts_are_those_of_the_unit_table():
    for minutes in range(1, 1441):
        assert read(f"lorazepam 4 mg at {minutes} min").doses[0].at_h == parse_time(f"{minutes} min")
    assert read("propofol 70 ug/kg/min").doses[0].amount == to_canonical(70, "ug/min")


@pytest.mark.parametrize("text", ["at 0", "from 0", "at 0 min", "AT 0 H", "at 0 if seizing", "if seizing at 0"])
def test_zero_is_the_only_time_without_unit(text):
    assert read(f"lorazepam 4 mg {text}").doses[0].at_h == 0.0


@pytest.mark.parametrize(
    ("dose", "expected"),
    [
        ("20 mg PE/kg", ("kg", False, 20.0)),
        ("20 mg/kg PE", ("kg", False, 20.0)),
        ("20mg pe / kg", ("kg", False, 20.0)),
        ("1 g PE", ("", False, 1000.0)),
        ("400 mg PE/m2", ("m2", False, 400.0)),
        ("2 mg PE/kg/min", ("kg", True, 120.0)),
        ("2 mg/kg PE/min", ("kg", True, 120.0)),
        ("2 mg/kg/min PE", ("kg", True, 120.0)),
        ("2 mg PE/h", ("", True, 2.0)),
    ],
)
def test_phenytoin_equivalents_after_the_mass_or_the_kilogram(dose, expected):
    (order,) = read(f"fosphenytoin {dose}")
    assert order.pe
    assert (order.per, order.kind == "infusion", order.amount) == expected


@pytest.mark.parametrize("count", ["x6", "x 6", "×6", "× 6", "X6", "X 6", "x 6.0"])
def test_counts(count):
    assert read(f"levetiracetam 1 g every 12 h {count} at 1 h").doses[0].repeats == 6
    assert read(f"levetiracetam 1 g every 12h{' ' if count[0] in 'xX' else ''}{count}").doses[0].repeats == 6


@pytest.mark.parametrize(
    ("dose", "kind", "amount", "per"),
    [
        ("5 mg/kg/h", "infusion", 5.0, "kg"),
        ("5 MG/KG/H", "infusion", 5.0, "kg"),
        ("100 mcg/kg/min", "infusion", 6.0, "kg"),
        ("10 mg/h", "infusion", 10.0, ""),
        ("2 mg/min", "infusion", 120.0, ""),
        ("100 mg/m2/h", "infusion", 100.0, "m2"),
        ("100 mg/m²", "dose", 100.0, "m2"),
        ("0 mg/kg/h", "infusion", 0.0, "kg"),
        ("0 mg", "dose", 0.0, ""),
        (".5 mg", "dose", 0.5, ""),
        ("1.5e2 mg", "dose", 150.0, ""),
        ("+4 mg", "dose", 4.0, ""),
    ],
)
def test_doses_and_infusions(dose, kind, amount, per):
    (order,) = read(f"propofol {dose}")
    assert (order.kind, order.per) == (kind, per)
    assert_allclose(order.amount, amount, rtol=1e-15)  # one rounding of the conversion


def test_routes():
    for route in ("iv", "im", "po", "in", "buccal", "sc", "pr"):
        assert read(f"midazolam 10 mg {route.upper()}").doses[0].route == route
    assert read("lorazepam 2 mg sl").doses[0].route == "sl"
    assert read("midazolam 10 mg at 5 min").doses[0].route == "iv"


def test_in_is_a_route_and_at_a_clause():
    assert fields("midazolam 10 mg in at 5 min") == {
        "drug": "midazolam",
        "route": "in",
        "kind": "dose",
        "amount": 10.0,
        "at_h": 5 / 60,
    }


def test_dose_clauses_in_every_order():
    clauses = ["over 10 min", "max 4500 mg", "max 500 mg/min", "from 20 min", "every 12 h x 3", "when seizing"]
    first = read("levetiracetam 60 mg/kg iv " + " ".join(clauses))
    assert first.doses[0].max_rate_mg_h == 30000.0
    for shuffled in permutations(clauses):
        assert read("levetiracetam 60 mg/kg iv " + " ".join(shuffled)) == first


def test_infusion_clauses_in_every_order():
    clauses = ["for 24 h", "max 20 mg/h", "at 40 min", "if seizing"]
    first = read("midazolam 0.2 mg/kg/h " + " ".join(clauses))
    for shuffled in permutations(clauses):
        assert read("midazolam 0.2 mg/kg/h " + " ".join(shuffled)) == first


def test_text_takes_no_part_in_equality():
    assert read("LORAZEPAM 4MG IV AT 300 S") == read("lorazepam  4 mg at 5 min;")
    assert hash(read("lorazepam 4 mg")) == hash(read("lorazepam 4000 ug iv"))


def test_a_regimen_is_returned_as_it_is():
    regimen = read("lorazepam 4 mg")
    assert parse_regimen(regimen) is regimen


def given(text: str, weight_kg: float | None = 70.0, height_cm: float | None = 175.0) -> Given:
    return read(text).doses[0].resolve(weight_kg, height_cm)


# amount, rate and duration by hand for 70 kg; 80 kg and 180 cm are 2 m2 by Mosteller, sqrt(180*80/3600)
@pytest.mark.parametrize(
    ("text", "amount", "rate", "duration"),
    [
        ("lorazepam 4 mg", 4.0, 0.0, 0.0),
        ("lorazepam 0.05 mg/kg", 3.5, 0.0, 0.0),
        ("lorazepam 0.1 mg/kg max 4 mg", 4.0, 0.0, 0.0),
        ("midazolam 10 mg im", 10.0, 0.0, 0.0),
        ("levetiracetam 60 mg/kg over 15 min", 4200.0, 16800.0, 0.25),
        ("levetiracetam 60 mg/kg over 15 min max 3 g", 3000.0, 12000.0, 0.25),
        ("levetiracetam 60 mg/kg over 15 min max 3 g max 100 mg/min", 3000.0, 6000.0, 0.5),
        ("levetiracetam 60 mg/kg over 15 min max 500 mg/min", 4200.0, 16800.0, 0.25),
        ("phenytoin 20 mg/kg rate 50 mg/min", 1400.0, 3000.0, 1400 / 3000),
        ("phenytoin 20 mg/kg rate 1 mg/kg/min", 1400.0, 4200.0, 1 / 3),
        ("phenytoin 20 mg/kg rate 1 mg/kg/min max 50 mg/min", 1400.0, 3000.0, 1400 / 3000),
        ("phenytoin 20 mg/kg max 50 mg/min", 1400.0, 3000.0, 1400 / 3000),
        ("fosphenytoin 20 mg PE/kg rate 150 mg PE/min max 1000 mg PE", 1000.0, 9000.0, 1 / 9),
        ("propofol 5 mg/kg/h", inf, 350.0, inf),
        ("propofol 5 mg/kg/h for 72 h", 25200.0, 350.0, 72.0),
        ("propofol 5 mg/kg/h for 72 h max 300 mg/h", 21600.0, 300.0, 72.0),
        ("propofol 0 mg/kg/h", 0.0, 0.0, inf),
        ("lorazepam 0 mg over 2 min", 0.0, 0.0, 1 / 30),
        ("lorazepam 0 mg rate 2 mg/min", 0.0, 0.0, 0.0),
        ("lorazepam 0 mg max 2 mg/min", 0.0, 0.0, 0.0),
    ],
)
def test_resolve(text, amount, rate, duration):
    result = given(text)
    # a few roundings of products and quotients
    assert_allclose([result.amount_mg, result.rate_mg_h, result.duration_h], [amount, rate, duration], rtol=1e-14)


def test_resolve_per_square_metre():
    assert_allclose(given("valproate 100 mg/m2", 80.0, 180.0).amount_mg, 200.0, rtol=1e-14)  # roundings of the root
    assert_allclose(given("valproate 100 mg/m2 rate 10 mg/m2/min", 80.0, 180.0).duration_h, 1 / 6, rtol=1e-14)


def test_resolve_names_what_was_capped():
    assert given("lorazepam 0.1 mg/kg max 4 mg").capped == ("dose 7 mg capped to 4 mg",)
    assert given("lorazepam 0.05 mg/kg max 4 mg").capped == ()
    assert given("lorazepam 4 mg max 2 mg/min").capped == ("bolus capped to 120 mg/h",)
    assert given("lorazepam 4 mg over 1 min max 2 mg/min").capped == ("rate 240 mg/h capped to 120 mg/h",)
    assert given("propofol 5 mg/kg/h max 300 mg/h").capped == ("rate 350 mg/h capped to 300 mg/h",)
    assert len(given("levetiracetam 60 mg/kg over 15 min max 3 g max 100 mg/min").capped) == 2


def test_an_ordered_duration_is_kept_to_the_last_bit():
    for minutes in range(1, 61):
        assert given(f"levetiracetam 60 mg/kg over {minutes} min", 71.3).duration_h == minutes / 60


@pytest.mark.parametrize(
    ("text", "weight", "height", "message"),
    [
        (
            "lorazepam 0.1 mg/kg",
            None,
            175.0,
            "regimen, order 2: 'lorazepam 0.1 mg/kg' is per kg, and the patient has no body weight; "
            "expected weight_kg. Give weight_kg, or order a mass without '/kg'.",
        ),
        (
            "valproate 400 mg/m2",
            70.0,
            None,
            "regimen, order 2: 'valproate 400 mg/m2' is per m2, and the patient has no body height; "
            "expected height_cm. Give height_cm, or order a mass without '/m2'.",
        ),
        (
            "valproate 400 mg/m2",
            None,
            None,
            "regimen, order 2: 'valproate 400 mg/m2' is per m2, and the patient has no body weight; "
            "expected weight_kg. Give weight_kg, or order a mass without '/m2'.",
        ),
        (
            "phenytoin 1 g rate 1 mg/kg/min",
            None,
            None,
            "regimen, order 2: 'phenytoin 1 g rate 1 mg/kg/min' is per kg, and the patient has no body weight; "
            "expected weight_kg. Give weight_kg, or order a mass without '/kg'.",
        ),
    ],
)
def test_resolve_needs_weight_and_height(text, weight, height, message):
    dose = read(f"midazolam 10 mg im; {text}").doses[1]
    with pytest.raises(RegimenError) as error:
        dose.resolve(weight, height)
    assert str(error.value) == message


def test_a_plain_mass_needs_neither_weight_nor_height():
    assert given("lorazepam 4 mg", None, None) == Given(4.0, 0.0, 0.0, ())


def test_nouns_are_frozen():
    dose = read("lorazepam 4 mg").doses[0]
    assert isinstance(dose, Dose)
    with pytest.raises(AttributeError, match="cannot assign"):
        dose.amount = 8.0


def test_parsing_is_fast_enough_for_batches():
    texts = [f"lorazepam 0.{number} mg/kg iv max 4 mg at 5 min" for number in range(1, 2001)]
    start = time.perf_counter()
    for text in texts:
        read(text)
    # about 70 microseconds an order where this was written; the bound is for slow and busy machines
    assert (time.perf_counter() - start) / len(texts) < 1e-3


@pytest.mark.parametrize("text", EXAMPLES)
def test_example_orders_with_the_library(text):
    assert parse_regimen(text) == read(text)
    assert parse_regimen(text) is parse_regimen(text), "a batch reads the same text only once"


@pytest.mark.parametrize(
    "order", ["lorazepam 4 mg in", "midazolam 10 mg sc", "propofol 2 mg/kg im", "fosphenytoin 20 mg PE/kg po"]
)
def test_the_library_refuses_routes_without_an_absorption_rate(order):
    drug, route = order.split()[0], order.split()[-1]
    message = f"the library has no absorption rate for '{drug}' by route '{route}'(?s:.)*Expected route iv"
    with pytest.raises(RegimenError, match=message):
        parse_regimen(order)


def test_the_library_offers_the_nearest_drug():
    with pytest.raises(RegimenError, match=r"'midazolm' is not a known drug(?s:.)*Did you mean 'midazolam'\?"):
        parse_regimen("midazolm 10 mg im")
