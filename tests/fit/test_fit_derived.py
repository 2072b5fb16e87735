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
