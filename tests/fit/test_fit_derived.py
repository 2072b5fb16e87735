"""Half-life and steady-state volume that follow from estimates, with intervals by the delta method."""

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose

import pkpd

T = np.array([0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 12.0, 24.0])


def levels(dv, **columns):
    return pd.DataFrame({"ID": 1, "TIME": [0.0, *T], "AMT": [100.0, *[0.0] * 8], "DV": [np.nan, *dv], **columns})


def test_one_compartment_is_the_closed_form():
    wobble = np.exp(0.05 * np.array([1, -1, -1, 1, 1, -1, 1, -1]))
    fit = pkpd.fit(levels(100 / 25 * np.exp(-5 / 25 * T) * wobble), "1cmt")
    p = fit.params.set_index("parameter")
    found = fit.derived().set_index("quantity")
    assert_allclose(found["estimate"]["half-life"], np.log(2) * p["estimate"]["V1"] / p["estimate"]["CL"], rtol=1e-9)
    assert list(found["unit"]) == ["h", "L"]
    # ln t = ln V1 - ln CL + const: the variance is that of a difference.
    cov = fit.fitted.uncertainty[0].cov
    se = np.sqrt(cov[0, 0] + cov[1, 1] - 2 * cov[0, 1])
    assert_allclose(found["stderr"]["half-life"], found["estimate"]["half-life"] * se, rtol=1e-6)
    assert_allclose(
        found.loc["Vss", ["estimate", "stderr", "ci_low", "ci_high"]].astype(float),
        p.loc["V1", ["estimate", "stderr", "ci_low", "ci_high"]].astype(float),
        rtol=1e-6,
    )


def test_two_compartments_have_the_slower_root():
    cl, v1, q, v2 = 5.0, 10.0, 8.0, 30.0
    k, k12, k21 = cl / v1, q / v1, q / v2
    total, product = k + k12 + k21, k * k21
    beta = (total - np.sqrt(total**2 - 4 * product)) / 2
    alpha = total - beta
    a = 100 / v1 * (alpha - k21) / (alpha - beta)
    b = 100 / v1 * (k21 - beta) / (alpha - beta)
    found = pkpd.fit(levels(a * np.exp(-alpha * T) + b * np.exp(-beta * T)), "2cmt", error="additive").derived()
    assert_allclose(found["estimate"], [np.log(2) / beta, v1 + v2], rtol=1e-5)


def test_levetiracetam_half_life(root):
    """Brockmoller 2005: 7 to 10 h in mild and moderate liver disease."""
    fit = pkpd.fit(root / "data/observed/levetiracetam.csv", "1cmt oral", method="pooled", error="log")
    half_life = fit.derived().set_index("quantity")["estimate"]["half-life"]
    assert 7.0 < half_life < 10.0


def test_midazolam_beside_what_the_authors_state(root):
    """Heizmann 1983, abstract: two compartments; half-life 2.3 h, Vss 50.2 L, means of six men."""
    found = pkpd.fit(root / "data/observed/midazolam.csv", "2cmt oral", by="OCC").derived()
    mean = found.groupby("quantity")["estimate"]
    assert_allclose(mean.mean()["Vss"], 50.2, rtol=0.05)
    assert_allclose(mean.median()["half-life"], 2.3, rtol=0.15)


def test_a_saturable_model_has_no_half_life():
    dv = np.linspace(8, 1, 8)
    fit = pkpd.fit(levels(dv), "1cmt mm")
    assert fit.derived().empty and "[[Derived" not in fit.report()


def test_half_life_is_in_the_time_of_the_data():
    data = levels(100 / 25 * np.exp(-5 / 25 * T))
    data["TIME"] *= 60
    found = pkpd.fit(data, "1cmt", error="additive", units={"TIME": "min"}).derived().set_index("quantity")
    assert list(found["unit"]) == ["min", "L"]
    assert_allclose(found["estimate"]["half-life"], 60 * np.log(2) * 25 / 5, rtol=1e-6)


def test_mg_over_ng_per_mL_is_fitted_in_h_mg_and_L():
    """The same experiment in h and mg/L, and in min and ng/mL: the same parameters, predictions as the data."""
    wobble = np.exp(0.05 * np.array([1, -1, -1, 1, 1, -1, 1, -1]))
    plain = levels(100 / 25 * np.exp(-5 / 25 * T) * wobble)
    other = plain.assign(TIME=plain["TIME"] * 60, DV=plain["DV"] * 1000)
    units = {"TIME": "min", "AMT": "mg", "DV": "ng/mL"}
    for error in ("proportional", "additive"):
        expected = pkpd.fit(plain, "1cmt", error=error)
        found = pkpd.fit(other, "1cmt", error=error, units=units)
        one, two = expected.params.set_index("parameter"), found.params.set_index("parameter")
        assert one["unit"].to_dict() == two["unit"].to_dict()
        for column in ("estimate", "stderr", "ci_low", "ci_high"):
            assert_allclose(two[column], one[column], rtol=1e-6)
        assert list(found.derived()["unit"]) == ["h", "L"]
        assert_allclose(found.predictions["IPRED"], 1000 * expected.predictions["IPRED"], rtol=1e-6)
        assert_allclose(found.predictions["TIME"], 60 * expected.predictions["TIME"])
    assert "units of parameters = h, mg, L (applied): mg over ng/mL is neither L nor mL" in found.report()


def test_limits_and_starts_of_data_in_ng_per_mL():
    """LLOQ is in the unit of DV, starting values are in those of the parameters."""
    data = levels(1000 * 100 / 25 * np.exp(-5 / 25 * T))
    fit = pkpd.fit(data, "1cmt", units={"DV": "ng/mL"}, lloq=100.0, error="additive", start={"CL": 5, "V": 25})
    assert (fit.left_out["reason"].str.contains("below")).sum() == (data["DV"] < 100).sum()
    assert_allclose(fit.params["estimate"].iloc[:2], [5.0, 25.0], rtol=1e-6)
