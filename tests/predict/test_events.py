"""One rule of dosing records a test, against a superposition of single doses by eigenvalues."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pkpd
from pkpd.errors import SolverError

ORAL = {"CL": 3.0, "V1": 20.0, "KA": 1.2}
# The oracle is good to about 1e-13 and the engine to 1e-12; a wrong rule shows in the first digits.
RTOL, ATOL = 1e-9, 1e-14
# Doses of the past that stand for a steady state: with a rate constant of 0.15 1/h and 6 h between them, the older ones
# add less than exp(-54).
PAST = 60


def matrix(cl=3.0, v1=20.0, ka=1.2):
    """One compartment with a depot: states depot, central."""
    return np.array([[-ka, 0.0], [ka, -cl / v1]])


def exponential(a, t):
    """exp(a t) at every t, shape (n_times, n, n); the rate constants of these tests are well apart."""
    values, vectors = np.linalg.eig(a)
    return ((vectors * np.exp(values * t[:, None])[:, None, :]) @ np.linalg.inv(vectors)).real


def one_dose(a, when, state, amount, duration, times):
    """Amounts at `times`, shape (n_times, n_states), after one dose into `state`; a duration makes it an infusion."""
    n = len(a)
    since = np.asarray(times, dtype=float) - when
    after = np.maximum(since, 0.0)
    if duration == 0:
        amounts = exponential(a, after)[:, :, state] * amount
    else:
        augmented = np.zeros((n + 1, n + 1))
        augmented[:n, :n] = a
        augmented[state, n] = amount / duration
        running = exponential(augmented, np.minimum(after, duration))[:, :n, n:]
        amounts = (exponential(a, np.maximum(after - duration, 0.0)) @ running)[:, :, 0]
    return np.where(since[:, None] < 0, 0.0, amounts)


def oracle(doses, times, a=None, v1=20.0):
    """Concentration in the second state of `a` after doses (time, compartment, amount, duration)."""
    a = matrix() if a is None else a
    return sum(one_dose(a, w, c - 1, x, d, times)[:, 1] for w, c, x, d in doses) / v1


def rows(*records, **constant):
    """A data set of one ID from dictionaries; what is not named is 0."""
    return pd.DataFrame([{"ID": 1, "AMT": 0.0, "EVID": 0, "CMT": 1} | constant | r for r in records]).fillna(0)


def observed(*times):
    return [{"TIME": t} for t in times]


def predict(data, parameters=ORAL, model="1cmt oral", **options):
    return pkpd.predict(data, model, parameters, **options)["IPRED"].to_numpy()


def test_evid_0_changes_nothing_and_evid_1_doses():
    data = rows(*observed(0), {"TIME": 1, "AMT": 100, "EVID": 1}, *observed(1, 2, 9))
    assert_allclose(predict(data), oracle([(1, 1, 100, 0)], [0, 1, 1, 2, 9]), rtol=RTOL, atol=ATOL)


def test_evid_2_changes_nothing_but_covariates():
    data = rows({"TIME": 0, "AMT": 100, "EVID": 1, "CMT": 2}, {"TIME": 2, "EVID": 2}, *observed(6))
    data["CLI"] = [3.0, 6.0, 6.0]
    expected = 100 / 20 * np.exp(-np.cumsum([0, 2 * 3 / 20, 4 * 6 / 20]))
    assert_allclose(predict(data, {**ORAL, "CL": "CLI"}), expected, rtol=RTOL, atol=ATOL)


def test_evid_3_clears_and_time_may_restart():
    data = rows({"TIME": 0, "AMT": 100, "EVID": 1, "II": 4, "ADDL": 9}, *observed(5), {"TIME": 0, "EVID": 3})
    data = pd.concat([data, rows(*observed(3), {"TIME": 4, "AMT": 50, "EVID": 1}, *observed(7))]).fillna(0)
    found = predict(data)
    assert found[2] == 0 and found[3] == 0  # neither the amounts nor the additional doses survive
    assert_allclose(found[-1:], oracle([(4, 1, 50, 0)], [7]), rtol=RTOL, atol=ATOL)


def test_evid_4_clears_and_doses():
    data = rows({"TIME": 0, "AMT": 100, "EVID": 1, "CMT": 2}, {"TIME": 3, "AMT": 40, "EVID": 4, "CMT": 2}, *observed(5))
    assert_allclose(predict(data), [5, 2, oracle([(3, 2, 40, 0)], [5])[0]], rtol=RTOL, atol=ATOL)


def test_without_an_evid_column_amt_makes_the_dose():
    data = rows({"TIME": 0, "AMT": 100}, *observed(2)).drop(columns=["EVID", "CMT"])
    assert_allclose(predict(data), oracle([(0, 1, 100, 0)], [0, 2]), rtol=RTOL, atol=ATOL)


def test_missing_cells_are_zero_and_cmt_zero_is_the_first_compartment():
    data = rows({"TIME": 0, "AMT": 100, "EVID": 1, "CMT": 0}, *observed(2)).astype(object)
    data.loc[1, ["AMT", "CMT"]] = ["."] * 2
    data.loc[1, "EVID"] = None
    assert_allclose(predict(data), oracle([(0, 1, 100, 0)], [0, 2]), rtol=RTOL, atol=ATOL)


def test_additional_doses_are_doses():
    data = rows({"TIME": 1, "AMT": 100, "EVID": 1, "II": 6, "ADDL": 3}, *observed(3, 7, 8, 20, 30))
    doses = [(1 + 6 * k, 1, 100, 0) for k in range(4)]
    assert_allclose(predict(data), oracle(doses, data.TIME), rtol=RTOL, atol=ATOL)


def test_a_dose_computed_to_fall_on_a_record_acts_before_it():
    data = rows({"TIME": 0, "AMT": 100, "EVID": 1, "CMT": 2, "II": 0.1, "ADDL": 3}, *observed(0.3))
    doses = [(x, 2, 100, 0) for x in (0, 0.1, 0.2, 0.3)]  # 3 x 0.1 is 0.30000000000000004
    assert_allclose(predict(data)[1:], oracle(doses, [0.3]), rtol=RTOL, atol=ATOL)


def test_infusion_ends_by_itself():
    data = rows({"TIME": 1, "AMT": 100, "EVID": 1, "CMT": 2, "RATE": 40}, *observed(2, 3.5, 8))
    assert_allclose(predict(data), oracle([(1, 2, 100, 2.5)], data.TIME), rtol=RTOL, atol=ATOL)


def test_overlapping_infusions_add():
    data = rows(
        {"TIME": 0, "AMT": 100, "EVID": 1, "CMT": 2, "RATE": 20},
        {"TIME": 1, "AMT": 30, "EVID": 1, "CMT": 2, "RATE": 10},
        *observed(3, 6, 12),
    )
    assert_allclose(predict(data), oracle([(0, 2, 100, 5), (1, 2, 30, 3)], data.TIME), rtol=RTOL, atol=ATOL)


def test_f_changes_the_amount_and_with_a_given_rate_the_duration():
    data = rows(
        {"TIME": 0, "AMT": 100, "EVID": 1}, {"TIME": 2, "AMT": 80, "EVID": 1, "CMT": 2, "RATE": 20}, *observed(3, 5, 9)
    )
    found = predict(data, {**ORAL, "F1": 0.7, "F2": 0.5})
    assert_allclose(found, oracle([(0, 1, 70, 0), (2, 2, 40, 2)], data.TIME), rtol=RTOL, atol=ATOL)


def test_rate_minus_1_takes_r_and_f_changes_the_duration():
    data = rows({"TIME": 0, "AMT": 100, "EVID": 1, "CMT": 2, "RATE": -1}, *observed(1, 3, 9))
    found = predict(data, {**ORAL, "R2": 25, "F2": 0.5})
    assert_allclose(found, oracle([(0, 2, 50, 2)], data.TIME), rtol=RTOL, atol=ATOL)


def test_rate_minus_2_takes_d_and_f_changes_the_rate():
    data = rows({"TIME": 0, "AMT": 100, "EVID": 1, "CMT": 2, "RATE": -2}, *observed(1, 3, 9))
    found = predict(data, {**ORAL, "D2": 4, "F2": 0.5})
    assert_allclose(found, oracle([(0, 2, 50, 4)], data.TIME), rtol=RTOL, atol=ATOL)


def test_duration_0_from_the_parameters_is_a_bolus():
    data = rows({"TIME": 0, "AMT": 100, "EVID": 1, "CMT": 2, "RATE": -2}, *observed(1))
    assert_allclose(predict(data, {**ORAL, "D2": 0}), oracle([(0, 2, 100, 0)], [0, 1]), rtol=RTOL, atol=ATOL)


def test_lag_delays_the_doses_of_its_compartment():
    data = rows(
        {"TIME": 0, "AMT": 100, "EVID": 1, "II": 5, "ADDL": 1},
        {"TIME": 0, "AMT": 10, "EVID": 1, "CMT": 2, "RATE": 5},
        *observed(1, 1.5, 4, 6.5, 12),
    )
    doses = [(1.5, 1, 100, 0), (6.5, 1, 100, 0), (0, 2, 10, 2)]
    assert_allclose(predict(data, {**ORAL, "ALAG1": 1.5}), oracle(doses, data.TIME), rtol=RTOL, atol=ATOL)


def test_dose_parameters_come_from_the_dose_record_for_its_additional_doses_too():
    data = rows({"TIME": 0, "AMT": 100, "EVID": 1, "II": 4, "ADDL": 2}, *observed(3), {"TIME": 6, "AMT": 10, "EVID": 1})
    data = pd.concat([data, rows(*observed(7, 12))]).fillna(0)
    data["BIO"], data["LAG"] = [0.5, 0.9, 0.8, 0.9, 0.9], [1.0, 3.0, 2.0, 3.0, 3.0]
    doses = [(1, 1, 50, 0), (5, 1, 50, 0), (9, 1, 50, 0), (8, 1, 8, 0)]
    assert_allclose(
        predict(data, {**ORAL, "F1": "BIO", "ALAG1": "LAG"}), oracle(doses, data.TIME), rtol=RTOL, atol=ATOL
    )


def test_rows_of_one_time_act_in_file_order():
    dose = {"TIME": 2, "AMT": 100, "EVID": 1, "CMT": 2}
    data = rows(*observed(0, 2), dose, *observed(2), dose, *observed(2))
    assert_allclose(predict(data), [0, 0, 5, 5, 10, 10], rtol=RTOL, atol=ATOL)


def test_dose_first_puts_doses_before_the_other_rows_of_their_time():
    dose = {"TIME": 2, "AMT": 100, "EVID": 1, "CMT": 2}
    data = rows(*observed(0, 2), dose, *observed(2), dose, *observed(2, 4))
    expected = [0, 10, 5, 10, 10, 10, 10 * np.exp(-2 * 3 / 20)]
    assert_allclose(predict(data, ties="dose-first"), expected, rtol=RTOL, atol=ATOL)


def test_dose_first_does_not_pass_a_reset_or_another_id():
    one = rows(*observed(0, 2), {"TIME": 2, "EVID": 3}, {"TIME": 2, "AMT": 100, "EVID": 1, "CMT": 2})
    two = rows({"TIME": 2, "AMT": 40, "EVID": 1, "CMT": 2}, *observed(2), ID=2)
    assert_allclose(predict(pd.concat([one, two]), ties="dose-first"), [0, 0, 0, 5, 2, 2], rtol=RTOL, atol=ATOL)


def test_implied_doses_act_before_the_records_of_their_time():
    data = rows({"TIME": 0, "AMT": 100, "EVID": 1, "CMT": 2, "II": 6, "ADDL": 1}, *observed(6))
    assert_allclose(predict(data), oracle([(0, 2, 100, 0), (6, 2, 100, 0)], [0, 6]), rtol=RTOL, atol=ATOL)
    lagged = rows({"TIME": 0, "AMT": 100, "EVID": 1, "CMT": 2}, *observed(6))
    assert_allclose(predict(lagged, {**ORAL, "ALAG2": 6}), [0, 5], rtol=RTOL, atol=ATOL)


@pytest.mark.parametrize("lag", [0.0, 2.5, 6.0, 13.7, 24.0])
@pytest.mark.parametrize("rate", [0.0, 50.0, 10.0], ids=["bolus", "infusion", "infusion longer than II"])
@pytest.mark.parametrize("cmt", [1, 2])
def test_steady_state_is_a_long_history(cmt, rate, lag):
    """With II 6: infusions of 2 h and 10 h, and lags below, at and above II, whose doses are still to come."""
    data = rows(
        {"TIME": 3, "AMT": 100, "EVID": 1, "CMT": cmt, "RATE": rate, "II": 6, "SS": 1, "ADDL": 1},
        *observed(3, 4, 5.5, 9, 10.7, 16.7, 20, 40),
    )
    duration = 100 / rate if rate else 0.0
    doses = [(3 + lag + 6 * k, cmt, 100, duration) for k in range(-PAST, 2)]
    found = predict(data, {**ORAL, f"ALAG{cmt}": lag})
    assert_allclose(found, oracle(doses, data.TIME), rtol=RTOL, atol=ATOL)


def test_steady_state_1_cancels_what_was_before():
    data = rows(
        {"TIME": 0, "AMT": 100, "EVID": 1, "CMT": 2, "RATE": 10},
        {"TIME": 1, "AMT": 70, "EVID": 1, "II": 2, "ADDL": 9},
        {"TIME": 4, "AMT": 50, "EVID": 1, "CMT": 2, "II": 12, "SS": 1},
        *observed(4, 8, 20),
    )
    doses = [(4 + 12 * k, 2, 50, 0) for k in range(-PAST, 1)]
    assert_allclose(predict(data)[2:], oracle(doses, [4, 4, 8, 20]), rtol=RTOL, atol=ATOL)


def test_steady_state_2_adds_to_what_was_before():
    data = rows(
        {"TIME": 0, "AMT": 100, "EVID": 1, "CMT": 2, "RATE": 10},
        {"TIME": 1, "AMT": 70, "EVID": 1, "II": 2, "ADDL": 9},
        {"TIME": 4, "AMT": 50, "EVID": 1, "CMT": 2, "II": 12, "SS": 2},
        *observed(4, 8, 30),
    )
    doses = [(0, 2, 100, 10)] + [(1 + 2 * k, 1, 70, 0) for k in range(10)]
    doses += [(4 + 12 * k, 2, 50, 0) for k in range(-PAST, 1)]
    assert_allclose(predict(data)[2:], oracle(doses, [4, 4, 8, 30]), rtol=RTOL, atol=ATOL)


def test_reset_and_steady_state_in_one_record():
    data = rows(
        {"TIME": 0, "AMT": 100, "EVID": 1, "II": 2, "ADDL": 9},
        {"TIME": 1, "AMT": 50, "EVID": 4, "II": 12, "SS": 2},
        *observed(5),
    )
    doses = [(1 + 12 * k, 1, 50, 0) for k in range(-PAST, 1)]
    assert_allclose(predict(data)[1:], oracle(doses, [1, 5]), rtol=RTOL, atol=ATOL)


def test_constant_infusion_at_steady_state_ends_with_its_record():
    """CL times the concentration is the rate; after the record there is washout only."""
    data = rows({"TIME": 0, "EVID": 1, "CMT": 2, "RATE": 12, "SS": 1}, *observed(0, 5))
    assert_allclose(predict(data), [4, 4, 4 * np.exp(-5 * 3 / 20)], rtol=RTOL, atol=ATOL)


def test_constant_infusion_goes_on_for_the_lag_and_may_take_its_rate_from_the_parameters():
    data = rows({"TIME": 0, "EVID": 1, "CMT": 2, "RATE": -1, "SS": 1}, *observed(2, 5))
    found = predict(data, {**ORAL, "R2": 12, "ALAG2": 2, "F2": 0.5})  # F changes durations, not rates
    assert_allclose(found, [4, 4, 4 * np.exp(-3 * 3 / 20)], rtol=RTOL, atol=ATOL)


def test_constant_infusion_without_evid_column():
    data = rows({"TIME": 0, "CMT": 2, "RATE": 12, "SS": 1}, *observed(5)).drop(columns="EVID")
    assert_allclose(predict(data)[0], 4, rtol=RTOL, atol=ATOL)


@pytest.mark.parametrize(("rule", "clearances"), [("locf", [2.0, 5.0]), ("nocb", [5.0, 3.0])])
def test_parameters_between_records(rule, clearances):
    """A row's value holds until the next row (locf), or over the interval that ends at the row (nocb)."""
    data = rows({"TIME": 0, "AMT": 100, "EVID": 1, "CMT": 2}, *observed(4, 6))
    data["CLI"] = [2.0, 5.0, 3.0]
    spent = np.cumsum([0.0, 4 * clearances[0] / 20, 2 * clearances[1] / 20])
    assert_allclose(predict(data, {**ORAL, "CL": "CLI"}, covariates=rule), 5 * np.exp(-spent), rtol=RTOL, atol=ATOL)


