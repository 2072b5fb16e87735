"""What a patient is given: orders become doses in time, with caps, repeats, ends of infusions, and reasons."""

from __future__ import annotations

import math

import pytest
from numpy.testing import assert_allclose

import pkpd
from pkpd.errors import RegimenError
from pkpd.regimen.regimen import parse_regimen
from pkpd.systems.dosing import Administration, administer

ORDER_COLUMNS = "id order drug route time_h amount amount_unit rate duration_h given reason text".split()
MINUTE = 1.0 / 60.0


def given(text: str, until_h: float = 24.0, **columns: object) -> list[Administration]:
    who = pkpd.Patient(**{"age_y": 40, "weight_kg": 80, "height_cm": 180, "sex": "F", **columns})
    return administer(parse_regimen(text), who, until_h)


def only(text: str, until_h: float = 24.0, **columns: object) -> Administration:
    (row,) = given(text, until_h, **columns)
    return row


def size(row: Administration) -> tuple[float, float, float]:
    return row.amount, row.rate, row.duration_h


@pytest.mark.parametrize(
    ("text", "amount", "rate", "duration"),
    [
        ("lorazepam 4 mg", 4.0, 0.0, 0.0),
        ("lorazepam 0.1 mg/kg", 8.0, 0.0, 0.0),
        ("lorazepam 50 mcg/kg", 4.0, 0.0, 0.0),
        ("lorazepam 2 mg/m2", 2.0 * math.sqrt(80 * 180 / 3600), 0.0, 0.0),
        ("levetiracetam 60 mg/kg over 10 min", 4800.0, 28800.0, 1.0 / 6.0),
        ("phenytoin 20 mg/kg rate 50 mg/min", 1600.0, 3000.0, 1600.0 / 3000.0),
        ("phenytoin 20 mg/kg rate 1 mg/kg/min", 1600.0, 4800.0, 1.0 / 3.0),
        ("midazolam 0.2 mg/kg/h for 3 h", 48.0, 16.0, 3.0),
        ("propofol 50 mcg/kg/min for 30 min", 120.0, 240.0, 0.5),
        ("fosphenytoin 20 mg PE/kg rate 100 mg PE/min", 1600.0, 6000.0, 1600.0 / 6000.0),
    ],
)
def test_doses_are_resolved_for_the_patient(text: str, amount: float, rate: float, duration: float) -> None:
    assert_allclose(size(only(text)), (amount, rate, duration), rtol=1e-12)


def test_a_mass_caps_the_dose() -> None:
    row = only("lorazepam 0.1 mg/kg max 4 mg")
    assert row.amount == 4.0
    assert "capped to 4 mg" in row.reason
    assert only("lorazepam 0.1 mg/kg max 4 mg", weight_kg=30).reason == ""


def test_a_capped_dose_at_a_rate_is_shorter_and_over_a_time_is_slower() -> None:
    assert_allclose(size(only("phenytoin 20 mg/kg rate 50 mg/min max 1500 mg")), (1500.0, 3000.0, 0.5), rtol=1e-12)
    assert_allclose(size(only("phenytoin 20 mg/kg over 30 min max 1500 mg")), (1500.0, 3000.0, 0.5), rtol=1e-12)


@pytest.mark.parametrize("text", ["phenytoin 20 mg/kg over 10 min max 50 mg/min", "phenytoin 20 mg/kg max 50 mg/min"])
def test_a_capped_rate_takes_longer(text: str) -> None:
    row = only(text)
    assert_allclose(size(row), (1600.0, 3000.0, 1600.0 / 3000.0), rtol=1e-12)
    assert "capped to 3000 mg/h" in row.reason


def test_both_caps_may_stand() -> None:
    row = only("fosphenytoin 20 mg PE/kg rate 200 mg PE/min max 1500 mg PE max 150 mg PE/min")
    assert_allclose(size(row), (1500.0, 9000.0, 1.0 / 6.0), rtol=1e-12)
    assert "1500 mg" in row.reason and "9000 mg/h" in row.reason


