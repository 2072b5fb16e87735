"""Individual and pooled fits against published estimates, on the data in data/observed.

The numbers of theophylline and indometacin are the test output of the R package nlme (`nlsList`, `nls`), as quoted in
data/observed/README.md; they are rounded there, and the tolerances are that rounding.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import pkpd
from validation.observed_fits import (
    INDOMETACIN,
    INDOMETACIN_POOLED,
    THEOPHYLLINE,
    estimates,
    exponentials,
    logs_of_theophylline,
)


def test_theophylline_subject_by_subject(root):
    fit = pkpd.fit(root / "data/observed/theophylline.csv", "1cmt oral", error="additive")
    found = logs_of_theophylline(fit)
    assert_allclose(found[:, [0, 2]], np.array(THEOPHYLLINE)[:, [0, 2]], atol=0.0051)
    assert_allclose(found[:, 1], np.array(THEOPHYLLINE)[:, 1], atol=0.00051)
    residuals = fit.predictions["IRES"]
    assert_allclose(np.sqrt((residuals**2).sum() / 96), 0.70, atol=0.005)
    assert fit.success and len(fit.left_out) == 0


def test_indometacin_subject_by_subject_and_pooled(root):
    path = root / "data/observed/indometacin.csv"
    fit = pkpd.fit(path, "2cmt", error="additive")
    assert_allclose(exponentials(estimates(fit), 25.0), INDOMETACIN, atol=0.0051)
    assert_allclose(np.sqrt((fit.predictions["IRES"] ** 2).sum() / 42), 0.0756, atol=0.00006)
    pooled = pkpd.fit(path, "2cmt", error="additive", method="pooled")
    assert_allclose(exponentials(estimates(pooled), 25.0)[0], INDOMETACIN_POOLED, atol=0.00051)
    assert_allclose(np.sqrt((pooled.predictions["IRES"] ** 2).sum() / 62), 0.174, atol=0.0006)


@pytest.mark.parametrize(("error", "low", "high"), [("additive", 7, 10), ("combined", 7, 10), ("log", 7, 10)])
def test_levetiracetam_pooled_half_life(root, error, low, high):
    """Brockmoller 2005, points without identity: 7 to 10 h in mild and moderate liver disease.

    Proportional error gives 10.05 h: it puts its weight on the few late and low points.
    """
    fit = pkpd.fit(root / "data/observed/levetiracetam.csv", "1cmt oral", error=error, method="pooled")
    p = estimates(fit).iloc[0]
    assert low < np.log(2) * p.V1 / p.CL < high


def test_midazolam_iv_and_oral_together(root):
    """Heizmann 1983: F 0.3 to 0.5; clearance and volume as a non-compartmental analysis of the same data gives them.

    The model-free values (linear up, log down, terminal slope through the last three points) are those of the iv
    occasion of each man; their means, 18.5 L/h and 0.82 L/kg, lie at the lower edge of what is published.
    """
    fit = pkpd.fit(root / "data/observed/midazolam.csv", "2cmt oral", by="OCC")
    p = estimates(fit)
    fraction = fit.params[(fit.params["parameter"] == "F1") & fit.params["stderr"].notna()]["estimate"]
    assert len(fraction) == 3 and fraction.between(0.3, 0.5).all()
    assert_allclose(p.CL, (21.6, 16.8, 13.5, 25.6, 13.1, 20.5), rtol=0.06)
    weight = fit.data.frame.groupby("ID")["WT"].first()
    steady = (p.V1 + p.V2) / weight
    assert_allclose(steady.mean(), 0.82, rtol=0.1)
    assert fit.left_out["reason"].str.contains("M1").sum() == 13


def test_propofol_subject_by_subject(root):
    """Schnider 1998: medians at 70 kg, within 20 % of the published model or of OpenPMX's fit to the same data."""
    fit = pkpd.fit(root / "data/observed/propofol.csv", "3cmt")
    assert fit.success
    p = estimates(fit)
    scale = fit.data.frame.groupby("ID")["WT"].first() / 70.0
    middle = {name: (p[name] / scale).median() for name in ("V1", "V2")}
    middle |= {name: (p[name] / scale**0.75).median() for name in ("CL", "Q2", "Q3")}
    published = {"V1": (4.27, 5.85), "V2": (18.9, 26.0), "CL": (1.89, 1.92), "Q2": (1.29, 1.34), "Q3": (0.836, 0.863)}
    for name, (low, high) in published.items():
        assert 0.8 * low < middle[name] < 1.2 * high, name
    assert_allclose(p["sigma"].mean(), np.sqrt(0.0515), rtol=0.15)


@pytest.mark.slow
def test_propofol_of_the_library_gives_the_same_fits_in_its_own_units(root):
    short = pkpd.fit(root / "data/observed/propofol.csv", "3cmt")
    library = pkpd.fit(root / "data/observed/propofol.csv", "propofol_schnider")
    assert_allclose(library.ofv, short.ofv, atol=0.01)
    a, b = estimates(short), estimates(library)
    known = a["CL"] > 0.1  # one subject's data are silent about CL and V3
    assert_allclose(b["V1"][known], a["V1"][known], rtol=1e-3)
    assert_allclose(b["CL"][known], 60.0 * a["CL"][known], rtol=1e-3)  # L/min in the data, L/h in the library
    assert set(library.params["unit"]) == {"L/h", "L", "1"}
    assert_allclose(library.predictions["DV"], short.predictions["DV"])
