"""Fits of library models: covariates, metabolites, routes, units; and what a Fit carries."""

import json

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pkpd

T = np.array([0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 12.0])


def bolus(dose=10.0, **columns):
    return pd.DataFrame({"ID": 1, "TIME": [0.0, *T], "AMT": [dose, *[0.0] * len(T)], "ROUTE": "iv"} | columns)


def test_parent_and_metabolite_together():
    """A bolus into one compartment that forms a one-compartment metabolite: the two closed forms, without error."""
    cl, v, cl_m, v_m, dose = 9.0, 100.0, 40.0, 60.0, 20.0
    k, km = cl / v, cl_m / v_m
    parent = dose / v * np.exp(-k * T)
    metabolite = dose * k / v_m / (km - k) * (np.exp(-k * T) - np.exp(-km * T))
    rng = np.random.default_rng(8)
    one = bolus(dose, DVID=1, DV=[np.nan, *(parent * np.exp(0.01 * rng.standard_normal(len(T))))])
    two = bolus(0.0, DVID=2, DV=[np.nan, *(metabolite * np.exp(0.02 * rng.standard_normal(len(T))))]).iloc[1:]
    data = pd.concat([one, two]).sort_values(["TIME", "DVID"], kind="stable")
    fit = pkpd.fit(data, "midazolam_franken2017_metabolites", dvid=[1, 2], error="log", fixed={"V_1OH": v_m})
    p = fit.params.set_index("parameter")["estimate"]
    assert_allclose([p["CL"], p["V1"], p["CL_1OH"]], [cl, v, cl_m], rtol=0.03)
    assert p["sigma_1"] < 0.02 and 0.008 < p["sigma_2"] < 0.04
    # Maximum likelihood with a sigma of each: the residuals of each kind give its own.
    seen = fit.predictions.assign(residual=np.log(fit.predictions["DV"] / fit.predictions["IPRED"]))
    each = seen.groupby("DVID")["residual"].apply(lambda r: np.sqrt((r**2).mean()))
    assert_allclose([p["sigma_1"], p["sigma_2"]], each, rtol=1e-4)


def test_covariates_that_change_scale_the_parameters_from_their_row_on():
    """Levetiracetam, clearance and volume per kg: a weight that doubles at 4 h doubles CL and V1 from there on."""
    weight = np.where(np.append(0.0, T) >= 4.0, 140.0, 70.0)
    parameters = {"CL": "cl", "V1": "v1", "Q2": "q2", "V2": "v2"}
    scale = weight / 70.0
    frame = bolus(1000.0).assign(cl=4.0 * scale, v1=30.0 * scale, q2=6.0 * scale, v2=10.0 * scale)
    truth = pkpd.predict(frame, "2cmt", parameters)["IPRED"].to_numpy()
    data = bolus(1000.0, DV=[np.nan, *truth[1:]], WT=weight, AGE=40.0)
    fit = pkpd.fit(data, "levetiracetam_uges2009_se", error="log")
    p = fit.params.set_index("parameter")["estimate"]
    assert_allclose([p[name] for name in ("CL", "V1", "Q2", "V2")], [4.0, 30.0, 6.0, 10.0], rtol=1e-3)


def test_a_pooled_fit_stands_at_the_reference_covariates():
    parts = []
    for identity, kg in enumerate((50.0, 70.0, 95.0), start=1):
        dv = 1000.0 / (0.5 * kg) * np.exp(-0.12 * T)
        parts.append(bolus(1000.0, DV=[np.nan, *dv], WT=kg, AGE=40.0).assign(ID=identity))
    fit = pkpd.fit(pd.concat(parts), "levetiracetam", method="pooled", vary="CL V1", fixed={"Q2": 1e-9}, error="log")
    p = fit.params.set_index("parameter")["estimate"]
    assert_allclose([p["CL"], p["V1"]], [0.12 * 0.5 * 70.0, 0.5 * 70.0], rtol=1e-4)