def test_an_infusion_is_capped_by_its_rate() -> None:
    assert_allclose(size(only("midazolam 0.2 mg/kg/h for 2 h max 10 mg/h")), (20.0, 10.0, 2.0), rtol=1e-12)


def test_repeats_stand_one_below_the_other() -> None:
    rows = given("levetiracetam 1000 mg po every 12 h x 4 from 6 h", until_h=72.0)
    assert [row.time_h for row in rows] == [6.0, 18.0, 30.0, 42.0]
    assert {(row.order, row.amount, row.given, row.reason) for row in rows} == {(1, 1000.0, True, "")}


def test_later_doses_are_not_reached_and_take_one_line() -> None:
    rows = given("levetiracetam 1000 mg po every 12 h x 6", until_h=24.0)
    assert [(row.time_h, row.given) for row in rows] == [(0.0, True), (12.0, True), (24.0, True), (36.0, False)]
    assert rows[-1].reason.startswith("not reached: the simulation ends at 24 h")
    assert "3 doses" in rows[-1].reason
    (late,) = given("midazolam 5 mg/h from 30 h", until_h=24.0)
    assert not late.given and "not reached" in late.reason


def test_a_dose_at_the_end_is_given() -> None:
    assert only("lorazepam 4 mg at 24 h", until_h=24.0).given


def test_rows_come_in_the_order_of_time_then_of_orders() -> None:
    rows = given("lorazepam 2 mg at 20 min; midazolam 5 mg at 10 min; midazolam 5 mg/h at 10 min; lorazepam 1 mg")
    assert [(row.order, row.drug) for row in rows] == [
        (4, "lorazepam"),
        (2, "midazolam"),
        (3, "midazolam"),
        (1, "lorazepam"),
    ]


# --- one infusion a drug ---------------------------------------------------------------------------------------------


def test_a_later_infusion_ends_the_older() -> None:
    first, second = given("midazolam 10 mg/h; midazolam 5 mg/h at 4 h for 2 h")
    assert size(first) == (40.0, 10.0, 4.0)
    assert first.reason == "ended by order 2"
    assert size(second) == (10.0, 5.0, 2.0) and second.reason == ""


def test_an_infusion_without_end_runs_on_to_the_end_of_the_simulation() -> None:
    row = only("midazolam 10 mg/h at 4 h", until_h=24.0)
    assert size(row) == (200.0, 10.0, 20.0) and row.reason == "runs on"


def test_a_finished_infusion_is_not_ended_again() -> None:
    first, second = given("midazolam 10 mg/h for 2 h; midazolam 5 mg/h at 4 h for 1 h")
    assert (first.duration_h, first.reason) == (2.0, "") and second.duration_h == 1.0
    meeting, _ = given("midazolam 10 mg/h for 4 h; midazolam 5 mg/h at 4 h for 1 h")
    assert (meeting.duration_h, meeting.reason) == (4.0, "")


def test_a_zero_rate_stops_the_running_infusion() -> None:
    running, stop = given("midazolam 10 mg/h; midazolam 0 mg/h at 3 h")
    assert size(running) == (30.0, 10.0, 3.0) and running.reason == "ended by order 2"
    assert stop.given and size(stop) == (0.0, 0.0, 0.0)


def test_a_stop_that_is_not_reached_stops_nothing() -> None:
    running, stop = given("midazolam 10 mg/h; midazolam 0 mg/h at 30 h", until_h=24.0)
    assert running.duration_h == 24.0 and not stop.given


def test_only_the_same_drug_is_ended_and_doses_never_are() -> None:
    rows = given("midazolam 10 mg/h; propofol 100 mg/h at 1 h; midazolam 5 mg at 2 h; levetiracetam 500 mg over 3 h")
    assert [row.duration_h for row in rows if row.order == 1] == [24.0]
    assert [row.duration_h for row in rows if row.order == 2] == [23.0]
    pair = given("phenytoin 500 mg over 2 h; phenytoin 500 mg over 2 h at 1 h")
    assert [row.duration_h for row in pair] == [2.0, 2.0]


