"""A dose beyond what its drug file calls plausible is given as written, and said."""

import pytest

import pkpd
from pkpd.library.catalogue import list_drugs, load_drug

ADULT = pkpd.Patient(age_y=40, weight_kg=80)
DRUGS = [name for name in list_drugs() if "dose" in load_drug(name).plausible]


def warned(regimen, who=ADULT):
    return [
        text for text in pkpd.simulate(regimen, who, until="2 h").warnings if "is above" in text and "order" in text
    ]


@pytest.mark.parametrize("name", DRUGS)
def test_the_limit_of_the_drug_file_is_the_limit(name):
    limit, unit = load_drug(name).plausible["dose"].value, "mg PE/kg" if load_drug(name).dose_unit == "PE" else "mg/kg"
    assert not warned(f"{name} {0.9 * limit:.6g} {unit} iv")
    (text,) = warned(f"{name} {1.1 * limit:.6g} {unit} iv")
    assert text.startswith(f"order 1: the dose of {name} {1.1 * limit:.3g} mg/kg is above {limit:g} mg/kg")
    assert "check the amount and its unit" in text


def test_micrograms_written_as_milligrams():
    (text,) = warned("levetiracetam 20 mg/kg iv over 10 min; lorazepam 4000 mg iv at 20 min")
    assert text.startswith("order 2: the dose of lorazepam 50 mg/kg is above 0.5 mg/kg")


def test_infusions_and_rates_have_limits_of_their_own():
    texts = warned("midazolam 60 mg/kg/h iv for 1 h")
    assert [text.split(" of ")[0] for text in texts] == ["order 1: the infusion", "order 1: the rate"]
    assert warned("lorazepam 4 mg iv over 2 s") and not warned("lorazepam 4 mg iv over 2 min")


def test_a_repeated_dose_is_told_once_and_a_dose_that_is_not_given_never():
    assert len(warned("lorazepam 0.6 mg/kg iv every 10 min x 4")) == 1
    assert not warned("lorazepam 0.6 mg/kg iv at 3 h")


def test_a_crowd_is_told_with_its_number():
    people = pkpd.Population(4, seed=1, age_y=40, weight_kg=[60, 70, 80, 90])
    (text,) = warned("lorazepam 0.6 mg/kg iv", people)
    assert text.endswith("(4 of 4 subjects)") and "the dose of lorazepam is above" in text


def test_doses_in_use_are_not_told():
    orders = "lorazepam 0.1 mg/kg iv over 2 min max 4 mg; midazolam 10 mg im; levetiracetam 60 mg/kg iv over 10 min; "
    orders += "fosphenytoin 20 mg PE/kg iv rate 150 mg PE/min; valproate 40 mg/kg iv over 10 min; "
    orders += "phenobarbital 20 mg/kg iv rate 60 mg/min; propofol 2 mg/kg iv; propofol 5 mg/kg/h iv for 1 h"
    assert not warned(orders)
