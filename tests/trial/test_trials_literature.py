"""The shipped trials against the calibrated values of the reference, and against what was published."""

import csv
import math
import tomllib

import pytest

import pkpd
from pkpd.report.trial import arm_rows
from pkpd.trial import enrol

pytestmark = pytest.mark.slow

TRIALS = (
    "phtse va esett propofol_rse rampart rampart_not_given consept consept_2h chamberlain durations "
    "lorazepam_within_30_min lorazepam_after_120_min benzodiazepine_failure rse_share"
).split()
# Median minutes from drug to stop that the calibration prints for its own runs.
MINUTES_TO_STOP = {
    "rampart": {"midazolam 10 mg im": 3.9, "lorazepam 4 mg iv": 2.6},
    "chamberlain": {"lorazepam 0.1 mg/kg": 2.1, "diazepam 0.2 mg/kg": 2.0},
}


@pytest.fixture(scope="module")
def calibration(root):
    """Trial to its rows of `data/trials/calibration.csv`, in the order of the arms."""
    rows = {}
    with open(root / "data" / "trials" / "calibration.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            rows.setdefault(row["trial"], []).append(row)
    return rows


def errors(row, n, endpoint):
    """Expected share, and the standard error of the difference of two simulations.

    The calibration reports the standard deviation of its four runs, which four runs know poorly, and its number of
    subjects: the binomial error of that number is used. For durations the number is not stated, and the sd counts.
    """
    p, m = float(row["share_percent"]) / 100, endpoint.mimic_share
    seizures = (p - m * endpoint.mimic_success) / (1 - m)
    variance = (1 - m) ** 2 * seizures * (1 - seizures)
    sd = float(row["sd_between_runs"]) / 100
    theirs = variance / float(row["subjects"]) if row["subjects"] else sd**2 / 4
    return p, math.sqrt(variance / n + theirs)


# One test a trial, as its arms come from one run of tens of seconds.
@pytest.mark.parametrize("name", TRIALS)
def test_shipped_trials_agree_with_the_calibration(root, calibration, name):
    result = pkpd.trial(root / "data" / "trials" / f"{name}.toml")
    assert [row["arm"] for row in calibration[name]] == result.arms["arm"].tolist()
    far, outside = {}, {}
    for row, arm in zip(calibration[name], result.arms.to_dict("records")):
        expected, error = errors(row, arm["n"], result.design.endpoint)
        if abs(arm["share"] - expected) >= 4 * error:
            far[arm["arm"]] = arm["share"], expected
        if row["inside"] == "yes" and not arm["inside"]:
            outside[arm["arm"]] = arm["share"]
    assert not far and not outside
    shown = [row[-1] for row in arm_rows(result)[1]]
    assert shown == ["yes" if inside else "no" for inside in result.arms["inside"]]
    people = result.subjects
    for arm, minutes in MINUTES_TO_STOP.get(name, {}).items():
        found = people.loc[people["arm"] == arm, "time_to_off_min"].median()
        assert abs(found - minutes) < 0.5, arm  # seizures are read on a grid of half minutes


@pytest.mark.parametrize("delay, percent", [(10, 89), (25, 80), (60, 67), (150, 42), (240, 33)])
def test_lorazepam_works_less_the_later_it_comes(delay, percent):
    """The calibration prints these shares off from 20 to 60 min after 0.1 mg/kg, of all still seizing."""
    n = 400
    tables = {
        "trial": {"name": "delay", "n": n, "seed": 1, "pk_variability": False},
        "population": {"age_y": 35, "weight_kg": 75},
        "start": {"time": delay, "entry": "seizing"},
        "arms": [{"name": "lorazepam", "regimen": "lorazepam 0.1 mg/kg iv over 4.5 min"}],
        "endpoint": {"kind": "off", "off_from": 20, "off_until": 60},
    }
    p = percent / 100
    share = pkpd.trial(tables).arms["share"].iloc[0]
    assert abs(share - p) < 4 * math.sqrt(p * (1 - p) * (1 / n + 1 / 600))  # theirs is one run of 600


@pytest.mark.parametrize("name", ["chamberlain", "rampart", "phtse"])
def test_posterior_draws_cover_the_range_of_the_calibration(root, calibration, name):
    """Medians of 24 draws inside the ranges that the calibration prints for the same draws, and ranges as wide."""
    tables = tomllib.loads((root / "data" / "trials" / f"{name}.toml").read_text(encoding="utf-8"))
    tables["trial"]["n"] = 100
    arms = pkpd.trial(tables, posterior=24).arms
    for row, arm in zip(calibration[name], arms.to_dict("records")):
        low, high = float(row["predictive_low"]) / 100, float(row["predictive_high"]) / 100
        assert low < arm["predictive_median"] < high, arm["arm"]
        # Those ranges hold noise of about 3 points a draw, a hundred subjects have 5.
        assert 0.6 * (high - low) < arm["predictive_high"] - arm["predictive_low"] < (high - low) + 0.2, arm["arm"]


@pytest.fixture(scope="module")
def esett(root):
    tables = tomllib.loads((root / "data" / "trials" / "esett.toml").read_text(encoding="utf-8"))
    tables["trial"]["n"] = 10
    return tables


def test_the_same_alone_and_in_batches(esett, monkeypatch):
    whole = pkpd.trial(esett).subjects
    monkeypatch.setattr(enrol, "_batch", lambda wanted, drawn, enrolled: 23)
    monkeypatch.setattr(enrol, "_SLICES", 1)
    small = pkpd.trial(esett).subjects
    order = ["arm", "id"]
    one, other = (frame.sort_values(order).reset_index(drop=True) for frame in (whole, small))
    assert one.equals(other)


def test_workers_do_not_change_the_numbers(esett):
    one, two = (pkpd.trial(esett, posterior=3, workers=workers) for workers in (1, 2))
    assert one.arms.equals(two.arms) and one.posterior.equals(two.posterior)
