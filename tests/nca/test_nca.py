"""Non-compartmental analysis: closed forms, the rules for samples and doses, and a reason for what is missing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import pkpd
from pkpd.errors import DataError, ParameterError, UnitError

DOSE, CL, V, KA = 100.0, 5.0, 20.0, 1.5
K = CL / V
#: Of all lines within 1e-4 of the best adjusted r2 the longest counts, as in WinNonlin; where sampling is dense it
#: reaches back to where the curve still bends, with a residual sum of squares of 1e-4 and so a slope off by up to 1 %.
SLOPE = 1e-2
COLUMNS = (
    "id cmax_mg_L tmax_h auc_last_mg_h_L auc_inf_mg_h_L auc_extrap_percent lambda_z_1_h half_life_h cl_L_h vz_L mrt_h "
    "n_lambda_z r2_adj route reason"
).split()


def profile(time, dv, *, id=1, at=0.0, amount=DOSE, **dose):
    """A data set of one dose and its samples; words such as RATE=50 stand on the dose row, and 0 elsewhere."""
    first = {"ID": id, "TIME": at, "DV": 0.0, "AMT": amount, "EVID": 1, "CMT": 1, **dose}
    samples = pd.DataFrame({"ID": id, "TIME": np.asarray(time, float) + at, "DV": dv, "EVID": 0, "CMT": 1})
    empty = {"AMT": 0.0, **{name: "" if isinstance(value, str) else 0 for name, value in dose.items()}}
    return pd.concat([pd.DataFrame([first]), samples], ignore_index=True).fillna(empty)


def oral(frame):
    """The samples in compartment 2, the dose in the depot."""
    return frame.assign(CMT=np.where(frame["EVID"] == 1, 1, 2))


def one(*args, **options):
    (row,) = pkpd.nca(*args, **options).to_dict("records")
    return row


def bolus_curve(t):
    return DOSE / V * np.exp(-K * t)


def oral_curve(t):
    return DOSE * KA / (V * (KA - K)) * (np.exp(-K * t) - np.exp(-KA * t))


def infusion_curve(t, duration):
    during = DOSE / duration / CL * -np.expm1(-K * np.minimum(t, duration))
    return during * np.exp(-K * np.maximum(t - duration, 0))


def test_the_columns_are_those_of_the_contract():
    assert list(pkpd.nca(profile([1, 2, 4], [4.0, 2.0, 1.0])).columns) == COLUMNS


# ---- closed forms -------------------------------------------------------------------------------------------------


def test_a_bolus_with_one_exponential_is_exact_from_four_samples():
    t = np.array([0.5, 2, 5, 9])
    found = one(profile(t, bolus_curve(t)))
    assert found["route"] == "bolus" and found["reason"] == "" and found["n_lambda_z"] == 4
    assert_allclose(found["auc_inf_mg_h_L"], DOSE / CL, rtol=1e-13)
    assert_allclose(found["auc_last_mg_h_L"], DOSE / CL * -np.expm1(-K * 9), rtol=1e-13)
    assert_allclose(found["auc_extrap_percent"], 100 * np.exp(-K * 9), rtol=1e-12)
    assert_allclose(
        [found[name] for name in ("lambda_z_1_h", "half_life_h", "cl_L_h", "vz_L", "mrt_h", "r2_adj")],
        [K, np.log(2) / K, CL, V, 1 / K, 1.0],
        rtol=1e-12,
    )
    assert (found["cmax_mg_L"], found["tmax_h"]) == (bolus_curve(0.5), 0.5)


def test_two_exponentials_sampled_densely():
    # Micro-constants of a two-compartment model: MRT = Vss / CL with Vss = V1 + V2.
    q, v2 = 8.0, 30.0
    total, product = K + q / V + q / v2, K * q / v2
    alpha, beta = (total + np.array([1, -1]) * np.sqrt(total**2 - 4 * product)) / 2
    t = np.concatenate([np.linspace(0, 5, 4001), np.linspace(5, 150, 4001)[1:]])
    c = DOSE / V * ((alpha - q / v2) * np.exp(-alpha * t) + (q / v2 - beta) * np.exp(-beta * t)) / (alpha - beta)
    found = one(profile(t, c))
    # The rule is of second order: steps of 1/800 and 1/28 h leave less than 1e-6.
    assert_allclose([found["cl_L_h"], found["mrt_h"]], [CL, (V + v2) / CL], rtol=2e-6)
    assert_allclose([found["lambda_z_1_h"], found["vz_L"]], [beta, CL / beta], rtol=SLOPE)


def test_an_oral_dose_sampled_densely():
    t = np.linspace(0, 60, 24001)
    found = one(oral(profile(t, oral_curve(t))))
    peak = np.log(KA / K) / (KA - K)
    assert found["route"] == "extravascular"
    assert_allclose([found["cl_L_h"], found["mrt_h"]], [CL, 1 / K + 1 / KA], rtol=1e-6)
    assert_allclose([found["tmax_h"], found["cmax_mg_L"]], [peak, oral_curve(peak)], rtol=1e-3)
    assert_allclose(found["lambda_z_1_h"], K, rtol=SLOPE)


def test_an_infusion_loses_half_its_duration_from_mrt():
    duration = 2.0
    t = np.concatenate([np.linspace(0, duration, 2001), [3, 5, 8, 12]])
    found = one(profile(t, infusion_curve(t, duration), RATE=DOSE / duration))
    assert found["route"] == "infusion" and found["n_lambda_z"] == 4  # the end of the infusion is the peak
    # The rise is by chords, 1/1000 h each; the fall is exact.
    assert_allclose([found[name] for name in ("cl_L_h", "vz_L", "mrt_h", "lambda_z_1_h")], [CL, V, 1 / K, K], rtol=1e-7)


def test_samples_during_the_infusion_are_not_terminal():
    t = np.array([0.5, 1, 2, 4, 6, 8])
    found = one(profile(t, [5.0, 4.9, 4.8, 4.0, 3.2, 2.56], RATE=25.0))  # runs for 4 h, past its highest sample
    assert found["n_lambda_z"] == 3
    assert_allclose(found["lambda_z_1_h"], np.log(1.25) / 2, rtol=1e-12)


TAU = 8.0


def at_steady_state(curve, t, n=400):
    """The sum over n earlier doses."""
    return sum(curve(t + i * TAU) for i in range(n))


@pytest.mark.parametrize(
    "curve, dose, mrt",
    [
        (bolus_curve, {}, 1 / K),
        (oral_curve, {"ROUTE": "po"}, 1 / K + 1 / KA),
        (lambda t: infusion_curve(t, 1.0), {"RATE": DOSE}, 1 / K),
    ],
    ids=["bolus", "oral", "infusion"],
)
@pytest.mark.parametrize("first", [0.0, 0.001], ids=["trough", "no trough"])
def test_steady_state(curve, dose, mrt, first):
    t = np.unique(np.concatenate([[first], np.linspace(0.001, 1, 1000), np.linspace(1, TAU, 1000)]))
    c = at_steady_state(curve, t)
    found = one(profile(t, c, SS=1, II=TAU, **dose))
    assert list(found)[-2:] == ["tau_h", "auc_tau_mg_h_L"] and found["tau_h"] == TAU
    # The area over one interval is that of a single dose to infinity. Chords of 1/1000 and 1/143 h.
    assert_allclose([found["auc_tau_mg_h_L"], found["cl_L_h"]], [DOSE / CL, CL], rtol=1e-5)
    assert_allclose(found["mrt_h"], mrt, rtol=SLOPE)
    assert found["auc_last_mg_h_L"] == pytest.approx(found["auc_tau_mg_h_L"])


def test_clearance_at_steady_state_needs_no_terminal_slope():
    frame = profile([0, 2, 4, 8], [2.0, 3.0, 4.0, 2.0], SS=1, II=8, RATE=20)
    found = one(frame)
    assert_allclose(found["cl_L_h"], DOSE / (5 + 7 + 4 * 2 / np.log(2)), rtol=1e-12)
    assert np.isnan(found["vz_L"]) and found["reason"] == (
        "no terminal slope (1 of at least 3 quantifiable samples after the peak and the infusion): no lambda_z, "
        "half_life, auc_inf, vz and mrt"
    )


def test_partial_areas_of_one_exponential_are_exact():
    t = np.array([0.5, 2, 5, 9])
    intervals = [(0, 3), (1, 7.5), (3, 9), (6, 20), ("30 min", "12 h"), (9, 24)]
    found = one(profile(t, bolus_curve(t)), intervals=intervals)
    names = "auc_0_3 auc_1_7.5 auc_3_9 auc_6_20 auc_0.5_12 auc_9_24".split()
    assert list(found) == [*COLUMNS, *(f"{name}_mg_h_L" for name in names)]
    hours = np.array([(0, 3), (1, 7.5), (3, 9), (6, 20), (0.5, 12), (9, 24)])
    expected = DOSE / CL * -np.diff(np.exp(-K * hours))[:, 0]
    assert_allclose([found[f"{name}_mg_h_L"] for name in names], expected, rtol=1e-12)


def test_partial_areas_can_be_written_as_text():
    found = pkpd.nca(profile([1, 2, 4], [4.0, 2.0, 1.0]), intervals="0-4, 0 - 90 min, 1-2 h")
    assert list(found.columns[-3:]) == ["auc_0_4_mg_h_L", "auc_0_1.5_mg_h_L", "auc_1_2_mg_h_L"]


def test_both_rules_by_hand():
    # Up 0 2 4 in hours, down 4 2 1 0.5 in steps of 2 h: chords, or 2 (c1 - c2) / ln 2 where it falls.
    frame = oral(profile([0, 1, 2, 4, 6, 8], [0.0, 2.0, 4.0, 2.0, 1.0, 0.5]))
    assert_allclose(one(frame, method="linear")["auc_last_mg_h_L"], 1 + 3 + 6 + 3 + 1.5, rtol=1e-14)
    assert_allclose(one(frame)["auc_last_mg_h_L"], 1 + 3 + (4 + 2 + 1) / np.log(2), rtol=1e-14)
    assert_allclose(one(frame)["half_life_h"], 2, rtol=1e-14)


# ---- samples that count -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["BLQ", "LLOQ", "zero"])
def test_blq_is_zero_before_the_first_quantifiable_sample_and_left_out_later(how):
    t, c = [0, 0.5, 1, 2, 4, 5, 6, 8], np.array([0.0, 0.0, 2.0, 4.0, 2.0, 0.0, 1.0, 0.0])
    frame = oral(profile(t, c))
    below = (frame["EVID"] == 0) & (frame["DV"] == 0)
    if how == "BLQ":
        frame["BLQ"], frame["MDV"] = below.astype(int), below.astype(int)
        frame.loc[below, "DV"] = 0.05
    if how == "LLOQ":
        frame["LLOQ"] = 0.1
        frame.loc[below, "DV"] = 0.05
    found = one(frame)
    # 0 until 0.5 h; then 0.5 for the rise to 2, 3 to 4, and from 4 to 1 within 4 h at a half-life of 2 h.
    assert_allclose(found["auc_last_mg_h_L"], 0.5 + 3 + (4 - 1) * 2 / np.log(2), rtol=1e-13)
    assert found["n_lambda_z"] == 0 and "2 of at least 3 quantifiable samples" in found["reason"]


def test_a_zero_drawn_before_a_bolus_does_not_hide_its_peak():
    t = np.array([0.0, 0.5, 2, 5, 9])
    c = np.where(t == 0, 0.0, bolus_curve(t))
    frame = profile(t, c)
    swapped = frame.iloc[[1, 0, 2, 3, 4, 5]].reset_index(drop=True)
    for either in (frame, swapped):
        assert_allclose(one(either)["auc_inf_mg_h_L"], DOSE / CL, rtol=1e-12)


def test_a_bolus_that_does_not_fall_at_first_begins_at_its_first_sample():
    found = one(profile([1, 2, 4, 6, 8], [3.0, 4.0, 2.0, 1.0, 0.5]), method="linear")
    assert_allclose(found["auc_last_mg_h_L"], 3 + 3.5 + 6 + 3 + 1.5)


def test_samples_before_the_dose_are_told():
    frame = oral(profile([0, 1, 2, 4, 6], [0.0, 4.0, 2.0, 1.0, 0.5], at=10.0))
    early = frame.iloc[[1]].assign(TIME=9.0, DV=0.7)
    found = one(pd.concat([early, frame], ignore_index=True))
    assert found["tmax_h"] == 1 and found["reason"] == "1 sample before the dose left out"


def session(t, dv, first, **dose):
    """Rows of one ID that follow on others: the dose row `first`, and samples at t."""
    rows = profile(t, dv, **dose)
    return rows.assign(EVID=np.where(rows["EVID"] == 1, first, 0))


def test_only_the_first_dose_counts_and_the_rest_is_told():
    t = np.array([0.5, 2, 5, 9])
    both = pd.concat([profile(t, bolus_curve(t)), profile([1, 2], [9.0, 8.0], at=12.0)], ignore_index=True)
    found = one(both)
    assert_allclose(found["cl_L_h"], CL, rtol=1e-12)
    assert found["reason"] == (
        "2 samples from the next dose (TIME 12) on left out, as fewer than 3 follow each dose; name the column of the "
        "occasions (by), or state a steady state (SS and II on the dose)"
    )


def test_a_reset_begins_another_profile():
    t = np.array([0.5, 2, 5, 9])
    early = pd.DataFrame([{"ID": 1, "TIME": 0.0, "DV": 0.3, "AMT": 0.0, "EVID": 0, "CMT": 1}])
    sessions = [session(t, bolus_curve(t), 4), session(t, 2 * bolus_curve(t), 4), session([], [], 4)]
    found = pkpd.nca(pd.concat([early, *sessions, profile(t, bolus_curve(t), id=2)], ignore_index=True))
    assert list(found["id"]) == ["1 / 1", "1 / 2", "2 / 1"]
    assert_allclose(found["cl_L_h"], [CL, CL / 2, CL], rtol=1e-12)
    assert list(found["reason"]) == ["1 sample outside of the doses' occasions left out", "", ""]


def test_a_steady_state_begins_another_profile():
    t = np.array([0.0, 0.5, 2, 5, 9, 12])
    late = session(t, bolus_curve(t) / -np.expm1(-K * 12), 1, at=96.0, SS=1, II=12.0)
    found = pkpd.nca(pd.concat([profile(t[1:], bolus_curve(t[1:])), late], ignore_index=True))
    assert_allclose(found["cl_L_h"], CL, rtol=1e-12)
    assert_allclose(found["auc_tau_mg_h_L"], [np.nan, DOSE / CL], rtol=1e-12)


def test_an_id_with_a_dose_and_no_sample_is_told():
    t = np.array([0.5, 2, 5, 9])
    found = pkpd.nca(pd.concat([profile(t, bolus_curve(t)), session([], [], 4, id=2)], ignore_index=True))
    assert list(found["id"]) == [1, 2]
    assert found["reason"][1].startswith("no usable observation after the dose: nothing can be measured")


def test_doses_implied_by_addl_end_the_profile():
    t = np.array([0.5, 2, 5, 9, 13])
    found = one(profile(t, bolus_curve(t), ADDL=1, II=12))
    assert found["n_lambda_z"] == 4 and "1 sample from the next dose (TIME 12) on left out" in found["reason"]


def test_occasions_are_profiles_of_their_own():
    t = np.array([0.5, 2, 5, 9])
    two = pd.concat([profile(t, bolus_curve(t)), profile(t, 2 * bolus_curve(t))], ignore_index=True)
    two["OCC"] = np.repeat([1, 2], 5)
    found = pkpd.nca(two, by="OCC")
    assert list(found["id"]) == ["1 / 1", "1 / 2"]
    assert_allclose(found["cl_L_h"], [CL, CL / 2], rtol=1e-12)


@pytest.mark.parametrize("second", ["bolus", "infusion"])
def test_doses_that_are_each_followed_by_samples_are_one_profile(second):
    # The sum of two curves: the second dose at 6 h; c and its kink at 6 h are exact where every piece is exponential.
    infusion = second == "infusion"
    t = np.concatenate([[0.5, 2, 5], np.linspace(6, 8, 2001)[1:] if infusion else [6.5, 7, 8], [9, 12, 18]])
    late = infusion_curve(np.maximum(t - 6, 0), 2.0) if infusion else np.where(t > 6, bolus_curve(t - 6), 0)
    both = profile(t, bolus_curve(t) + late)
    dose = both.iloc[[0]].assign(TIME=6.0)
    frame = pd.concat([both, dose], ignore_index=True).assign(RATE=0.0).sort_values("TIME", kind="stable")
    frame.loc[frame["TIME"] == 6, "RATE"] = 50.0 if infusion else 0.0
    found = one(frame, intervals=[(0, 6)])
    assert found["route"] == ("bolus + infusion" if infusion else "bolus") and found["reason"] == ""
    exact = 2e-7 if infusion else 1e-12  # the infusion rises by chords of 1/1000 h
    assert_allclose(found["auc_inf_mg_h_L"], 2 * DOSE / CL, rtol=exact)
    assert_allclose([found["cl_L_h"], found["vz_L"], found["mrt_h"]], [CL, V, 1 / K], rtol=exact)
    assert_allclose(found["auc_0_6_mg_h_L"], DOSE / CL * -np.expm1(-K * 6), rtol=1e-12)


def test_an_oral_dose_after_another():
    t = np.unique(np.concatenate([np.linspace(0, 6, 3001), np.linspace(6, 12, 3001), np.linspace(12, 60, 3001)]))
    c = oral_curve(t) + np.where(t > 6, oral_curve(t - 6), 0)
    both = profile(t, c)
    frame = pd.concat([both, both.iloc[[0]].assign(TIME=6.0)], ignore_index=True).sort_values("TIME", kind="stable")
    found = one(oral(frame))
    assert_allclose([found["cl_L_h"], found["mrt_h"]], [CL, 1 / K + 1 / KA], rtol=1e-5)


def test_a_dose_into_a_vein_and_one_by_mouth_have_no_clearance():
    t = np.array([0.5, 2, 5, 7, 8, 10, 14])
    both = profile(t, [4.0, 3, 2, 3, 2, 1, 0.5]).assign(ROUTE="")
    frame = pd.concat([both, both.iloc[[0]].assign(TIME=6.0)], ignore_index=True).sort_values("TIME", kind="stable")
    frame["ROUTE"] = np.where(frame["EVID"] == 0, "", np.where(frame["TIME"] == 0, "iv", "po"))
    found = one(frame)
    assert found["route"] == "bolus + po" and np.isnan(found["cl_L_h"]) and not np.isnan(found["auc_inf_mg_h_L"])
    assert "into a vein and elsewhere in one profile cannot be told apart: no cl" in found["reason"]


def test_doses_of_one_moment_are_added():
    # A bolus and an infusion begin together: c is the sum of the two, and so is the mean time of input.
    t = np.concatenate([np.linspace(0, 2, 2001), [3, 5, 8, 12]])
    both = profile(t, bolus_curve(t) + infusion_curve(t, 2.0))
    second = both.iloc[[0]].assign(RATE=50.0)
    found = one(pd.concat([both.iloc[[0]].assign(RATE=0.0), second, both.iloc[1:].assign(RATE=0.0)], ignore_index=True))
    assert found["route"] == "bolus + infusion"
    assert_allclose([found["cl_L_h"], found["mrt_h"]], [CL, 1 / K], rtol=1e-6)


# ---- routes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dose, samples, route",
    [
        ({"CMT": 1}, {"CMT": 2}, "extravascular"),
        ({"CMT": 2}, {"CMT": 2}, "bolus"),
        ({"CMT": 1}, {"CMT": 1}, "bolus"),
        ({"CMT": 2}, {"CMT": 0}, "bolus"),
        ({"CMT": 1, "ROUTE": "im"}, {"CMT": 1, "ROUTE": "."}, "im"),
        ({"CMT": 1, "ROUTE": "IV"}, {"CMT": 2, "ROUTE": ""}, "bolus"),
        ({"CMT": 1, "RATE": 50.0}, {"CMT": 1, "RATE": 0.0}, "infusion"),
        ({"CMT": 1, "RATE": 50.0, "ROUTE": "iv"}, {"CMT": 1, "RATE": 0.0, "ROUTE": ""}, "infusion"),
    ],
)
def test_route(dose, samples, route):
    frame = profile([0.5, 2, 5, 9], bolus_curve(np.array([0.5, 2, 5, 9])))
    for name in dose:
        frame[name] = [dose[name], *[samples[name]] * 4]
    assert one(frame)["route"] == route and one(frame)["reason"] == ""


@pytest.mark.parametrize(
    "dv, route, why",
    [
        ([4.0, 2.0, 1.0, 0.5], "bolus", "falls from the first sample on"),
        ([1.0, 2.0, 1.0, 0.5], "extravascular", "does not fall from the first sample on"),
    ],
)
def test_a_route_that_nothing_states_is_read_from_the_curve_and_told(dv, route, why):
    found = one(profile([1, 2, 4, 6], dv).drop(columns="CMT"))
    assert found["route"] == route
    assert f"neither ROUTE nor CMT says how the dose enters: {route}, as the curve {why}" in found["reason"]


# ---- what is missing, and why -------------------------------------------------------------------------------------


def test_without_a_dose():
    found = one(pd.DataFrame({"ID": 1, "TIME": [1, 2, 3, 4], "DV": [8.0, 4.0, 2.0, 1.0]}), intervals=[(0, 4), (1, 4)])
    assert_allclose([found["auc_last_mg_h_L"], found["auc_1_4_mg_h_L"]], 7 / np.log(2), rtol=1e-13)
    assert_allclose(found["half_life_h"], 1, rtol=1e-13)
    assert np.isnan([found[name] for name in ("cl_L_h", "vz_L", "mrt_h", "auc_0_4_mg_h_L")]).all()
    assert found["route"] == "" and found["reason"] == (
        "the curve does not reach over auc_0_4_mg_h_L; there is no dose: times count from 0, the area begins at the "
        "first sample; no cl, vz and mrt"
    )


@pytest.mark.parametrize(
    "dv, reason",
    [
        ([0.0, 0.0, 0.0, 0.0], "no quantifiable sample after the dose: nothing can be measured"),
        ([np.nan] * 4, "no usable observation after the dose: nothing can be measured"),
        (
            [4.0, 3.0, -1.0, 0.5],
            "no usable observation after the dose.*DV -1 at TIME 3 is no concentration; correct it",
        ),
        (
            [4.0, 3.0, 0.0, 0.0],
            r"no terminal slope \(2 of at least 3 quantifiable samples from the peak on\): no lambda_z",
        ),
        ([4.0, 4.0, 4.0, 4.0], r"no terminal slope \(the samples from the peak on do not fall\): no lambda_z.*cl, vz"),
    ],
)
def test_the_other_subjects_go_on(dv, reason):
    t = [1, 2, 3, 4]
    good, bad = profile(t, bolus_curve(np.array(t))), profile(t, dv, id=2)
    found = pkpd.nca(pd.concat([good, bad], ignore_index=True)).set_index("id")
    assert_allclose(found.loc[1, "cl_L_h"], CL, rtol=1e-12)
    assert found.loc[1, "reason"] == "" and np.isnan(found.loc[2, "cl_L_h"])
    pd.testing.assert_series_equal(
        pd.Series([found.loc[2, "reason"]]).str.contains(f"^{reason}"), pd.Series([True]), check_names=False
    )


def test_an_infusion_whose_duration_is_not_in_the_data_has_no_mrt():
    t = np.array([1.0, 2, 4, 6])
    found = one(profile(t, infusion_curve(t, 1.0), RATE=-2))
    assert np.isnan(found["mrt_h"]) and not np.isnan(found["cl_L_h"])
    assert "RATE -1 or -2 leaves the duration of the infusion to the parameters: no mrt" in found["reason"]


def test_a_constant_infusion_at_steady_state_has_no_dose():
    t = np.array([0.0, 1, 2, 4, 6])
    found = one(profile(t, bolus_curve(t), amount=0.0, RATE=5.0, SS=1))
    assert np.isnan(found["cl_L_h"]) and "a constant infusion at steady state has no dose" in found["reason"]
    assert_allclose(found["lambda_z_1_h"], K, rtol=1e-12)


# ---- units and wrong options --------------------------------------------------------------------------------------


def test_units_lead_to_the_canonical_ones():
    t = np.array([0.5, 2, 5, 9])
    plain = profile(t, bolus_curve(t), SS=1, II=12)
    scaled = plain.assign(TIME=plain["TIME"] * 60, II=plain["II"] * 60, AMT=plain["AMT"] * 1000, DV=plain["DV"] * 1000)
    found = pkpd.nca(scaled, units={"TIME": "min", "AMT": "ug", "DV": "ng/mL"}, intervals=[(0, 12)])
    pd.testing.assert_frame_equal(found, pkpd.nca(plain, intervals=[(0, 12)]), rtol=1e-12)


def test_columns_say_what_a_column_means():
    t = np.array([0.5, 2, 5, 9])
    frame = profile(t, bolus_curve(t)).rename(columns={"TIME": "HOURS", "DV": "CONC"})
    found = one(frame, columns={"HOURS": "TIME", "CONC": "DV"}, units={"CONC": "mg/L"})
    assert_allclose(found["cl_L_h"], CL, rtol=1e-12)


@pytest.mark.parametrize(
    "options, error, message",
    [
        ({"method": "log"}, ParameterError, r"nca: method='log' is not known; expected 'lin-up-log-down' or 'linear'"),
        ({"intervals": [(4, 2)]}, ParameterError, r"intervals: \(4, 2\) is no interval; expected a start and a later"),
        ({"intervals": "0 to 4"}, ParameterError, r"intervals: '0 to 4' is no interval.*Write for example \[\(0, 12\)"),
        ({"intervals": [("0 h", "4 x")]}, ParameterError, r"is no interval \(time '4 x': 'x' is not a unit of time"),
        ({"intervals": [(-1, 2)]}, ParameterError, r"intervals: \(-1, 2\) is no interval"),
        ({"intervals": 12}, ParameterError, r"intervals: 12 is no interval"),
        ({"by": "OC"}, ParameterError, r"by: 'OC' is not a column of the data"),
        ({"units": {"DV": "nmol/L"}}, UnitError, r"units: DV is in 'nmol/L', moles; expected a mass"),
    ],
)
def test_wrong_options(options, error, message):
    with pytest.raises(error, match=message):
        pkpd.nca(profile([1, 2, 4], [4.0, 2.0, 1.0]), **options)


def test_broken_records_are_refused_with_their_line():
    frame = profile([1, 4, 2], [4.0, 2.0, 1.0])
    with pytest.raises(DataError, match=r"data line 5: TIME 2 comes after 4 for ID 1"):
        pkpd.nca(frame)


# ---- laws ---------------------------------------------------------------------------------------------------------

ROW = st.fixed_dictionaries(
    {
        "step": st.sampled_from([0.0, 0.5, 1.0, 2.0]),
        "EVID": st.sampled_from([0, 0, 0, 0, 0, 1, 2, 3, 4]),
        "DV": st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.3, -1.0, np.nan, np.inf]),
        "RATE": st.sampled_from([0.0, 0.0, 50.0, -2.0]),
        "CMT": st.sampled_from([0, 1, 2]),
        "SS": st.sampled_from([0, 0, 0, 1, 2]),
        "ADDL": st.sampled_from([0, 0, 0, 2]),
        "BLQ": st.sampled_from([0, 0, 0, 1]),
    }
)


@given(st.lists(ROW, min_size=1, max_size=16), st.sampled_from(["linear", "lin-up-log-down"]))
def test_whatever_the_records_a_missing_quantity_has_a_reason(rows, method):
    frame = pd.DataFrame(rows)
    dose = frame["EVID"].isin([1, 4])
    frame = frame.assign(ID=1, TIME=frame["step"].cumsum(), AMT=np.where(dose, DOSE, 0.0), II=np.where(dose, 12.0, 0))
    frame[["RATE", "SS", "ADDL"]] = frame[["RATE", "SS", "ADDL"]].where(dose, 0)
    assume(((frame["EVID"] == 0) & (frame["DV"].notna() | (frame["BLQ"] == 1))).any())
    found = pkpd.nca(frame, method=method, intervals=[(0, 2), (1, 30)])
    empty = found.drop(columns=["reason", "tau_h", "auc_tau_mg_h_L"], errors="ignore").isna().any(axis=1)
    assert not (empty & (found["reason"] == "")).any()
    assert not np.isinf(found.select_dtypes("number").to_numpy(float)).any() and found["id"].is_unique