def test_data_in_other_units_come_back_in_them(root):
    data = pkpd.read_data(root / "data/observed/midazolam.csv").frame
    ng = data.assign(DV=1000.0 * data["DV"], LLOQ=1000.0 * data["LLOQ"], TIME=60.0 * data["TIME"])
    a = pkpd.fit(data[data["ID"] == 6], "2cmt oral", by="OCC", units={"DV": "mg/L"})
    b = pkpd.fit(ng[ng["ID"] == 6], "midazolam", by="OCC", units={"DV": "ng/mL", "LLOQ": "ng/mL", "TIME": "min"})
    assert b.predictions["DV"].max() > 100 and b.predictions["TIME"].max() > 100
    stated = b.assumptions.set_index("item")
    assert stated.loc["unit of DV", "value"] == "ng/mL" and stated.loc["unit of DV", "action"] == "applied"
    iv = [fit.params.set_index("parameter").loc["CL", "estimate"] for fit in (a, b)]
    assert_allclose(iv[1], iv[0], rtol=0.02)
    assert b.params.set_index("parameter").loc["CL", "unit"] == "L/h"


def test_which_model_and_which_defaults_are_listed():
    dv = 1000.0 / 30.0 * np.exp(-0.12 * T)
    fit = pkpd.fit(bolus(1000.0, DV=[np.nan, *dv]), "levetiracetam")
    items = fit.assumptions.set_index("item")
    assert items.loc["levetiracetam model", "value"] == fit.model == "levetiracetam_uges2009_se"
    assert items.loc["weight_kg", "action"] == "default"
    with pytest.raises(pkpd.DataError, match="line 2: ROUTE 'intravenous' is not known; expected one of iv"):
        pkpd.fit(bolus(1000.0, DV=[np.nan, *dv], ROUTE="intravenous"), "levetiracetam")
    with pytest.raises(pkpd.DataError, match="no absorption for levetiracetam by route 'im'"):
        pkpd.fit(bolus(1000.0, DV=[np.nan, *dv], ROUTE="im"), "levetiracetam")
    mixed = pd.concat([bolus(1000.0, DV=[np.nan, *dv], AGE=40.0, WT=70.0), bolus(300.0, AGE=6.0, WT=20.0).assign(ID=2)])
    with pytest.raises(pkpd.ParameterError, match="ages of the subjects ask for different models"):
        pkpd.fit(mixed.assign(DV=mixed["DV"].fillna(1.0).where(mixed["AMT"] == 0)), "levetiracetam")


def test_occasions_share_the_parameters_of_their_subject(root):
    fit = pkpd.fit(root / "data/observed/midazolam.csv", "2cmt oral", by="OCC")
    assert list(fit.subjects["id"]) == [1, 2, 3, 4, 5, 6]
    assert {"ID", "OCC", "TIME", "DV", "IPRED", "IRES", "IWRES"} <= set(fit.predictions)
    held = fit.params[(fit.params["parameter"] == "F1") & (fit.params["id"] == 1)].iloc[0]
    assert held["estimate"] == 1.0 and "one way only" in held["reason"]


def test_the_report_and_the_folder_hold_everything(root, tmp_path):
    fit = pkpd.fit(root / "data/observed/theophylline.csv", "1cmt oral", seed=1)
    text = fit.report()
    for part in ("theophylline.csv", "1cmt oral", "sd = sigma x IPRED", "OFV", "KA", "L/h", "Left out", "exactly 0"):
        assert part in text
    folder = fit.save(tmp_path / "fit")
    saved = json.loads((folder / "manifest.json").read_text())
    again = pkpd.fit(folder / saved["input"]["copy"], saved["model"], **saved["options"])
    pd.testing.assert_frame_equal(again.params, fit.params)
    assert (folder / "report.txt").read_text() == text
    assert len(pd.read_csv(folder / "predictions.csv")) == 132


def test_results_are_those_of_lmfit():
    dv = 10.0 / 30.0 * np.exp(-0.12 * T) * np.array([1.1, 0.9, 1.0, 1.05, 0.93, 1.0, 1.02])
    fit = pkpd.fit(bolus(DV=[np.nan, *dv]), "1cmt")
    result = fit.results[1]
    assert type(result).__module__ == "lmfit.minimizer"
    p = fit.params.set_index("parameter")["estimate"]
    assert_allclose(np.exp(result.params["log_CL"].value), p["CL"], rtol=1e-6)