def test_state_is_amounts_when_the_volume_changes():
    data = rows({"TIME": 0, "AMT": 100, "EVID": 1, "CMT": 2}, *observed(4, 6))
    data["V"] = [20.0, 40.0, 40.0]
    found = predict(data, {**ORAL, "V1": "V"})
    assert_allclose(found, [5, 2.5 * np.exp(-4 * 3 / 20), 2.5 * np.exp(-4 * 3 / 20 - 2 * 3 / 40)], rtol=RTOL, atol=ATOL)


def test_steady_state_takes_the_parameters_of_its_record():
    data = rows(*observed(0), {"TIME": 2, "EVID": 1, "CMT": 2, "RATE": 12, "SS": 1}, *observed(3))
    data["CLI"] = [1.0, 3.0, 6.0]
    for rule, clearance in (("locf", 3.0), ("nocb", 6.0)):
        found = predict(data, {**ORAL, "CL": "CLI"}, covariates=rule)
        assert_allclose(found, [0, 4, 4 * np.exp(-clearance / 20)], rtol=RTOL, atol=ATOL)


def test_doses_into_a_peripheral_compartment():
    a = np.array([[-8 / 30, 8 / 20], [8 / 30, -11 / 20]])  # peripheral, central
    data = rows({"TIME": 0, "AMT": 100, "EVID": 1, "CMT": 2}, *observed(3, 9))
    found = predict(data, {"CL": 3, "V1": 20, "Q": 8, "Vp": 30}, "2cmt")
    assert_allclose(found, oracle([(0, 1, 100, 0)], data.TIME, a), rtol=RTOL, atol=ATOL)


