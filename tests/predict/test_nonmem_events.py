"""NONMEM's answers to 24 dosing histories, as they stand and rewritten with RATE -1 and -2."""

import numpy as np
import pandas as pd
import pytest

import pkpd
from validation.nonmem import AS_IT_STANDS, BARE, RTOL, cases, compare, events, records

CASES = list(cases().index)


def assert_as_nonmem(case: str, data: pd.DataFrame, parameters: dict) -> None:
    found, expected = answers = compare(case, data, parameters)
    np.testing.assert_allclose(found, expected, rtol=RTOL, atol=answers.floor)


def durations(data: pd.DataFrame) -> pd.Series:
    """How long each dose record runs: AMT x F / RATE, D where RATE is -2 already, 0 for a bolus."""
    bioavailability = np.where(data.CMT == 2, data.BIOAV, 1.0)
    by_rate = data.AMT * bioavailability / data.RATE.where(data.RATE > 0)
    return by_rate.fillna(0.0).where(data.RATE != -2, data.DUR2)


def test_all_cases_are_there():
    assert len(CASES) == 24 and set(CASES) == set(events().CASE)


@pytest.mark.parametrize("case", CASES)
def test_case_as_it_stands(case):
    assert_as_nonmem(case, records(case), AS_IT_STANDS)


@pytest.mark.parametrize("case", CASES)
def test_case_with_durations_from_the_parameters(case):
    data = records(case)
    data["DURATION"] = durations(data)
    data["RATE"] = np.where(data.AMT > 0, -2, 0)
    assert_as_nonmem(case, data, {**BARE, "D1": "DURATION", "D2": "DURATION"})


@pytest.mark.parametrize("case", [case for case in CASES if (records(case).RATE != 0).any()])
def test_case_with_rates_from_the_parameters(case):
    data = records(case)
    length = durations(data)
    given = data.RATE.where(data.RATE >= 0, data.AMT * data.BIOAV / length)
    data["GIVEN"] = given
    data["RATE"] = np.where(given > 0, -1, 0)
    assert_as_nonmem(case, data, {**BARE, "R1": "GIVEN", "R2": "GIVEN"})


def test_all_cases_in_one_data_set_change_nothing():
    data = events().assign(ID=events().CASE)
    together = pkpd.predict(data, "1cmt oral", AS_IT_STANDS)["IPRED"]
    alone = [pkpd.predict(records(case), "1cmt oral", AS_IT_STANDS)["IPRED"] for case in CASES]
    assert together.tolist() == pd.concat(alone).tolist()  # bitwise: a subject does not see the others
