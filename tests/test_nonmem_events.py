"""NONMEM's answers to 24 dosing histories, as they stand and rewritten with RATE -1 and -2."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import pkpd

FOLDER = Path(__file__).parent / "data" / "nonmem_events"
events = pd.read_csv(FOLDER / "events.csv")
cases = pd.read_csv(FOLDER / "cases.csv").set_index("CASE")
BARE = {"CL": 1.1, "V1": 20, "KA": 1.5, "F2": "BIOAV", "ALAG2": "LAGT"}
# NONMEM prints five significant digits: half a unit of the last one is at most 5e-5 of the value.
RTOL = 1e-4


def records(case: str) -> pd.DataFrame:
    return events[case == events.CASE].reset_index(drop=True)


def assert_as_nonmem(case: str, data: pd.DataFrame, parameters: dict) -> None:
    found = pkpd.predict(data, "1cmt oral", parameters)["IPRED"] * 1000
    compared = cases.COMPARE_FROM_TIME[case] <= data.TIME
    np.testing.assert_allclose(found[compared], data.CP_NONMEM[compared], rtol=RTOL, atol=1e-6 * data.CP_NONMEM.max())


def durations(data: pd.DataFrame) -> pd.Series:
    """How long each dose record runs: AMT x F / RATE, D where RATE is -2 already, 0 for a bolus."""
    bioavailability = np.where(data.CMT == 2, data.BIOAV, 1.0)
    by_rate = data.AMT * bioavailability / data.RATE.where(data.RATE > 0)
    return by_rate.fillna(0.0).where(data.RATE != -2, data.DUR2)


def test_all_cases_are_there():
    assert len(cases) == 24 and set(cases.index) == set(events.CASE)


@pytest.mark.parametrize("case", cases.index)
def test_case_as_it_stands(case):
    assert_as_nonmem(case, records(case), {**BARE, "R2": "RAT2", "D2": "DUR2"})


@pytest.mark.parametrize("case", cases.index)
def test_case_with_durations_from_the_parameters(case):
    data = records(case)
    data["DURATION"] = durations(data)
    data["RATE"] = np.where(data.AMT > 0, -2, 0)
    assert_as_nonmem(case, data, {**BARE, "D1": "DURATION", "D2": "DURATION"})


@pytest.mark.parametrize("case", [case for case in cases.index if (records(case).RATE != 0).any()])
def test_case_with_rates_from_the_parameters(case):
    data = records(case)
    length = durations(data)
    given = data.RATE.where(data.RATE >= 0, data.AMT * data.BIOAV / length)
    data["GIVEN"] = given
    data["RATE"] = np.where(given > 0, -1, 0)
    assert_as_nonmem(case, data, {**BARE, "R1": "GIVEN", "R2": "GIVEN"})


def test_all_cases_in_one_data_set_change_nothing():
    data = events.assign(ID=events.CASE)
    together = pkpd.predict(data, "1cmt oral", {**BARE, "R2": "RAT2", "D2": "DUR2"})["IPRED"]
    alone = [
        pkpd.predict(records(case), "1cmt oral", {**BARE, "R2": "RAT2", "D2": "DUR2"})["IPRED"] for case in cases.index
    ]
    assert together.tolist() == pd.concat(alone).tolist()  # bitwise: a subject does not see the others
