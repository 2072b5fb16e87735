"""Profile and bootstrap intervals against their definitions."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.stats import t as student

import pkpd

T = np.array([0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 12.0, 24.0])


def data_set(n=1, cv=0.15, seed=2):
    rng = np.random.default_rng(seed)
    parts = []
    for identity in range(1, n + 1):
        cl, v = 4.0 * np.exp(0.2 * rng.standard_normal()), 30.0 * np.exp(0.2 * rng.standard_normal())
        dv = 100.0 / v * np.exp(-cl / v * T) * np.exp(cv * rng.standard_normal(len(T)))
        rows = {"ID": identity, "TIME": [0.0, *T], "AMT": [100.0, *[0.0] * len(T)], "DV": [np.nan, *dv]}
        parts.append(pd.DataFrame(rows))
    return pd.concat(parts, ignore_index=True)


def squares(fit):
    residual = np.log(fit.predictions["DV"] / fit.predictions["IPRED"])
    return float((residual**2).sum())


def test_at_the_ends_of_a_profile_the_sum_of_squares_has_grown_as_it_should():
    """Bates and Watts (1988): S(end) / S = 1 + t^2 / (n - p), the other parameter fitted again."""
    data = data_set()
    fit = pkpd.fit(data, "1cmt", error="log", interval="profile")
    grown = 1.0 + student.ppf(0.975, len(T) - 2) ** 2 / (len(T) - 2)
    row = fit.params.set_index("parameter").loc["CL"]
    for end in (row["ci_low"], row["ci_high"]):
        held = pkpd.fit(data, "1cmt", error="log", fixed={"CL": end})
        assert_allclose(squares(held) / squares(fit), grown, rtol=2e-3)


def test_a_profile_of_a_posterior_rises_by_the_quantile():
    options = {"method": "map", "start": {"CL": 5.0, "V1": 25.0}, "omega": {"CL": 0.1, "V1": 0.1}, "sigma": 0.02}
    data = data_set().iloc[[0, 3, 6]]
    fit = pkpd.fit(data, "1cmt", error="log", interval="profile", **options)
    wald = pkpd.fit(data, "1cmt", error="log", **options)
    for name in ("CL", "V1"):
        a, b = (f.params.set_index("parameter").loc[name] for f in (fit, wald))
        assert_allclose([a["ci_low"], a["ci_high"]], [b["ci_low"], b["ci_high"]], rtol=0.05)


def test_a_profile_without_an_end_says_so():
    """Samples in the absorption phase alone: elimination may be nothing."""
    data = data_set().iloc[:6]
    data.loc[data["DV"].notna(), "DV"] = [3.3, 3.25, 3.35, 3.3, 3.28]
    fit = pkpd.fit(data, "1cmt", error="log", interval="profile")
    row = fit.params.set_index("parameter").loc["CL"]
    assert row["ci_low"] == 0.0 and "the profile has no low end" in row["reason"]


def test_bootstrap_intervals_are_reproducible_whatever_the_workers():
    data = data_set(n=3)
    options = {"interval": "bootstrap", "n_boot": 40}
    one = pkpd.fit(data, "1cmt", seed=3, workers=1, **options).params
    two = pkpd.fit(data, "1cmt", seed=3, workers=2, **options).params
    other = pkpd.fit(data, "1cmt", seed=4, **options).params
    pd.testing.assert_frame_equal(one, two)
    assert not np.allclose(one["ci_low"], other["ci_low"])


@pytest.mark.slow
@pytest.mark.parametrize(("method", "n"), [("individual", 1), ("pooled", 12)])
def test_bootstrap_intervals_are_about_as_wide_as_they_should_be(method, n):
    """Residuals of one subject: near Wald. Subjects of a pooled fit: the spread of a mean over subjects."""
    data = data_set(n=n, seed=6)
    boot = pkpd.fit(data, "1cmt", error="log", method=method, interval="bootstrap", n_boot=400)
    row = boot.params.set_index("parameter").loc["CL"]
    width = np.log(row["ci_high"] / row["ci_low"])
    if method == "individual":
        wald = pkpd.fit(data, "1cmt", error="log").params.set_index("parameter").loc["CL"]
        expected = np.log(wald["ci_high"] / wald["ci_low"]) * 1.96 / student.ppf(0.975, len(T) - 2)
    else:
        single = pkpd.fit(data, "1cmt", error="log").params.query("parameter == 'CL'")["estimate"]
        expected = 2 * 1.96 * np.log(single).std(ddof=1) / np.sqrt(n)
    assert_allclose(width, expected, rtol=0.3)


def test_bootstrap_of_a_posterior_is_refused():
    options = {"method": "map", "start": {"CL": 5.0, "V1": 25.0}, "omega": {"CL": 0.1, "V1": 0.1}, "sigma": 0.02}
    with pytest.raises(pkpd.ParameterError, match="interval: 'bootstrap' with method='map'"):
        pkpd.fit(data_set(), "1cmt", interval="bootstrap", **options)