def test_infusions_written_in_any_order_end_each_other_in_time() -> None:
    rows = given("midazolam 3 mg/h at 6 h; midazolam 10 mg/h; midazolam 5 mg/h at 2 h", until_h=10.0)
    assert [(row.order, row.duration_h, row.amount) for row in rows] == [(2, 2.0, 20.0), (3, 4.0, 20.0), (1, 4.0, 12.0)]


def test_at_one_moment_the_later_order_runs() -> None:
    rows = {row.order: row for row in given("midazolam 10 mg/h; midazolam 5 mg/h", until_h=8.0)}
    assert size(rows[1]) == (0.0, 10.0, 0.0) and size(rows[2]) == (40.0, 5.0, 8.0)


def test_what_runs_is_what_the_orders_say() -> None:
    """Mass balance: constant rate in, and the level follows the same rates given as infusions with an end."""
    changing = "midazolam 10 mg/h; midazolam 4 mg/h at 2 h; midazolam 0 mg/h at 5 h"
    written_out = "midazolam 10 mg/h for 2 h; midazolam 4 mg/h at 2 h for 3 h"
    levels = [
        pkpd.simulate(t, until="8 h", every="15 min").outputs["midazolam_plasma_mg_L"] for t in (changing, written_out)
    ]
    assert_allclose(levels[0], levels[1], rtol=1e-12)


# --- zero, missing sizes, and the table ------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["lorazepam 0 mg", "lorazepam 0 mg/kg over 10 min", "levetiracetam 0 mg po"])
def test_a_dose_of_zero_gives_zero(text: str) -> None:
    row = only(text)
    assert row.amount == 0.0 and row.rate == 0.0 and row.given
    drug = row.drug
    quiet = pkpd.simulate(text, until="6 h", every="1 h")
    assert not quiet.outputs[f"{drug}_plasma_mg_L"].any() and not quiet.outputs[f"{drug}_brain_mg_L"].any()


@pytest.mark.parametrize(("text", "word"), [("lorazepam 2 mg/m2", "height_cm"), ("propofol 2 mg/m2/h", "height_cm")])
def test_a_missing_height_is_refused_where_it_matters(text: str, word: str) -> None:
    child = pkpd.Patient(age_y=5, weight_kg=20)
    with pytest.raises(RegimenError, match=f"order 1.*{word}"):
        administer(parse_regimen(text), child, 24.0)
    assert administer(parse_regimen("lorazepam 0.1 mg/kg"), child, 24.0)[0].amount == 2.0


def test_the_table_of_orders() -> None:
    text = "lorazepam 0.1 mg/kg iv max 4 mg at 5 min; fosphenytoin 20 mg PE/kg rate 150 mg PE/min at 10 min"
    two = [pkpd.Patient(age_y=40, weight_kg=w, height_cm=170) for w in (30.0, 80.0)]
    table = pkpd.simulate(f"{text}; midazolam 5 mg im at 2 d", two, until="24 h", every="1 h").orders
    assert list(table.columns) == ORDER_COLUMNS
    assert table["id"].tolist() == [1, 1, 1, 2, 2, 2]
    assert table["order"].tolist() == [1, 2, 3] * 2
    assert table["amount"].tolist() == [3.0, 600.0, 5.0, 4.0, 1600.0, 5.0]
    assert table["amount_unit"].tolist() == ["mg", "mg PE", "mg"] * 2
    assert table["route"].tolist() == ["iv", "iv", "im"] * 2
    assert_allclose(table["time_h"], [5 * MINUTE, 10 * MINUTE, 48.0] * 2, rtol=1e-12)
    assert_allclose(table["duration_h"], [0.0, 600 / 9000, 0.0, 0.0, 1600 / 9000, 0.0], rtol=1e-12)
    assert table["given"].tolist() == [True, True, False] * 2
    assert table["text"][0] == "lorazepam 0.1 mg/kg iv max 4 mg at 5 min"
