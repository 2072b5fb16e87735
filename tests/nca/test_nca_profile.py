"""Laws of non-compartmental analysis, and its pieces against scipy."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.integrate import quad
from scipy.stats import linregress

from pkpd.nca.curve import _falling, _piece
from pkpd.nca.profile import BOLUS, EXTRAVASCULAR, INFUSION, Profiles, measure

NO_BOUNDS = np.empty((0, 2))
SAMPLES = st.integers(4, 12).flatmap(
    lambda n: st.tuples(
        st.lists(st.floats(0.05, 3), min_size=n, max_size=n), st.lists(st.floats(0.01, 50), min_size=n, max_size=n)
    )
)
KINDS = st.sampled_from([BOLUS, INFUSION, EXTRAVASCULAR])


def profiles(time, conc, kind=EXTRAVASCULAR, infused=0.0, tau=0.0, later=(), later_kind=BOLUS):
    """One profile without samples below quantification."""
    n, doses = len(time), len(later)
    return Profiles(
        np.asarray(time, float),
        np.asarray(conc, float),
        np.zeros(n, dtype=bool),
        np.array([0]),
        np.array([n]),
        np.array([kind]),
        np.array([infused]),
        np.array([tau]),
        np.array(later, float),
        np.full(doses, later_kind),
        np.array([0]),
        np.array([doses]),
    )


def measured(samples, kind, *, log_down=True, bounds=NO_BOUNDS, time=1.0, conc=1.0):
    steps, values = samples
    given = profiles(np.cumsum(steps) * time, np.asarray(values) * conc, kind, 0.5 * time if kind == INFUSION else 0.0)
    return measure(given, np.asarray(bounds, float) * time, log_down=log_down)


@given(SAMPLES, KINDS, st.floats(1e-3, 1e3))
def test_areas_scale_with_concentration_and_the_slope_does_not(samples, kind, factor):
    one, other = measured(samples, kind), measured(samples, kind, conc=factor)
    for name in ("cmax", "c_last", "auc_last", "aumc_last"):
        assert_allclose(getattr(other, name), factor * getattr(one, name), rtol=1e-10)
    assert_allclose(other.n_lambda_z, one.n_lambda_z)
    assert_allclose(other.lambda_z, one.lambda_z, rtol=1e-6)


@given(SAMPLES, KINDS, st.sampled_from([60.0, 1 / 24, 0.25]))
def test_the_unit_of_time_does_not_matter(samples, kind, factor):
    bounds = [(0.0, 1.0), (1.0, 5.0)]
    one, other = measured(samples, kind, bounds=bounds), measured(samples, kind, bounds=bounds, time=factor)
    assert_allclose(other.tmax, factor * one.tmax, rtol=1e-12)
    assert_allclose(other.auc_last, factor * one.auc_last, rtol=1e-10)
    assert_allclose(other.aumc_last, factor**2 * one.aumc_last, rtol=1e-10)
    assert_allclose(other.areas, factor * one.areas, rtol=1e-6)
    assert_allclose(other.n_lambda_z, one.n_lambda_z)


@given(SAMPLES)
def test_the_log_rule_never_gives_more_than_the_linear_one(samples):
    # A log-linear piece is convex and lies below its chord.
    log, straight = (measured(samples, EXTRAVASCULAR, log_down=rule) for rule in (True, False))
    assert log.auc_last[0] <= straight.auc_last[0] * (1 + 1e-13)
    assert_allclose(log.lambda_z, straight.lambda_z)


@given(SAMPLES, KINDS, st.floats(0.1, 0.9))
def test_partial_areas_add_up(samples, kind, share):
    last = float(np.sum(samples[0]))
    cut = share * last
    found = measured(samples, kind, bounds=[(0, cut), (cut, last), (0, last), (cut, 2 * last), (cut, 1e6 * last)])
    first, second, whole, beyond, all_of_it = found.areas[0]
    assert_allclose([first + second, whole], found.auc_last[0], rtol=1e-10)
    if np.isnan(found.lambda_z[0]):
        assert np.isnan([beyond, all_of_it]).all()
    else:
        assert second <= beyond <= all_of_it * (1 + 1e-12)
        rest = found.c_last[0] / found.lambda_z[0]
        tail = rest * -np.expm1(-found.lambda_z[0] * last)
        assert_allclose(beyond, second + tail, rtol=1e-9)


@given(SAMPLES, KINDS)
def test_the_slope_is_that_of_scipy_over_the_last_points(samples, kind):
    found = measured(samples, kind)
    time, conc = np.cumsum(samples[0]), np.array(samples[1])
    first = int(np.argmax(conc)) + (kind != BOLUS)
    while kind == INFUSION and first < len(time) and time[first] < 0.5:
        first += 1
    lines = {}
    for n in range(3, len(time) - first + 1):
        fit = linregress(time[-n:], np.log(conc[-n:]))
        if fit.slope < 0 and np.ptp(conc[-n:]) > 0:  # of level points the sign of the slope is rounding
            lines[n] = (1 - (1 - fit.rvalue**2) * (n - 1) / (n - 2), -fit.slope)
    assert found.n_candidates[0] == max(len(time) - first, 0)
    if not lines:
        assert np.isnan(found.lambda_z[0]) and found.n_lambda_z[0] == 0
        return
    best = max(r2 for r2, _ in lines.values())
    assume(all(abs(best - r2 - 1e-4) > 1e-9 for r2, _ in lines.values()))  # no tie on the edge of the rule
    chosen = max(n for n, (r2, _) in lines.items() if r2 > best - 1e-4)
    assert found.n_lambda_z[0] == chosen
    assert_allclose([found.r2_adj[0], found.lambda_z[0]], lines[chosen], rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("x", [1e-14, 1e-9, 1e-5, 0.0299, 0.0301, 0.5, 5.0, 40.0])
def test_a_log_linear_piece_is_the_integral_of_an_exponential(x):
    t1, c1, dt = 2.0, 7.0, 3.0
    area, moment = _falling(t1, c1, dt, x)
    curve = lambda t: c1 * np.exp(-x * (t - t1) / dt)  # noqa: E731
    expected = quad(curve, t1, t1 + dt, epsabs=0, epsrel=1e-13)[0]
    of_time = quad(lambda t: t * curve(t), t1, t1 + dt, epsabs=0, epsrel=1e-13)[0]
    assert_allclose([area, moment], [expected, of_time], rtol=1e-12)


@pytest.mark.parametrize("fall", [1e-15, 1e-9, 1e-4, 0.5, 0.999999])
def test_a_piece_between_two_samples(fall):
    c1, c2 = 3.0, 3.0 * (1 - fall)
    area, moment = _piece(1.0, c1, 5.0, c2, True)
    rate = -np.log1p(-fall) / 4
    expected = quad(lambda t: c1 * np.exp(-rate * (t - 1)), 1, 5, epsabs=0, epsrel=1e-13)[0]
    of_time = quad(lambda t: t * c1 * np.exp(-rate * (t - 1)), 1, 5, epsabs=0, epsrel=1e-13)[0]
    # c2 is known to 1 ulp of c1, which a small fall shows.
    assert_allclose([area, moment], [expected, of_time], rtol=1e-12)


def test_two_samples_of_one_time_have_no_area():
    found = measure(profiles([1, 2, 2, 4, 6], [4.0, 3.0, 2.0, 1.0, 0.5]), NO_BOUNDS, log_down=False)
    assert_allclose(found.auc_last, [2 + 3.5 + 3 + 1.5])


def test_no_profile_at_all():
    whole, real = np.empty(0, np.int64), np.empty(0)
    empty = Profiles(real, real, whole > 0, whole, whole, whole, real, real, real, whole, whole, whole)
    assert measure(empty, NO_BOUNDS).cmax.shape == (0,)
