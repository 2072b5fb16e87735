"""Each column of the joint draws changes the constant that it names, and nothing else, all the way into the layer."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import pkpd
import pkpd.seizure.episodes
import pkpd.seizure.layer
from pkpd.library.receptor_file import load_receptors
from pkpd.regimen.regimen import parse_regimen
from pkpd.seizure.episodes import draw_episodes

N, SEED = 12, 1
ADULT = pkpd.Patient(age_y=35, weight_kg=75, height_cm=175, sex="M")
# The preset's own numbers, as a draw: midazolam's K is 0.076 mg/L, and lorazepam's 0.105.
PRESET = {
    "drive_mean": 0.26, "drive_sd": 0.32, "noise_sd": 0.165, "noise_tau": 22.0, "plasticity_scale_median": 0.115,
    "sensitivity_log_sd": 1.2, "k_lorazepam_total": 0.105, "diazepam_ratio": 6.0, "e_phenobarbital": 2.1,
    "e_phenytoin": 0.3, "e_levetiracetam": 0.195, "e_valproate": 0.2, "e_propofol": 2.8, "non_responder_share": 0.25,
    "midazolam_ratio": 0.076 / 0.105, "ec50_levetiracetam": 7.0, "tau_h": 5.0, "chloride_plasticity_scale": 0.57,
}  # fmt: skip
DRUGS = "lorazepam diazepam midazolam phenobarbital phenytoin levetiracetam valproate propofol".split()
ORDERS = (
    "lorazepam 1 mg iv at 10 min; diazepam 1 mg iv at 12 min; midazolam 1 mg iv at 14 min; phenytoin 300 mg iv over 5 "
    "min at 16 min; levetiracetam 500 mg iv at 16 min; valproate 500 mg iv at 16 min; phenobarbital 200 mg iv at 16 "
    "min; propofol 20 mg iv at 18 min"
)
# Column: the drugs whose half-effect level or largest effect it moves, and which of the two.
HALF, TOP = 0, 2
MOVED = {
    "k_lorazepam_total": (("lorazepam", "diazepam", "midazolam"), HALF),
    "diazepam_ratio": (("diazepam",), HALF),
    "midazolam_ratio": (("midazolam",), HALF),
    "ec50_levetiracetam": (("levetiracetam",), HALF),
    **{f"e_{drug}": ((drug,), TOP) for drug in DRUGS[3:]},
}


@pytest.fixture
def drawn(monkeypatch):
    """Episodes and what enters the layer for them, with the preset as a draw in which some columns are changed."""

    def draw(**changes):
        receptors = load_receptors()
        row = tuple({**PRESET, **changes}[name] for name in receptors.posterior.columns)
        changed = replace(receptors, posterior=replace(receptors.posterior, draws=(row,)))
        monkeypatch.setattr("pkpd.seizure.episodes.load_receptors", lambda: changed)
        runs = []
        monkeypatch.setattr(
            "pkpd.seizure.episodes.run_layer", lambda some: (runs.extend(some), pkpd.seizure.layer.run_layer(some))
        )
        episodes = draw_episodes("status", N, SEED, [ADULT] * N, "established", False, draw=0)
        course = episodes.run([[(0.0, dose) for dose in parse_regimen(ORDERS)]] * N, 30.0)
        return runs, course

    return draw


def drugs_of(run):
    return dict(zip(run.inputs.names, run.inputs.drug))


def test_every_column_is_tried_here():
    assert set(load_receptors().posterior.columns) == set(PRESET)


def test_the_preset_as_a_draw_is_the_preset(drawn):
    runs, _ = drawn()
    plain = draw_episodes("status", N, SEED, [ADULT] * N, "established", False)
    for run, own in zip(runs, plain.constitutions):
        assert run.constitution.sensitivity == own.sensitivity
        assert_array_equal(run.constitution.noise, own.noise)
        for name in ("drive", "plasticity", "tau_h", "chloride_scale"):
            assert getattr(run.constitution, name) == getattr(own, name)


@pytest.mark.parametrize("column", PRESET)
def test_every_column_moves_the_seizure(drawn, column):
    factor = 3.0 if column == "non_responder_share" else 1.3  # so large that it turns one of a dozen
    base, other = drawn()[1], drawn(**{column: factor * PRESET[column]})[1]
    assert not np.array_equal(base.s, other.s)


@pytest.mark.parametrize("column", MOVED)
def test_columns_of_drugs(drawn, column):
    base, moved = drugs_of(drawn()[0][0]), drugs_of(drawn(**{column: 1.3 * PRESET[column]})[0][0])
    assert set(base) == set(DRUGS)
    names, place = MOVED[column]
    for drug in DRUGS:
        expected = base[drug].copy()
        expected[place] *= 1.3 if drug in names else 1.0
        assert_allclose(moved[drug], expected, rtol=1e-14)


def test_drive_and_its_spread(drawn):
    base, mean, spread = (
        np.array([run.constitution.drive for run in drawn(**changes)[0]])
        for changes in ({}, {"drive_mean": 0.36}, {"drive_sd": 0.64})
    )
    assert_allclose(mean - base, 0.1, rtol=1e-12)
    assert_allclose(spread - 0.26, 2.0 * (base - 0.26), rtol=1e-12)


def test_speeds_and_time_constants(drawn):
    for column, field in (("plasticity_scale_median", "plasticity"), ("tau_h", "tau_h"),
                          ("chloride_plasticity_scale", "chloride_scale")):  # fmt: skip
        base, moved = drawn()[0], drawn(**{column: 1.3 * PRESET[column]})[0]
        for one, other in zip(base, moved):
            assert math.isclose(getattr(other.constitution, field), 1.3 * getattr(one.constitution, field))


def test_noise(drawn):
    base, louder, slower = (
        drawn(**changes)[0][0].constitution.noise for changes in ({}, {"noise_sd": 0.33}, {"noise_tau": 44.0})
    )
    assert_allclose(louder, 2.0 * base, rtol=1e-9)
    # The same shocks z, in the exact autoregression of the other time constant.
    a, b = math.exp(-0.5 / 22.0), math.exp(-0.5 / 44.0)
    shocks = (base[1:] - a * base[:-1]) / math.sqrt(1.0 - a * a)
    assert_allclose(slower[1:] - b * slower[:-1], math.sqrt(1.0 - b * b) * shocks, atol=1e-12)


def test_sensitivities_and_non_responders(drawn):
    base, spread, nobody = (
        [run.constitution.sensitivity for run in drawn(**changes)[0]]
        for changes in ({}, {"sensitivity_log_sd": 2.4}, {"non_responder_share": 1.0})
    )
    resistant = [own["lorazepam"] == other["lorazepam"] for own, other in zip(base, nobody)]
    assert 0 < sum(resistant) < N
    for own, wide, none, already in zip(base, spread, nobody, resistant):
        for drug in DRUGS:
            benzodiazepine = drug in DRUGS[:3]
            left = 0.1 if already and benzodiazepine else 1.0
            assert math.isclose(math.log(wide[drug] / left), 2.0 * math.log(own[drug] / left), abs_tol=1e-12)
            lost = 0.1 if benzodiazepine and not already else 1.0
            assert math.isclose(none[drug], lost * own[drug])
