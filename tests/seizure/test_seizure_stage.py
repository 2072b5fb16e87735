"""Stages of the illness against their definitions: 5 min, 10 min after an adequate benzodiazepine, 20 min after an
adequate second-line load, 24 h after the start of anaesthesia or relapse when it ends; episodes end after 20 min off.
"""

import numpy as np
import pytest

import pkpd
from pkpd.library.receptor_file import load_receptors
from pkpd.regimen.regimen import parse_regimen
from pkpd.seizure.stage import spells, stage_course
from pkpd.systems.dosing import administer

WEIGHT = 75.0
NEVER_OFF = ()


def course(regimen, changes=NEVER_OFF, hours=2.0, onset_h=0.0):
    """Stages of a seizure that is on from 0 and changes at these minutes."""
    table = np.array([(minute, 1.0 - (i + 1) % 2) for i, minute in enumerate(changes)]).reshape(-1, 2)
    orders = parse_regimen(regimen)
    who = pkpd.Patient(age_y=35, weight_kg=WEIGHT)
    given = administer(orders, who, hours)
    found = spells(table, (hours - onset_h) * 60.0, 20.0)
    return stage_course(found, given, orders, WEIGHT, onset_h, load_receptors())


def at(found, *minutes):
    return found.at(np.array(minutes, dtype=float)).astype(int).tolist()


def test_seizure_and_status():
    assert at(course(""), -1, 0, 4.9, 5, 100) == [0, 1, 1, 2, 2]
    assert at(course("", changes=(3,)), 0, 2.9, 3, 50) == [1, 1, 0, 0]


def test_a_return_within_20_minutes_is_the_same_episode():
    again = course("", changes=(3, 10))
    assert at(again, 2, 5, 10, 11) == [1, 0, 2, 2]
    new = course("", changes=(3, 30))
    assert at(new, 2, 5, 30, 34.9, 35) == [1, 0, 1, 1, 2]
    assert again.longest(120.0) == 120.0 and new.longest(120.0) == 90.0


@pytest.mark.parametrize(
    ("regimen", "begins"),
    [
        ("lorazepam 4 mg iv over 2 min at 10 min", 22),
        ("lorazepam 2 mg iv at 10 min", None),
        ("lorazepam 2 mg iv at 10 min; lorazepam 2 mg iv at 15 min", 25),
        ("midazolam 10 mg im at 10 min", 20),
        ("midazolam 0.13 mg/kg iv at 10 min", None),
        ("diazepam 0.15 mg/kg iv at 10 min", 20),
        ("midazolam 0.2 mg/kg/h iv at 10 min", None),
    ],
)
def test_established_10_minutes_after_an_adequate_benzodiazepine(regimen, begins):
    found = course(regimen)
    if begins is None:
        assert at(found, 119) == [2]
    else:
        assert at(found, begins - 0.1, begins) == [2, 3]


@pytest.mark.parametrize(
    ("order", "adequate"),
    [
        ("fosphenytoin 15 mg PE/kg iv over 10 min", True), ("fosphenytoin 14 mg PE/kg iv over 10 min", False),
        ("levetiracetam 40 mg/kg iv over 10 min", True), ("levetiracetam 1000 mg iv over 10 min", False),
        ("valproate 20 mg/kg iv over 10 min", True), ("phenobarbital 15 mg/kg iv over 10 min", True),
        ("phenytoin 15 mg/kg iv over 10 min", True), ("ketamine 2 mg/kg iv over 10 min", False),
    ],
)  # fmt: skip
def test_refractory_20_minutes_after_the_end_of_a_second_line_load(order, adequate):
    found = course(f"lorazepam 4 mg iv at 5 min; {order} at 20 min")
    assert at(found, 15, 49.9, 50) == [3, 3, 4 if adequate else 3]


def test_doses_of_an_earlier_episode_do_not_count():
    found = course("lorazepam 4 mg iv at 5 min", changes=(8, 60))
    assert at(found, 61, 66, 119) == [1, 2, 2]


def test_super_refractory_after_a_day_of_anaesthesia():
    found = course("midazolam 0.2 mg/kg/h iv at 1 h", hours=30.0)
    assert at(found, 24 * 60, 25 * 60 - 0.1, 25 * 60) == [2, 2, 5]


def test_super_refractory_when_it_comes_back_at_the_end_of_anaesthesia():
    regimen = "propofol 3 mg/kg/h iv at 1 h; propofol 5 mg/kg/h iv for 3 h at 2 h"  # one stretch, 1 to 5 h
    found = course(regimen, changes=(70, 320), hours=12.0)
    assert at(found, 69, 100, 319, 320) == [2, 0, 0, 5]
    assert found.failed_weans == 1
    late = course(regimen, changes=(70, 5 * 60 + 24 * 60 + 1), hours=40.0)
    assert late.failed_weans == 0 and at(late, 5 * 60 + 24 * 60 + 2) == [1]
    during = course(regimen, changes=(70, 200), hours=12.0)
    assert during.failed_weans == 0 and at(during, 201) == [1]


def test_a_seizure_that_never_stopped_does_not_come_back():
    assert at(course("propofol 3 mg/kg/h iv for 1 h at 1 h", hours=10.0), 130, 599) == [2, 2]


def test_the_clock_counts_from_the_onset():
    found = course("lorazepam 4 mg iv at 20 min", onset_h=0.25)
    assert at(found, 14.9, 15) == [2, 3]  # the dose 5 min after the onset
