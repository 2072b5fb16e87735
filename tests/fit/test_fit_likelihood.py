"""Estimates and objective values against likelihoods written out here and minimised by scipy."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from scipy.stats import norm

import pkpd

T = np.array([0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 12.0, 24.0, 36.0])
DOSE = 100.0
LIMIT = 0.4


def curve(logs):
    """One compartment after an oral dose: CL, V1, KA."""
    cl, v, ka = np.exp(logs[:3])
    k = cl / v
    return DOSE / v * ka / (ka - k) * (np.exp(-k * T) - np.exp(-ka * T))


def observed(seed=3, cv=0.15):
    rng = np.random.default_rng(seed)
    return curve(np.log((4.0, 30.0, 1.2))) * np.exp(cv * rng.standard_normal(len(T)))


def data_set(dv, **columns):
    rows = {"ID": 1, "TIME": np.append(0.0, T), "AMT": np.append(DOSE, np.zeros(len(T))), "DV": np.append(np.nan, dv)}
    return pd.DataFrame(rows | columns)


def deviance(logs, dv, error, censored=None):
    """sum(res^2/var + ln var), and -2 ln P(below the limit)."""
    f = curve(logs)
    dv, mean = (np.log(dv), np.log(f)) if error == "log" else (dv, f)
    scales = np.exp(logs[3:])
    sd = {
        "additive": lambda: np.full(len(f), scales[0]),
        "log": lambda: np.full(len(f), scales[0]),
        "proportional": lambda: scales[0] * f,
        "combined": lambda: np.hypot(scales[0], scales[-1] * f),
    }[error]()
    terms = ((dv - mean) / sd) ** 2 + 2.0 * np.log(sd)
    if censored is None:
        return terms.sum()
    limit = np.log(LIMIT) if error == "log" else LIMIT
    return terms[~censored].sum() - 2.0 * norm.logcdf((limit - mean[censored]) / sd[censored]).sum()


def minimum(dv, error, censored=None):
    scales = {"additive": [-1.5], "proportional": [-2.0], "log": [-2.0], "combined": [-3.0, -2.0]}[error]
    x = np.append(np.log((4.0, 30.0, 1.2)), scales)
    for _ in range(6):  # a simplex that is started anew until it stays where it is
        x = minimize(
            deviance, x, (dv, error, censored), "Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 20000, "maxfev": 20000, "adaptive": True},
        ).x  # fmt: skip
    return x, deviance(x, dv, error, censored)


@pytest.mark.parametrize("error", ["additive", "proportional", "combined", "log"])
def test_maximum_likelihood_of_each_error_model(error):
    dv = observed() + (0.08 * np.cos(np.arange(len(T))) if error == "combined" else 0.0)
    best, lowest = minimum(dv, error)
    fit = pkpd.fit(data_set(dv), "1cmt oral", error=error)
    found = fit.params["estimate"].to_numpy()
    assert_allclose(fit.ofv, lowest, atol=2e-5)
    assert_allclose(found, np.exp(best), rtol=5e-3)
    n, k = len(T), len(best)
    assert_allclose(fit.aic, lowest + n * np.log(2 * np.pi) + 2 * k, atol=2e-5)
    assert_allclose(fit.bic, lowest + n * np.log(2 * np.pi) + k * np.log(n), atol=2e-5)


@pytest.mark.parametrize("error", ["additive", "proportional", "log"])
def test_values_below_the_limit_count_by_their_likelihood(error):
    dv = observed()
    censored = dv < LIMIT
    assert censored.sum() >= 2
    best, lowest = minimum(dv, error, censored)
    shown = np.where(censored, LIMIT, dv)
    data = data_set(shown, BLQ=np.append(0, censored.astype(int)), LLOQ=LIMIT)
    fit = pkpd.fit(data, "1cmt oral", error=error, blq="M3")
    assert_allclose(fit.ofv, lowest, atol=1e-4)
    assert_allclose(fit.params["estimate"], np.exp(best), rtol=5e-3)


def test_substitution_and_omission_of_values_below_the_limit():
    dv = observed()
    below = dv < LIMIT
    data = data_set(np.where(below, LIMIT, dv), BLQ=np.append(0, below.astype(int)), LLOQ=LIMIT)

    def same(fit, values):
        assert_allclose(fit.ofv, pkpd.fit(data_set(values), "1cmt oral").ofv, atol=1e-6)

    halved = np.where(below, LIMIT / 2, dv)
    first = np.flatnonzero(below)[0]
    same(pkpd.fit(data, "1cmt oral", blq="M5"), halved)
    same(pkpd.fit(data, "1cmt oral", blq="M6"), np.where(below & (np.arange(len(T)) != first), np.nan, halved))
    same(pkpd.fit(data, "1cmt oral"), np.where(below, np.nan, dv))
    assert len(pkpd.fit(data, "1cmt oral").left_out) == below.sum()


def test_weighted_residuals_and_wald_intervals_follow_their_definitions():
    """s^2 (J'J)^-1 on the log scale, J by differences of the curve written above."""
    from scipy.stats import t as student

    fit = pkpd.fit(data_set(observed()), "1cmt oral")
    p = fit.params.set_index("parameter")
    logs = np.log(p["estimate"].to_numpy()[:3])
    f = curve(logs)
    jacobian = np.column_stack([(curve(logs + h) - curve(logs - h)) / 2e-5 / f for h in 1e-5 * np.eye(3)])
    table = fit.predictions
    residual = (table["DV"] - table["IPRED"]) / table["IPRED"]
    assert_allclose(table["IPRED"], f, rtol=1e-9)
    assert_allclose(table["IWRES"], residual / p.loc["sigma", "estimate"], rtol=1e-9)
    assert_allclose(p.loc["sigma", "estimate"], np.sqrt((residual**2).mean()), rtol=1e-9)
    s2 = (residual**2).sum() / (len(T) - 3)
    se = np.sqrt(np.diag(s2 * np.linalg.inv(jacobian.T @ jacobian)))
    assert_allclose(p["stderr"][:3], np.exp(logs) * se, rtol=1e-5)
    width = student.ppf(0.975, len(T) - 3) * se
    assert_allclose(p["ci_low"][:3], np.exp(logs - width), rtol=1e-5)
    assert_allclose(p["ci_high"][:3], np.exp(logs + width), rtol=1e-5)


def test_an_observation_before_any_drug_is_left_out_and_listed():
    data = data_set(observed())
    early = pd.concat([pd.DataFrame({"ID": 1, "TIME": [0.0], "AMT": [0.0], "DV": [0.7]}), data], ignore_index=True)
    for error in ("proportional", "log"):
        fit = pkpd.fit(early, "1cmt oral", error=error)
        assert fit.left_out[["line", "DV"]].values.tolist() == [[2, 0.7]]
        assert fit.left_out["reason"].str.contains("exactly 0").all()
        assert_allclose(fit.ofv, pkpd.fit(data, "1cmt oral", error=error).ofv, atol=1e-7)
    assert len(pkpd.fit(early, "1cmt oral", error="additive").left_out) == 0


def test_units_do_not_change_what_is_fitted():
    """Hours and minutes, mg and ug: the same curve, rates divided by 60, OFV shifted by the logarithm of the scale."""
    data = data_set(observed())
    other = data.assign(TIME=60 * data["TIME"], AMT=1000 * data["AMT"], DV=1000 * data["DV"])
    a = pkpd.fit(data, "1cmt oral").params.set_index("parameter")
    b = pkpd.fit(other, "1cmt oral", units={"TIME": "min", "AMT": "ug", "DV": "ug/L"}).params.set_index("parameter")
    assert_allclose(b.loc["CL", "estimate"] * 60, a.loc["CL", "estimate"], rtol=1e-5)
    assert_allclose(b.loc["V1", ["estimate", "stderr"]], a.loc["V1", ["estimate", "stderr"]], rtol=1e-4)
    assert b["unit"].to_dict() == {"CL": "L/min", "V1": "L", "KA": "1/min", "sigma": "1"}
