"""Covariate, liver and transport formulas reproduce published check points."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from pkpd.library import covariates, hepatic, transport

# x and F_G of midazolam's base set: E_H 0.461, F_G 0.45
X, GUT = 0.854, 0.45


def test_body_size():
    # printed check points, to their last digit
    assert_allclose(covariates.ffm_janmahasatian(70, 175, 1), 55.86, atol=0.005)
    assert_allclose(covariates.ffm_janmahasatian(60, 165, 0), 39.29, atol=0.005)
    assert_allclose(covariates.ffm(20, 115, 6, 1), 16.40, atol=0.005)
    assert_allclose(covariates.bsa_mosteller(70, 170), 1.8181, atol=5e-5)
    assert_allclose(covariates.bmi(70, 175), 22.857, atol=5e-4)
    # by hand: 1.1*70 - 128*(70/170)^2 and 1.07*70 - 148*(70/170)^2
    assert_allclose(covariates.lbm_james(70, 170, 1), 55.2976, atol=5e-4)
    assert_allclose(covariates.lbm_james(70, 170, 0), 49.8066, atol=5e-4)
    # 70 inches: 50 + 23 and 45.5 + 23
    assert_allclose([covariates.ibw_devine(177.8, 1), covariates.ibw_devine(177.8, 0)], [73.0, 68.5], rtol=1e-12)


def test_kidney():
    assert_allclose(covariates.ckd_epi_2021(40, 1.0, 1), 97.58, atol=0.005)
    assert_allclose(covariates.ckd_epi_2021(65, 0.8, 0), 81.72, atol=0.005)
    assert_allclose(covariates.ckd_epi_2021(60, 2.0, 1), 37.50, atol=0.005)
    # by hand: 100*72/72 and 0.85 of it
    assert_allclose(covariates.cockcroft_gault(40, 72, 1.0, 1), 100.0, rtol=1e-12)
    assert_allclose(covariates.cockcroft_gault(40, 72, 1.0, 0), 85.0, rtol=1e-12)
    assert_allclose(covariates.schwartz(100, 0.5), 82.6, rtol=1e-12)
    assert_allclose(covariates.schwartz(50, 0.5, neonate=True), 31.0, rtol=1e-12)


def test_maturation():
    assert_allclose([covariates.rhodin_maturation(w) for w in (40, 47.7, 92)], [0.355, 0.5, 0.903], atol=5e-4)
    assert_allclose(covariates.rhodin_gfr(70, 47.7), 60.6, rtol=1e-12)
    assert_allclose(covariates.ugt2b_maturation(54.2), 0.5, rtol=1e-12)
    # at A50 the curve is half way from Fb to Fmax
    for name, curve in covariates.ONTOGENY.items():
        assert_allclose(covariates.ontogeny(name, curve.A50), (curve.Fb + curve.Fmax) / 2, rtol=1e-12)
        assert covariates.ontogeny(name, 0.0) == curve.Fb
    assert covariates.ontogeny("CYP3A_invivo", 40.0) == covariates.ontogeny("CYP3A_invivo", 2.5)


def test_phenytoin_binding():
    # normal at albumin 4.5 g/dL; at 1.5 g/dL the total is worth 2.5 times as much, so that 0.25 of it is unbound
    assert_allclose(covariates.phenytoin_normalised(10, 45), 10.0, rtol=1e-12)
    assert_allclose(covariates.phenytoin_normalised(10, 15), 25.0, rtol=1e-12)
    assert_allclose(covariates.phenytoin_normalised(10, 40, crcl_mL_min=5), 20.0, rtol=1e-12)


def test_midazolam_base():
    assert_allclose(hepatic.extraction(X), 0.461, atol=5e-4)
    assert_allclose(90 * hepatic.extraction(X) * 0.603, 25.0, rtol=0.05)
    assert_allclose(GUT * (1 - hepatic.extraction(X)), 0.243, rtol=0.05)


@pytest.mark.parametrize(("m", "g", "iv", "oral"), [(0.13, 0.059, 4.6, 15.9), (8.0, 5.0, 0.53, 0.039)])
def test_ketoconazole_and_rifampicin(m, g, iv, oral):
    # 5 % as printed
    assert_allclose(hepatic.aucr_iv(m, X), iv, rtol=0.05)
    assert_allclose(hepatic.aucr_oral(m, g, X, GUT), oral, rtol=0.05)


def test_a_decreased_allele():
    # 2 % as printed: CL x 0.80, oral AUC x 1.47 by the liver alone, x 1.78 with the gut
    assert_allclose(hepatic.clearance_ratio(0.68, X), 0.80, rtol=0.02)
    assert_allclose(hepatic.aucr_oral(0.68, 1.0, X, GUT), 1.47, rtol=0.02)
    assert_allclose(hepatic.aucr_oral(0.68, 0.68, X, GUT), 1.78, rtol=0.02)


def test_propofol_is_flow_limited():
    x = 0.87 / (1.0 - 0.87)  # E_H = x/(1 + x)
    assert_allclose(hepatic.clearance_ratio(0.5, x), 0.885, rtol=0.01)
    assert_allclose(hepatic.partial_clearance_ratio(0.5, x, 0.6), 0.931, rtol=0.01)


@given(st.floats(0.01, 20), st.floats(0.01, 20))
def test_the_liver_conserves(m, x):
    # CL/F_H is m CLint whatever the flow: oral AUC ratio by the liver alone is 1/m
    assert_allclose(hepatic.aucr_oral(m, 1.0, x, 1.0), 1 / m, rtol=1e-12)
    assert hepatic.clearance_ratio(1.0, x) == 1.0


@pytest.mark.parametrize(
    ("rho", "fold", "expected"),
    [(0.1, 2, 0.917), (0.1, 0, 1.10), (0.5, 2, 0.75), (1.7, 0, 2.7), (0.05, 4, 0.88), (10, 1.5, 0.69), (0.0, 3, 1.0)],
)
def test_pgp_folds(rho, fold, expected):
    """Brain exposure at a fold over that at fold 1."""
    assert_allclose(transport.kp_uu(rho, fold) / transport.kp_uu(rho), expected, atol=0.006)
