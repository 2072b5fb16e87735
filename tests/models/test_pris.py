"""The infusion syndrome against the published output table, closed forms, scipy, and laws of exposure and time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import solve_ivp

from pkpd.models.pris import AMBER, COLUMNS, GREEN, RED, course
from validation.infusion_syndrome import CONSTANTS as C
from validation.infusion_syndrome import EXPOSURES


def infusion(rate, hours, until=None, hr=1.0, times=(0.0,)):
    return course(times, [0.0, hours], [rate, 0.0], [], [], hours if until is None else until, hr, C)


def running(rate, until, hr=1.0):
    """An infusion that goes on at the end of the run."""
    return course([0.0], [0.0], [rate], [], [], until, hr, C)


@pytest.mark.parametrize("exposure", EXPOSURES)
def test_published_table_within_ten_percent(exposure):
    assert all(exposure.met().values()), (exposure, exposure.ours())


@pytest.mark.parametrize("hr", [1.0, 8.0])
def test_nothing_given_leaves_everything_at_rest(hr):
    times = np.linspace(0.0, 200.0, 101)
    found = course(times, [], [], [], [], 200.0, hr, C)
    rest = {"lactate_mmol_L": 1.2, "ck_U_L": 150.0, "triglycerides_mg_dL": 130.0}
    for name in COLUMNS:
        assert_array_equal(found.columns[name], np.full(times.size, rest.get(name, 0.0)), err_msg=name)
    assert found.highest_alert == GREEN and found.hours_on == 0.0


def test_against_scipy_over_steps_a_load_and_a_pause():
    steps = [(0.0, 7.0), (20.0, 3.0), (50.0, 0.0), (60.0, 9.0)]
    until, hr, bolus_at, bolus = 90.0, 2.0, 20.0, 3.0
    times = np.array([0.3, 5.0, 19.99, 20.0, 41.7, 49.0, 55.0, 61.0, 77.7, 89.9])

    def slope(t, y, rate, run):
        re, clock, _, m, tg, ck = y
        ramp = (clock / 48.0) ** 2 / (1.0 + (clock / 48.0) ** 2)
        hazard = 0.0042 / 24.0 * np.exp(0.6575 * (min(re, 8.0) - 2.0)) * ramp * re / (re + 0.5) * hr
        aim = min(re**3 / (re**3 + 216.0) * (1.0 + 0.15 * (hr - 1.0)), 1.0)
        fat = (130.0 + 60.0 * re) / (1.0 - 0.6 * m)
        return (rate - re) / 6.0, run, hazard, (aim - m) / 36.0, (fat - tg) / 24.0, 4.5 + 700.0 * m**3 - 0.03 * ck

    y, expected = np.array([0.0, 0.0, 0.0, 0.0, 130.0, 150.0]), []
    for number, (start, rate) in enumerate(steps):
        stop = steps[number + 1][0] if number + 1 < len(steps) else until
        y[0] += bolus / 6.0 if start == bolus_at else 0.0
        inside = times[(times >= start) & (times < stop)]
        path = solve_ivp(
            slope, (start, stop), y, "DOP853", np.append(inside, stop), rtol=1e-11, atol=1e-12, max_step=0.1,
            args=(rate, float(rate > 0.0)),
        ).y  # fmt: skip
        expected.append(path[:, :-1])
        y = path[:, -1].copy()
    _, _, hazard, m, tg, ck = np.concatenate(expected, axis=1)
    found = course(times, *zip(*steps), [bolus_at], [bolus], until, hr, C).columns
    # Half-hour steps of fourth order against a shortest time constant of 6 h; the first hour's risk is of order 1e-7.
    assert_allclose(found["risk"], -np.expm1(-hazard), rtol=1e-4, atol=1e-8)
    assert_allclose(found["mitochondrial_impairment"], m, rtol=1e-5, atol=1e-7)
    assert_allclose(found["triglycerides_mg_dL"], tg, rtol=1e-5)
    assert_allclose(found["ck_U_L"], ck, rtol=1e-5)
    assert_allclose(found["lactate_mmol_L"], 1.2 * (1.0 + 9.0 * m**2), rtol=1e-5)


def test_interval_is_what_a_large_sample_gives():
    rng = np.random.default_rng(3)
    n, t = 40_000, np.linspace(0.0, 72.0, 721)
    slopes = np.maximum(0.6575 + 0.277 * rng.standard_normal(n), 0.2)
    levels = 0.0042 / 24.0 * np.exp(0.33 * rng.standard_normal(n))
    re, ramp = 5.0 * -np.expm1(-t / 6.0), (t / 48.0) ** 2 / (1.0 + (t / 48.0) ** 2)
    grid = np.linspace(0.2, 2.2, 101)
    ratio = np.minimum(np.exp(grid[:, None] * (re - 2.0)), 100.0)
    cumulated = np.trapezoid(ratio * ramp * re / (re + 0.5), t, axis=1)
    risk = -np.expm1(-levels * np.interp(slopes, grid, cumulated))
    end = running(5.0, 72.0).end
    # Four standard errors of a 2.5 % quantile of 40,000 are about 5 % of these.
    assert_allclose([end["risk_low"], end["risk_high"]], np.quantile(risk, [0.025, 0.975]), rtol=0.05)


rates = st.floats(0.01, 15.0)
hours = st.floats(1.0, 150.0)


@settings(max_examples=40, deadline=None)
@given(rates, hours, st.floats(1.0, 3.0), st.floats(1.0, 8.0))
def test_more_never_means_less(rate, duration, factor, hr):
    less = infusion(rate, duration, until=200.0, hr=hr)
    for more in (
        infusion(rate * factor, duration, until=200.0, hr=hr),
        infusion(rate, min(duration * factor, 200.0), until=200.0, hr=hr),
        infusion(rate, duration, until=200.0, hr=min(hr * factor, 8.0)),
    ):
        # Rounding of the cut at the end of an infusion is of order 1e-6 of the value.
        for name in ("risk", "risk_low", "risk_high"):
            assert more.end[name] >= less.end[name] * (1.0 - 1e-5)
        assert more.end["mitochondrial_impairment"] >= less.end["mitochondrial_impairment"] * (1.0 - 1e-5)
        assert more.highest_alert >= less.highest_alert


@settings(max_examples=40, deadline=None)
@given(rates, hours, st.floats(1.0, 8.0), st.lists(st.tuples(st.floats(0, 150), st.floats(0, 5)), max_size=4))
def test_states_stay_within_bounds(rate, duration, hr, boluses):
    at, size = [b[0] for b in boluses], [b[1] for b in boluses]
    times = np.linspace(0.0, 180.0, 181)
    found = course(times, [0.0, duration], [rate, 0.0], at, size, 180.0, hr, C).columns
    assert np.all((found["risk_low"] <= found["risk"]) & (found["risk"] <= found["risk_high"]))
    assert np.all((found["risk_low"] >= 0.0) & (found["risk_high"] <= 1.0))
    assert np.all((found["mitochondrial_impairment"] >= 0.0) & (found["mitochondrial_impairment"] <= 1.0))
    assert np.all(np.diff(found["risk"]) >= 0.0)
    assert np.all(found["lactate_mmol_L"] >= 1.2) and np.all(found["ck_U_L"] >= 150.0 * (1 - 1e-12))
    assert np.all(found["triglycerides_mg_dL"] >= 130.0 * (1 - 1e-12))


@settings(max_examples=30, deadline=None)
@given(rates, st.lists(st.floats(0.01, 95.99), max_size=6))
def test_split_in_time_changes_nothing(rate, cuts):
    times = np.linspace(0.0, 120.0, 61)
    whole = infusion(rate, 96.0, until=120.0, times=times)
    starts = [0.0, *sorted(cuts)]
    parts = course(times, [*starts, 96.0], [rate] * len(starts) + [0.0], [], [], 120.0, 1.0, C)
    for name in COLUMNS:
        assert_array_equal(parts.columns[name], whole.columns[name], err_msg=name)
    assert parts.highest_alert == whole.highest_alert


def test_values_do_not_depend_on_the_output_times():
    fine, coarse = np.linspace(0.0, 96.0, 1153), np.array([96.0, 24.0])
    a, b = (infusion(6.0, 96.0, times=times).columns for times in (fine, coarse))
    for name in COLUMNS:
        assert_array_equal(a[name][[-1, 288]], b[name], err_msg=name)


def test_run_cut_short_has_the_same_course():
    times = np.linspace(0.0, 30.3, 20)
    a, b = (course(times, [0.0], [6.0], [3.0], [2.0], until, 2.0, C).columns for until in (30.3, 96.0))
    for name in COLUMNS:
        # The interval is interpolated between knots, of which the end of the run is one.
        assert_allclose(a[name], b[name], rtol=1e-4 if name in ("risk_low", "risk_high") else 1e-12, err_msg=name)


def test_many_boluses_are_as_long_as_the_infusion_they_replace():
    at = np.arange(0.0, 72.0, 0.5)
    boluses = course([0.0], [], [], at, np.full(at.size, 2.5), 72.0, 1.0, C)
    steady = running(5.0, 72.0)
    # A bolus of 2.5 mg/kg lifts r_e by 0.42 at once: up to 5.2 instead of 5.0.
    assert steady.end["risk"] < boluses.end["risk"] < 1.3 * steady.end["risk"]
    assert boluses.highest_alert == AMBER


@pytest.mark.parametrize(
    ("rate", "until", "alert"),
    [
        (4.0, 24.0, GREEN),  # 0.6 % at 48 h
        (4.0, 47.0, AMBER),  # 1.4 % predicted for about 72 h
        (2.0, 47.0, GREEN),
        (2.0, 48.0, AMBER),
        (2.0, 60.0, AMBER),
        (4.1, 1.0, AMBER),
        (5.5, 47.0, AMBER),
        (5.5, 48.5, RED),
        (5.0, 60.0, AMBER),
        (6.0, 80.0, RED),
        (8.0, 40.0, RED),  # by the risk ahead
    ],
)
def test_alert(rate, until, alert):
    found = running(rate, until)
    assert found.end["alert"] == alert
    assert found.highest_alert == alert


def test_alert_rises_with_the_modifiers():
    assert running(3.0, 12.0, hr=1.0).highest_alert == GREEN
    assert running(3.0, 30.0, hr=8.0).highest_alert == AMBER
    assert running(3.0, 60.0, hr=8.0).highest_alert == RED


def test_highest_alert_sees_what_lies_between_the_output_times():
    found = course([0.0, 30.0], [0.0, 10.0, 10.5], [2.0, 4.5, 2.0], [], [], 30.0, 1.0, C)
    assert_array_equal(found.columns["alert"], [GREEN, GREEN])
    assert found.highest_alert == AMBER


def test_load_is_no_rate_and_a_rate_no_load():
    load = course([0.0], [0.0, 0.1], [20.0, 2.0], [], [], 24.0, 1.0, C)
    assert load.highest_rate == 2.0 and load.highest_alert == GREEN
    assert_allclose(load.highest_load, 18.0 * 0.1 / 6.0, rtol=0.02)
    taper = course([0.0], [0.0, 0.1, 0.2, 0.3], [9.0, 8.9, 8.8, 2.0], [], [], 24.0, 1.0, C)
    assert taper.highest_rate == 8.8
