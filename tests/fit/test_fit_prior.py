"""Posterior modes: against a grid, the prior alone, and the objective values of Wang (2007)."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pkpd

OMEGA = {"CL": 0.09, "V1": 0.0625}
TYPICAL = {"CL": 4.0, "V1": 30.0}
SIGMA = 0.04


def levels(times, dv):
    n = len(times)
    return pd.DataFrame({"ID": 1, "TIME": [0.0, *times], "AMT": [100.0, *[0.0] * n], "DV": [np.nan, *dv]})


@pytest.mark.parametrize("dv", [(2.2, 0.9), (1.2, 0.2), (3.9, 2.6)])
def test_the_mode_is_that_of_a_grid(dv):
    """Proportional error, two levels; the grid holds 400 x 400 points over four standard deviations."""
    times = (2.0, 8.0)
    fit = pkpd.fit(levels(times, dv), "1cmt", method="map", start=TYPICAL, omega=OMEGA, sigma=SIGMA)
    eta = np.linspace(-1.2, 1.2, 401)
    cl, v = 4.0 * np.exp(eta)[:, None, None], 30.0 * np.exp(eta)[None, :, None]
    f = 100.0 / v * np.exp(-cl / v * np.array(times))
    variance = SIGMA * f**2
    objective = ((np.array(dv) - f) ** 2 / variance + np.log(variance)).sum(axis=2)
    objective = objective + eta[:, None] ** 2 / 0.09 + eta[None, :] ** 2 / 0.0625
    i, j = np.unravel_index(objective.argmin(), objective.shape)
    found = fit.params.set_index("parameter")["estimate"]
    assert_allclose(found["CL"], cl[i, 0, 0], rtol=0.01)
    assert_allclose(found["V1"], v[0, j, 0], rtol=0.01)
    # The covariance from the curvature, against the standard deviation of the posterior on the grid.
    weight = np.exp(-0.5 * (objective - objective.min()))
    mean = (weight * eta[:, None]).sum() / weight.sum()
    sd = np.sqrt((weight * (eta[:, None] - mean) ** 2).sum() / weight.sum())
    row = fit.params.set_index("parameter").loc["CL"]
    assert_allclose(row["stderr"] / row["estimate"], sd, rtol=0.2)  # the posterior is skewed


def test_without_an_observation_the_posterior_is_the_prior():
    data = pd.DataFrame({"ID": [1, 1], "TIME": [0.0, 8.0], "AMT": [100.0, 0.0], "DV": [np.nan, np.nan]})
    fit = pkpd.fit(data, "1cmt", method="map", start=TYPICAL, omega=OMEGA, sigma=SIGMA)
    p = fit.params.set_index("parameter")
    assert_allclose(p.loc[["CL", "V1"], "estimate"], (4.0, 30.0), rtol=1e-9)
    assert_allclose(p.loc[["CL", "V1"], "stderr"], (4.0 * 0.3, 30.0 * 0.25), rtol=1e-9)
    assert_allclose(p.loc["CL", ["ci_low", "ci_high"]].astype(float), 4.0 * np.exp(np.array((-1, 1)) * 1.959964 * 0.3))


def test_many_levels_leave_nothing_of_the_prior():
    times = np.linspace(0.5, 24.0, 400)
    rng = np.random.default_rng(5)
    dv = 100.0 / 45.0 * np.exp(-7.0 / 45.0 * times) * (1 + 0.2 * rng.standard_normal(400))
    data = levels(times, dv)
    with_prior = pkpd.fit(data, "1cmt", method="map", start=TYPICAL, omega=OMEGA, sigma=SIGMA)
    without = pkpd.fit(data, "1cmt")
    a, b = (fit.params.set_index("parameter").loc[["CL", "V1"], "estimate"] for fit in (with_prior, without))
    assert_allclose(a, b, rtol=0.01)


@pytest.mark.parametrize(
    ("error", "interaction", "exact"), [("additive", -2.059, -1.938), ("proportional", 39.458, 39.297)]
)
def test_objective_values_of_wang_2007(root, error, interaction, exact):
    """Population objectives are made of posterior modes: sum of OFV + eta^2/omega + ln omega + ln(curvature).

    FOCE with interaction (NONMEM's value) takes the expected curvature, written out here; the curvature at the mode,
    from our covariance, comes near the value by quadrature. One compartment, f = 10 exp(-ke t): a bolus of 10 into
    V1 = 1 with CL = ke = 0.5 exp(eta).
    """
    points = pd.read_csv(root / "tests/data/wang2007/wang2007.csv")
    doses = pd.DataFrame({"ID": points["ID"].unique(), "TIME": 0.0, "AMT": 10.0, "EVID": 1})
    data = pd.concat([doses, points.assign(AMT=0.0, EVID=0)]).sort_values(["ID", "TIME", "EVID"], ascending=[1, 1, 0])
    fit = pkpd.fit(
        data, "1cmt", method="map", error=error, vary=["CL"], start={"CL": 0.5}, fixed={"V1": 1.0},
        omega={"CL": 0.04}, sigma=0.1,
    )  # fmt: skip
    row = fit.params[fit.params["parameter"] == "CL"]
    ke = row["estimate"].to_numpy()
    penalty = np.log(ke / 0.5) ** 2 / 0.04 + np.log(0.04)
    slope = ke * 10.0 * np.exp(-ke)  # at the sample at 1 h; that at 0 h does not depend on ke
    if error == "additive":
        expected = slope**2 / 0.1 + 1 / 0.04
    else:
        expected = ke**2 / 0.1 + 0.5 * (2.0 * ke) ** 2 + 1 / 0.04
    assert_allclose(fit.ofv + (penalty + np.log(expected)).sum(), interaction, atol=0.0006)
    at_mode = (row["estimate"] / row["stderr"]) ** 2
    assert_allclose(fit.ofv + (penalty + np.log(at_mode)).sum(), exact, atol=0.08)


def tdm(drug, dv, times, dose, **columns):
    n = len(times)
    rows = {"ID": 1, "TIME": [0.0, *times], "AMT": [dose, *[0.0] * n], "DV": [np.nan, *dv], "ROUTE": "iv", "WT": 70.0}
    return pd.DataFrame(rows | {"AGE": 40.0} | columns)


@pytest.mark.parametrize(
    ("drug", "dose", "times", "dv", "regimen"),
    [
        ("levetiracetam", 2500.0, (2.0, 12.0), (48.0, 20.0), "levetiracetam 1000 mg po every 12 h x 2"),
        ("midazolam", 10.0, (0.5, 4.0), (0.2, 0.04), "midazolam 5 mg iv; midazolam 5 mg im at 2 h"),
        ("phenytoin", 1500.0, (1.0, 12.0), (24.0, 17.0), "phenytoin 100 mg iv over 10 min every 8 h x 3"),
    ],
)
def test_levels_of_a_patient_give_a_forecast_with_an_interval(drug, dose, times, dv, regimen):
    fit = pkpd.fit(tdm(drug, dv, times, dose), drug, method="map")
    assert fit.success and fit.params["unit"].notna().all()
    assert {"PRED", "IPRED"} <= set(fit.predictions)
    nearer = (fit.predictions["DV"] - fit.predictions["IPRED"]).abs() <= (
        fit.predictions["DV"] - fit.predictions["PRED"]
    ).abs() + 1e-9
    assert nearer.any()
    ahead = fit.forecast(regimen, "24 h", every="1 h")
    assert list(ahead["time_h"]) == list(range(25))
    inside = ahead["low"] <= ahead["ipred"]
    assert inside.all() and (ahead["ipred"] <= ahead["high"]).all()
    assert (ahead["high"] > ahead["low"]).all()
    assert (ahead["pred_high"] - ahead["pred_low"] > 0.95 * (ahead["high"] - ahead["low"])).all()


def test_free_phenytoin_is_the_unbound_share_of_the_total():
    data = tdm("phenytoin", (24.0, 17.0, 1.7), (1.0, 12.0, 12.0), 1500.0, DVID=[1, 1, 1, 2])
    fit = pkpd.fit(data, "phenytoin", method="map", dvid={1: "plasma", 2: "unbound"})
    seen = fit.predictions.set_index(["TIME", "DVID"])["IPRED"]
    assert_allclose(seen[12.0, 2], 0.1 * seen[12.0, 1], rtol=1e-12)
    total = pkpd.fit(data[data["DVID"] == 1].drop(columns="DVID"), "phenytoin", method="map")
    assert total.success


def test_forecast_of_a_known_subject_is_what_predict_says(root):
    """With history: doses of the data go on acting; without: the system begins empty."""
    times = np.array([0.5, 1.0, 2.0, 4.0, 8.0, 12.0])
    dv = 100.0 / 30.0 * np.exp(-4.0 / 30.0 * times)
    fit = pkpd.fit(levels(times, dv), "1cmt", error="log")
    orders = pd.DataFrame({"TIME": [0.0], "AMT": [50.0], "II": [6.0], "ADDL": [1]})
    ahead = fit.forecast(orders, 12, every=3)
    decay = np.exp(-4.0 / 30.0 * ahead["time_h"])
    second = np.where(ahead["time_h"] >= 6, 50 / 30 * np.exp(-4.0 / 30.0 * (ahead["time_h"] - 6)), 0.0)
    fresh = 50 / 30 * decay + second
    assert_allclose(ahead["ipred"], dv[-1] * decay + fresh, rtol=1e-6)
    assert_allclose(fit.forecast(orders, 12, every=3, history=False)["ipred"], fresh, rtol=1e-6)


def test_errors_of_a_fit_with_prior():
    data = levels((2.0,), (2.0,))
    with pytest.raises(pkpd.ParameterError, match="omega: missing.*Give omega="):
        pkpd.fit(data, "1cmt", method="map", start=TYPICAL)
    with pytest.raises(pkpd.ParameterError, match="sigma: missing.*Give sigma="):
        pkpd.fit(data, "1cmt", method="map", start=TYPICAL, omega=OMEGA)
    with pytest.raises(pkpd.ParameterError, match="start: 'CL' has a prior variance and no typical value"):
        pkpd.fit(data, "1cmt", method="map", omega=OMEGA, sigma=SIGMA)
    with pytest.raises(pkpd.ParameterError, match="omega: 'KM' is not a parameter of this model"):
        pkpd.fit(data, "1cmt", method="map", start=TYPICAL, omega={"KM": 0.1}, sigma=SIGMA)
    with pytest.raises(pkpd.ParameterError, match="omega: given with method='individual'"):
        pkpd.fit(data, "1cmt", omega=OMEGA)


@pytest.mark.parametrize(("form", "central"), [("1cmt", 1), ("2cmt", 1), ("3cmt", 1), ("2cmt oral", 2)])
def test_an_intravenous_order_enters_the_central_compartment(form, central):
    """Without absorption compartment 2 is a peripheral one; the forecast is what `predict` says of the same dose."""
    values = {"CL": 25.0, "V1": 25.0, "Q2": 45.0, "V2": 50.0, "Q3": 5.0, "V3": 80.0, "KA": 2.0}
    n = int(form[0])
    names = [*["CL", "V1", "Q2", "V2", "Q3", "V3"][: 2 * n], *(["KA"] if "oral" in form else [])]
    times = [0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 12.0]
    data = pd.DataFrame({"ID": 1, "TIME": times, "AMT": [5.0, *[0.0] * 8], "CMT": 1})
    exact = {name: values[name] for name in names}
    data["DV"] = pkpd.predict(data, form, exact)["IPRED"] + 1e-6
    data.loc[0, "DV"] = None
    fit = pkpd.fit(data, form, error="additive", start=exact)
    ahead = fit.forecast("midazolam 3 mg iv", "4 h", every="1 h", history=False)
    found = fit.params.set_index("parameter")["estimate"]
    dose = pd.DataFrame({"ID": 1, "TIME": [0.0, 1.0, 2.0, 3.0, 4.0], "AMT": [3.0, 0, 0, 0, 0], "CMT": central})
    expected = pkpd.predict(dose, form, {name: found[name] for name in names})["IPRED"]
    assert_allclose(ahead["ipred"], expected, rtol=1e-6)


def test_an_oral_order_is_refused_where_nothing_is_absorbed():
    data = pd.DataFrame({"ID": 1, "TIME": [0.0, 1, 2, 4], "AMT": [100.0, 0, 0, 0], "DV": [None, 3.2, 2.7, 1.8]})
    fit = pkpd.fit(data, "1cmt")
    with pytest.raises(pkpd.RegimenError, match="midazolam po is no way in of this fit; expected one of iv"):
        fit.forecast("midazolam 3 mg po", "4 h")
