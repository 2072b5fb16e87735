"""Known individual parameters are recovered, and intervals cover them as often as they say."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pkpd

UNITS = {"AMT": "ug", "DV": "ug/L"}
SETS = {
    "oral_1cpt": ("1cmt oral", {"CL": 0.05, "V1": 0.08, "KA": 0.2}),
    "bolus_2cpt": ("2cmt", {"CL": 0.06, "V1": 0.08}),
    "infusion_2cpt": ("2cmt", {"CL": 0.05, "V1": 0.08}),
    "infusion_1cptmm": ("1cmt mm", {"V1": 0.08}),
}


@pytest.mark.parametrize("name", SETS)
def test_individual_parameters_of_the_simulated_sets_are_recovered(root, name):
    """Fifty samples a subject, 20 % error on the logarithms: spreads as small as stated, and no bias."""
    folder = root / "tests/data/nlmixr_simulated"
    model, spread = SETS[name]
    truth = pd.read_csv(folder / f"{name}_true_individual.csv").set_index("ID")
    truth.columns = [{"V": "V1", "Q": "Q2"}.get(column[5:], column[5:]) for column in truth.columns]
    fit = pkpd.fit(folder / f"{name}.csv", model, error="log", units=UNITS)
    assert fit.success
    found = fit.params.pivot(index="id", columns="parameter", values="estimate")
    for parameter, allowed in spread.items():
        ratio = np.log(found[parameter] / truth[parameter])
        assert abs(ratio.median()) < 2.5 * 1.25 * allowed / np.sqrt(len(ratio)), parameter  # 1.25: a median, not a mean
        assert (ratio - ratio.median()).abs().median() * 1.4826 < allowed, parameter
    assert_allclose(found["sigma"].mean(), 0.2, rtol=0.06)
    inside = []
    for parameter in truth.columns:
        rows = fit.params[fit.params["parameter"] == parameter].set_index("id")
        inside.append((rows["ci_low"] <= truth[parameter]) & (truth[parameter] <= rows["ci_high"]))
    assert np.mean(inside) > 0.87


def two_compartments(n, cv, seed):
    """Boluses of 4 mg into n subjects (lorazepam-like), 12 samples over a day in ng/mL, proportional error."""
    rng = np.random.default_rng(seed)
    times = np.array([0.083, 0.25, 0.5, 0.75, 1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 18.0, 24.0])
    typical, spread = {"CL": 4.62, "V1": 35.0, "Q2": 24.0, "V2": 56.0}, (0.30, 0.25, 0.35, 0.25)
    true = pd.DataFrame({k: v * np.exp(s * rng.standard_normal(n)) for (k, v), s in zip(typical.items(), spread)})
    true.index += 1
    k10, k12, k21 = true.CL / true.V1, true.Q2 / true.V1, true.Q2 / true.V2
    total = k10 + k12 + k21
    fast = 0.5 * (total + np.sqrt(total**2 - 4 * k10 * k21))
    slow = k10 * k21 / fast
    scale = 4000.0 / true.V1 / (fast - slow)
    level = np.outer(scale * (fast - k21), np.ones(12)) * np.exp(-np.outer(fast, times))
    level += np.outer(scale * (k21 - slow), np.ones(12)) * np.exp(-np.outer(slow, times))
    level *= 1.0 + cv * rng.standard_normal(level.shape)
    frame = pd.DataFrame(
        {
            "ID": np.repeat(true.index, 13),
            "TIME": np.tile(np.append(0.0, times), n),
            "AMT": np.tile(np.append(4000.0, np.zeros(12)), n),
            "DV": np.column_stack((np.full(n, np.nan), level)).ravel(),
        }
    )
    return frame, true


@pytest.mark.slow
def test_bias_and_coverage_in_five_hundred_subjects():
    data, true = two_compartments(500, 0.10, seed=20240601)
    fit = pkpd.fit(data, "2cmt")
    assert fit.success
    for parameter in ("CL", "V1"):
        rows = fit.params[fit.params["parameter"] == parameter].set_index("id")
        assert abs((rows["estimate"] / true[parameter] - 1.0).mean()) < 0.02, parameter
        inside = (rows["ci_low"] <= true[parameter]) & (true[parameter] <= rows["ci_high"])
        assert 0.92 <= inside.mean() <= 0.98, parameter


def test_two_stage_is_the_mean_and_spread_of_the_single_fits():
    data, _ = two_compartments(8, 0.10, seed=4)
    single, both = pkpd.fit(data, "2cmt"), pkpd.fit(data, "2cmt", method="two-stage")
    values = single.params[single.params["parameter"] == "CL"]["estimate"]
    rows = both.params[both.params["parameter"] == "CL"].set_index("id")
    assert_allclose(rows.loc["mean", "estimate"], values.mean(), rtol=1e-9)
    assert_allclose(rows.loc["sd", "estimate"], values.std(ddof=1), rtol=1e-9)
    assert_allclose(rows.loc["mean", "stderr"], values.std(ddof=1) / np.sqrt(8), rtol=1e-9)
    assert list(both.params["id"].unique()) == [*range(1, 9), "mean", "sd"]


def test_a_subject_is_the_same_alone_and_in_a_crowd():
    data, _ = two_compartments(6, 0.10, seed=9)
    crowd = pkpd.fit(data, "2cmt").params
    alone = pkpd.fit(data[data["ID"] == 4], "2cmt").params
    assert_allclose(alone["estimate"], crowd[crowd["id"] == 4]["estimate"], rtol=1e-5)


def test_michaelis_menten_from_two_steady_states():
    """Phenytoin: at steady state R = VM C / (KM + C), so two pairs give VM and KM in closed form (Mullen 1978)."""
    c1, c2, r1, r2 = 8.0, 16.0, 10.0, 13.0
    km = (r2 - r1) / (r1 / c1 - r2 / c2)
    vm = r1 * (km + c1) / c1
    rows = []
    for occasion, (rate, level) in enumerate(((r1, c1), (r2, c2), (r1, c1), (r2, c2)), start=1):
        hours = np.arange(0.0, 0.75, 0.25)
        rows.append(
            pd.DataFrame(
                {
                    "ID": 1, "OCC": occasion, "TIME": [0.0, *hours], "AMT": [rate * 12.0, *[0.0] * 3],
                    "RATE": [rate, 0.0, 0.0, 0.0], "II": [12.0, 0.0, 0.0, 0.0], "SS": [1, 0, 0, 0],
                    "EVID": [1, 0, 0, 0], "DV": [np.nan, level, level, level],
                }
            )
        )  # fmt: skip
    fit = pkpd.fit(pd.concat(rows), "1cmt mm", by="OCC", fixed={"V1": 50.0}, error="additive")
    found = fit.params.set_index("parameter")["estimate"]
    assert_allclose(found["VM"], vm, rtol=1e-4)
    assert_allclose(found["KM"], km, rtol=1e-4)


@pytest.mark.parametrize("error", ["proportional", "log", "additive"])
@pytest.mark.parametrize("start", [{}, {"ALAG1": 1.0}], ids=["found", "behind the first level"])
def test_a_lag_time_is_recovered(error, start):
    """Closed form of the oral model, shifted by the lag; a start of the lag behind the first level loses no level."""
    true = {"CL": 4.0, "V1": 30.0, "KA": 1.2, "ALAG1": 0.5}
    times = np.array([0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0])
    k, since = true["CL"] / true["V1"], times - true["ALAG1"]
    rise = 100.0 * true["KA"] / (true["V1"] * (true["KA"] - k))
    levels = rise * (np.exp(-k * since) - np.exp(-true["KA"] * since))
    rows = {"ID": 1, "TIME": [0.0, *times], "AMT": [100.0, *np.zeros(11)], "DV": [np.nan, *levels]}
    fit = pkpd.fit(pd.DataFrame(rows), "1cmt oral", error=error, vary=list(true), start=start)
    found = fit.params.set_index("parameter")["estimate"]
    assert len(fit.left_out) == 0
    # Data without noise: what remains is the tolerance of the minimiser.
    assert_allclose([found[name] for name in true], list(true.values()), rtol=1e-6)


def test_without_early_samples_the_report_says_that_absorption_is_not_identified(root):
    """Warfarin without the samples up to the peak: what is left shows the fall alone."""
    frame = pkpd.read_data(root / "data/observed/warfarin.csv").frame
    frame = frame[frame["DVID"] == 1]
    late = frame[(frame["AMT"] > 0) | (frame["TIME"] >= 24)]
    said = (
        "pooled: the absorption is not identified: no sample stands before the peak (the first is 24 h after the dose)"
    )
    fit = pkpd.fit(late, "1cmt oral", method="pooled")
    assert any(warning.startswith(said) for warning in fit.warnings), fit.warnings
    assert "the absorption is not identified" in fit.report()
    whole = pkpd.fit(frame, "1cmt oral", method="pooled")
    assert not any("not identified" in warning for warning in whole.warnings), whole.warnings
