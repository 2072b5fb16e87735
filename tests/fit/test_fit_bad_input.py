"""What cannot be fitted is said in one sentence with its place; one subject never stops the others."""

import numpy as np
import pandas as pd
import pytest

import pkpd

T = np.array([0.5, 1.0, 2.0, 4.0, 8.0, 12.0, 24.0])


def subject(identity=1, scale=1.0, times=T, dose=100.0, **columns):
    n = len(times)
    rng = np.random.default_rng(identity if isinstance(identity, int) else 7)
    dv = scale * dose / 30.0 * np.exp(-0.15 * times) * np.exp(0.1 * rng.standard_normal(n))
    rows = {"ID": identity, "TIME": [0.0, *times], "AMT": [dose, *[0.0] * n], "DV": [np.nan, *dv]}
    return pd.DataFrame(rows | columns)


def refused(data, match, model="1cmt", error=pkpd.DataError, **options):
    with pytest.raises(error, match=match):
        pkpd.fit(data, model, **options)


def reason(fit, identity=1):
    rows = fit.params[fit.params["id"] == identity]
    assert rows["estimate"].isna().all()
    return rows["reason"].iloc[0]


def test_no_observations():
    refused(subject().assign(DV=np.nan), "there is no observation.*EVID, MDV and DV")
    refused(subject().drop(columns="DV"), "DV")


def test_all_below_the_limit():
    data = subject(BLQ=[0, *[1] * 7], LLOQ=5.0)
    for blq in ("M1", "M3", "M5", "M6"):
        refused(data, "all 7 observations are below the limit.*nothing to fit", blq=blq)


def test_a_limit_that_is_not_known():
    data = subject(BLQ=[0] * 7 + [1])
    refused(data, "line 9: .*the limit is not known; blq='M3' needs it. Give lloq=", blq="M3")
    assert pkpd.fit(data, "1cmt", blq="M3", lloq=0.2).success


def test_one_sample_for_four_parameters():
    fit = pkpd.fit(subject(times=T[:1]), "2cmt")
    assert not fit.success
    assert reason(fit).startswith("1 observation for 4 parameters and sigma; at least 5 are needed. Hold some")
    assert "1 observation for 4 parameters" in fit.message and np.isnan(fit.ofv)
    assert fit.predictions["IPRED"].isna().all()
    assert "1 observation for 4 parameters" in fit.report()


def test_a_subject_that_cannot_be_fitted_does_not_stop_the_others():
    data = pd.concat([subject(1), subject(2, times=T[:2]), subject(3), subject(4, dose=0.0)])
    data = data[~((data["ID"] == 4) & (data["TIME"] == 0))]
    fit = pkpd.fit(data, "1cmt", check=False)
    done = fit.subjects.set_index("id")["success"]
    assert done.to_dict() == {1: True, 2: False, 3: True, 4: False}
    assert reason(fit, 2).startswith("2 observations for 2 parameters and sigma; at least 3 are needed")
    assert reason(fit, 4).startswith("no dose: every prediction is 0. Add its dose rows")
    alone = pkpd.fit(subject(3), "1cmt").params["estimate"].to_numpy()
    np.testing.assert_allclose(fit.params[fit.params["id"] == 3]["estimate"], alone, rtol=1e-6)


def test_zero_and_negative_values_under_log_error():
    data = subject()
    data.loc[4, "DV"] = 0.0
    with pytest.raises(pkpd.DataError, match="line 6: DV 0 has no logarithm, which error='log' needs"):
        pkpd.fit(data, "1cmt", error="log")
    data.loc[4, "DV"] = -0.3
    with pytest.raises(pkpd.DataError, match="line 6: .*-0.3"):
        pkpd.fit(data, "1cmt", error="log")