def test_rows_after_the_last_dose_of_many_cost_nothing():
    """A dose regimen that goes on for years is cut at the last record."""
    data = rows({"TIME": 0, "AMT": 100, "EVID": 1, "II": 1, "ADDL": 10**9}, *observed(2))
    assert_allclose(predict(data), oracle([(k, 1, 100, 0) for k in range(3)], [0, 2]), rtol=RTOL, atol=ATOL)


@pytest.mark.parametrize("factor", [2.0, 60.0, 0.01])
def test_unit_of_time_changes_nothing(factor):
    data = rows(
        {"TIME": 3, "AMT": 100, "EVID": 1, "CMT": 2, "RATE": 20, "II": 6, "SS": 1, "ADDL": 2}, *observed(4, 9, 17, 30)
    )
    other = data.assign(TIME=data.TIME * factor, II=data.II * factor, RATE=data.RATE / factor)
    scaled = {"CL": 3 / factor, "V1": 20, "KA": 1.2 / factor, "ALAG2": 2.5 * factor}
    assert_allclose(predict(other, scaled), predict(data, {**ORAL, "ALAG2": 2.5}), rtol=RTOL, atol=ATOL)


def test_constant_infusion_at_saturable_steady_state():
    """VM C / (KM + C) is the rate: C = KM rate / (VM - rate)."""
    data = rows({"TIME": 0, "EVID": 1, "RATE": 12, "SS": 1}, *observed(0))
    found = predict(data, {"V1": 20, "VM": 20, "KM": 5}, "1cmt mm")
    assert_allclose(found, 5 * 12 / (20 - 12), rtol=1e-6)


def test_no_steady_state_names_the_id():
    good = rows({"TIME": 0, "EVID": 1, "RATE": 12, "SS": 1}, *observed(5))
    bad = rows({"TIME": 0, "AMT": 300, "EVID": 1, "II": 12, "SS": 1}, *observed(5))
    data = pd.concat([good.assign(ID="Ann"), bad.assign(ID="Bob")]).fillna(0)
    with pytest.raises(SolverError, match="data ID Bob: .*steady state"):
        predict(data, {"V1": 20, "VM": 20, "KM": 5}, "1cmt mm")
