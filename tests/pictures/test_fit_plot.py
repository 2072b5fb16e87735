"""Pictures of a fit: the curves are the model's, every axis has its unit, nothing that was observed is hidden."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pkpd
from pkpd.fit.curves import curves
from pkpd.pictures.fit import WHAT, page_count

T = np.array([0.5, 1.0, 2.0, 4.0, 8.0, 12.0])
CL, V = 4.0, 20.0


def subject(identity, dose=100.0, scale=1.0):
    wobble = 1.0 + 0.05 * np.array([1, -1, 1, 1, -1, -1])
    dv = scale * dose / V * np.exp(-CL / V * T) * wobble
    return pd.DataFrame({"ID": identity, "TIME": [0.0, *T], "AMT": [dose, *[0.0] * 6], "DV": [np.nan, *dv]})


@pytest.fixture(scope="module")
def fit():
    data = pd.concat([subject(1), subject(2, scale=1.3), subject("three", scale=0.7)], ignore_index=True)
    data.loc[6, ["BLQ", "LLOQ"]] = [1.0, 0.6]
    return pkpd.fit(data, "1cmt", units={"TIME": "h", "DV": "mg/L"})


def labels(figure):
    return [text for axes in figure.axes if axes.get_visible() for text in (axes.get_xlabel(), axes.get_ylabel())]


def test_curves_are_those_of_the_closed_form(fit):
    found = curves(fit.fitted)
    assert len(found) == 3
    for curve, who in zip(found, (1, 2, "three")):
        own = fit.params[fit.params["id"] == who].set_index("parameter")["estimate"]
        assert (curve.time[0], curve.time[-1]) == (0.0, 12.0)
        assert_allclose(curve.ipred, 100.0 / own.V1 * np.exp(-own.CL / own.V1 * curve.time), rtol=1e-9)


def test_a_curve_shows_both_sides_of_implied_doses_in_the_units_of_the_data():
    data = subject(1)
    data["TIME"] *= 60.0
    data["ADDL"], data["II"] = [1, *[0] * 6], [360.0, *[0] * 6]
    fit = pkpd.fit(data, "midazolam_albrecht1999_ke0", vary="CL V1", units={"TIME": "min", "DV": "ug/L"})
    (curve,) = curves(fit.fitted)
    jump = np.diff(curve.ipred)
    at = int(np.argmax(jump))
    assert_allclose(curve.time[at + 1], 360.0)
    volume = fit.params.set_index("parameter")["estimate"]["V1"]
    assert_allclose(jump[at], 100.0 / volume * 1000.0, rtol=1e-3)  # mg/L of a dose in ug/L


@pytest.mark.parametrize("what", WHAT)
@pytest.mark.parametrize("log", [False, True])
def test_every_axis_has_a_unit(fit, what, log):
    figure = fit.plot(what, log=log)
    said = [label for label in labels(figure) if label]
    units = ("(h)", "(mg/L)", "standard deviations", "L/h", "L", "mg", "no unit")
    assert said and all(any(unit in label for unit in units) for label in said)
    assert figure.texts or figure._suptitle is not None


def test_every_subject_has_a_panel_with_its_observations(fit):
    figure = fit.plot()
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert [axes.get_title(loc="left") for axes in panels] == ["ID 1", "ID 2", "ID three"]
    points = [sum(len(line.get_xdata()) for line in axes.lines if line.get_marker() in ("o", "v")) for axes in panels]
    assert points == [7, 7, 7]  # six samples and the dose
    below = [line for line in panels[0].lines if line.get_marker() == "v" and line.get_markerfacecolor() == "none"]
    assert_allclose(below[0].get_ydata(), [0.6])
    assert {text.get_text() for text in figure.legends[0].get_texts()} >= {"IPRED", "observed", "dose"}


def test_pages_of_panels():
    data = pd.concat([subject(i) for i in range(1, 15)], ignore_index=True)
    fit = pkpd.fit(data, "1cmt", method="pooled")
    assert page_count(fit, "profiles") == 2
    second = [axes.get_title(loc="left") for axes in fit.plot(page=2).axes if axes.get_visible()]
    assert second == ["ID 13", "ID 14"]
    with pytest.raises(
        pkpd.ParameterError, match="page=3 of 'profiles' is not there; expected a whole number from 1 to 2"
    ):
        fit.plot(page=3)


def test_occasions_whose_time_begins_anew_are_parts():
    again = subject(1).assign(EVID=[4, *[0] * 6])
    data = pd.concat([subject(1).assign(EVID=[1, *[0] * 6]), again], ignore_index=True)
    figure = pkpd.fit(data, "1cmt").plot(log=True)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["ID 1", "ID 1, part 2"]
    assert all(axes.get_yscale() == "log" for axes in figure.axes)


def test_a_prior_gives_two_curves_and_two_panels():
    fit = pkpd.fit(
        subject(1), "1cmt", method="map", start={"CL": 5, "V1": 25}, omega={"CL": 0.1, "V1": 0.1}, sigma=0.04
    )
    (curve,) = curves(fit.fitted)
    assert_allclose(curve.pred, 100.0 / 25.0 * np.exp(-0.2 * curve.time), rtol=1e-9)
    assert len(fit.plot("observed").axes) == 2


def test_a_run_away_estimate_does_not_squeeze_the_others(fit):
    params = fit.params.copy()
    params.loc[(params["id"] == 2) & (params["parameter"] == "CL"), "estimate"] = 1e9
    from dataclasses import replace

    panel = replace(fit, params=params).plot("estimates").axes[0]
    assert panel.get_xlim()[1] < 100.0
    assert any(line.get_marker() == "X" for line in panel.lines)


def test_unknown_pictures_and_fits_without_estimates(fit):
    with pytest.raises(
        pkpd.ParameterError, match="what='profile' is not known; expected 'profiles'.*Did you mean 'pro"
    ):
        fit.plot("profile")
    with pytest.raises(pkpd.ParameterError, match="page=2 of 'qq' is not there; expected 1"):
        fit.plot("qq", page=2)
    nothing = pkpd.fit(subject(1).iloc[:2], "1cmt")
    assert len(nothing.plot().axes) == 1
    with pytest.raises(pkpd.ParameterError, match="nothing was fitted.*1 observation for 2 parameters"):
        nothing.plot("residuals")