def test_a_dose_after_the_last_sample():
    late = pd.DataFrame({"ID": [1], "TIME": [48.0], "AMT": [100.0], "DV": [np.nan]})
    fit = pkpd.fit(pd.concat([subject(), late]), "1cmt")
    assert any("1 dose after the last sample" in sentence for sentence in fit.warnings)
    np.testing.assert_allclose(fit.params["estimate"], pkpd.fit(subject(), "1cmt").params["estimate"], rtol=1e-9)


def test_duplicated_time_points_count_twice():
    double = pd.concat([subject(), subject().iloc[3:4]]).sort_values("TIME", kind="stable")
    fit = pkpd.fit(double, "1cmt", check=False)
    assert fit.success and fit.subjects["n_obs"].item() == 8


def test_text_in_dv():
    data = subject().astype({"DV": object})
    data.loc[3, "DV"] = "high"
    refused(data, "line 5: DV 'high' is not a number")


def test_unknown_names_and_contradictions():
    data = subject()
    refused(
        data,
        "vary: 'CLL' is not a parameter of this model; expected one of CL V1.*Did you mean 'CL'",
        vary=["CLL"],
        error=pkpd.ParameterError,
    )
    refused(data, "fixed: 'V1' stands in vary too", vary=["V1"], fixed={"V": 3.0}, error=pkpd.ParameterError)
    refused(data, "vary: 'V1' is neither estimated nor given a value", vary=["CL"], error=pkpd.ParameterError)
    refused(data, "start: CL is -1.0; expected a finite number above 0", start={"CL": -1.0}, error=pkpd.ParameterError)
    refused(
        data,
        "model: 'midazolamm' is neither a short form.*Did you mean 'midazolam'",
        model="midazolamm",
        error=pkpd.ParameterError,
    )
    refused(
        data,
        "method='indvidual' is not known; expected .*Did you mean 'individual'",
        method="indvidual",
        error=pkpd.ParameterError,
    )


def test_bounds():
    data = subject()
    for bounds, match in (
        ({"CL": (6, 9)}, "bounds: CL .6, 9. excludes its start 5"),
        ({"CL": (9, 6)}, "expected 0 <= low < high"),
        ({"KA": (1, 2)}, "bounds: 'KA' is not a parameter"),
        ({"CL": 3}, "expected a pair"),
    ):
        refused(data, match, bounds=bounds, start={"CL": 5.0}, error=pkpd.ParameterError)
    fit = pkpd.fit(data, "1cmt", bounds={"CL": (None, 4.0)})
    row = fit.params.set_index("parameter").loc["CL"]
    assert row["reason"] == "at its bound" and np.isnan(row["stderr"])
    np.testing.assert_allclose(row["estimate"], 4.0, rtol=1e-6)
    assert any("at its bound" in sentence for sentence in fit.warnings)


def test_errors_of_the_check_stop_the_fit():
    data = subject()
    data.loc[5, "TIME"] = 1.0
    refused(data, "TIME 1 comes after 4 for ID 1; rows of one ID must be in time order")


def test_rate_from_the_parameters_needs_a_value():
    data = subject(RATE=[-2.0, *[0.0] * 7])
    refused(data, "line 2: RATE -2 takes D1 from the parameters", error=pkpd.ParameterError)
    assert pkpd.fit(data, "1cmt", fixed={"D1": 0.4}).success


def test_a_parameter_that_nothing_determines_says_so():
    early = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    fit = pkpd.fit(subject(times=early), "3cmt", check=False)
    missing = fit.params[fit.params["stderr"].isna()]
    assert (missing["reason"] != "").all()


def test_cmt_is_checked_where_doses_stand():
    """Observations of another kind may stand in a compartment that the model does not have; doses may not."""
    other = subject().assign(DVID=1, CMT=[1] + [2] * 7)
    other = pd.concat([other, other.iloc[3:6].assign(DVID=2, CMT=3)]).sort_values(["TIME", "DVID"], kind="stable")
    assert pkpd.fit(other, "1cmt oral", fixed={"KA": 50.0}).success
    refused(subject(CMT=[3] + [2] * 7), "line 2: CMT 3 is out of range; expected .*1 to 2", model="1cmt oral")
