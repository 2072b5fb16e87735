"""`simulate(seizure=...)`: the receptor layer, the orders that wait on it, its outputs and metrics.

Expected values: the representative patient of the reference (lorazepam 4 mg over 2 min works until 140 min after onset,
not at 145; 7.5 mg until 215; with drive 0.88 until 70, 0.62 until 195; with plasticity 0.23 until 75, 0.07 until 265),
BIS of propofol (Eleveld 2018), Ramsay EC50 (Barr 2001), and laws: nothing given changes nothing, decisions may stand in
for conditions, the layer does not move the kinetics.
"""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import pkpd
from pkpd.errors import ParameterError
from pkpd.seizure.outcome import COLUMNS, METRICS

LADDER = (
    "lorazepam 4 mg iv over 2 min at 10 min; lorazepam 4 mg iv over 2 min at 15 min if seizing; "
    "levetiracetam 60 mg/kg iv over 10 min max 4500 mg at 25 min if seizing"
)


def adult(**more):
    return pkpd.Patient(age_y=35, weight_kg=75, height_cm=175, sex="M", **more)


def people(n, seed=1, **more):
    return pkpd.Population(n, seed=seed, age_y=35, weight_kg=75, height_cm=175, sex="M", **more)


def test_outputs_and_metrics_of_the_contract_are_there():
    found = pkpd.simulate(LADDER, adult(), until="1 h", seizure="status")
    frame = found.to_frame()
    assert set(COLUMNS) <= set(frame.columns)
    assert "e_gaba_chord_mV" not in frame.columns
    assert np.isfinite(frame[COLUMNS].to_numpy()).all()
    assert set(METRICS) <= set(found.metrics().columns)


@pytest.mark.parametrize(
    ("dose", "constants", "works", "fails"),
    [
        (4.0, {}, 140, 145),
        (7.5, {}, 215, 220),
        (4.0, {"seizure_drive": 0.88}, 70, 75),
        (4.0, {"seizure_drive": 0.62}, 195, 200),
        (4.0, {"receptor_plasticity": 0.23}, 75, 80),
        (4.0, {"receptor_plasticity": 0.07}, 265, 270),
    ],
)
def test_until_when_lorazepam_works(dose, constants, works, fails):
    """Reference 2.9, by a scan in steps of 5 min: off from 20 to 60 min after the dose."""
    who = pkpd.Patient(age_y=35, weight_kg=75, **constants)
    for delay, expected in ((works, True), (fails, False)):
        times = (delay + np.arange(20.0, 60.5, 0.5)) / 60.0
        found = pkpd.simulate(
            f"lorazepam {dose:g} mg iv over 2 min at {delay} min", who, until=times[-1], times=times, seizure="status"
        )
        assert bool((found.outputs["seizure_activity"] < 0.2).all()) == expected, delay


def test_time_to_cessation_of_the_representative_patient():
    """Reference 2.9: 3.5 to 7.5 min where it works; read there on the half-minute grid."""
    for delay in (10, 60, 120):
        found = pkpd.simulate(f"lorazepam 4 mg iv over 2 min at {delay} min", adult(), until="4 h", seizure="status")
        minutes = found.metrics()["time_to_cessation_min"].item()
        assert 3.0 < minutes < 7.5
        crossing = np.flatnonzero(found.outputs["seizure_activity"][0] < 0.2)[0] / 60.0 * 60.0
        assert abs(delay + minutes - crossing) <= 1.0


def test_nothing_given_is_the_untreated_run():
    zero = "lorazepam 0 mg iv at 10 min; propofol 0 mg iv at 20 min; ketamine 0 mg iv"
    with_zero = pkpd.simulate(zero, adult(), until="2 h", seizure="status").outputs
    without = pkpd.simulate("", adult(), until="2 h", seizure="status").outputs
    for name in COLUMNS:
        assert_array_equal(with_zero[name], without[name])


def test_the_layer_does_not_move_the_kinetics():
    plain = pkpd.simulate("lorazepam 4 mg iv; phenytoin 18 mg/kg iv over 30 min at 5 min", adult(), until="6 h")
    layer = pkpd.simulate(
        "lorazepam 4 mg iv; phenytoin 18 mg/kg iv over 30 min at 5 min", adult(), until="6 h", seizure="status"
    )
    for name, values in plain.outputs.items():
        assert_array_equal(layer.outputs[name], values)
    for name in plain.metric_values:
        assert_array_equal(layer.metric_values[name], plain.metric_values[name])


def test_decisions_put_in_place_of_conditions_change_nothing():
    who = adult(seizure_drive=1.3)
    judged = pkpd.simulate(LADDER, who, until="2 h", seizure="status")
    orders = judged.orders
    assert orders["given"].tolist() == [True, True, True] and orders["reason"].tolist()[1] == "seizing"
    decided = pkpd.simulate(LADDER.replace(" if seizing", ""), who, until="2 h", seizure="status")
    for name, values in decided.outputs.items():
        assert_array_equal(judged.outputs[name], values)
    early = pkpd.simulate(LADDER, adult(seizure_drive=0.6), until="2 h", seizure="status")
    assert early.orders["given"].tolist() == [True, False, False]
    assert early.orders["reason"].tolist()[1] == "not seizing"
    alone = pkpd.simulate(LADDER.split(";")[0], adult(seizure_drive=0.6), until="2 h", seizure="status")
    for name in COLUMNS:
        assert_array_equal(early.outputs[name], alone.outputs[name])


def test_when_seizing_waits_for_a_relapse():
    """The order is due while the seizure is off, waits, and is given when it comes back."""
    found = pkpd.simulate(
        "propofol 3 mg/kg iv at 10 min; levetiracetam 4500 mg iv over 10 min at 15 min when seizing",
        adult(seizure_drive=0.9), until="3 h", seizure="status",
    )  # fmt: skip
    activity, time = found.outputs["seizure_activity"][0], found.time_h
    assert activity[np.searchsorted(time, 0.25)] < 0.2  # off when the order is due
    given = found.orders.iloc[1]
    assert given["given"] and given["reason"] == "seizing"
    back = time[(time > 0.25) & (activity > 0.5)][0]
    assert abs(given["time_h"] - back) <= 1.1 / 60.0
    assert found.metrics()["relapsed"].item() == 1.0


def test_the_grid_does_not_matter():
    fine = pkpd.simulate(LADDER, adult(), until="2 h", every="10 s", seizure="status")
    coarse = pkpd.simulate(LADDER, adult(), until="2 h", every="30 min", seizure="status")
    for name in fine.metric_values:
        assert_array_equal(fine.metric_values[name], coarse.metric_values[name])
    for name in COLUMNS:
        # States do not depend on the grid at all; levels are evaluated on it, to rounding.
        assert_allclose(fine.outputs[name][:, ::180], coarse.outputs[name], rtol=1e-12, err_msg=name)


def test_a_later_end_changes_nothing_before_it():
    short = pkpd.simulate(LADDER, people(10), until="1 h", seizure="status")
    long = pkpd.simulate(LADDER, people(10), until="2 h", every="1 min", seizure="status")
    for name in COLUMNS:
        if name != "respiratory_risk":  # looks 15 min ahead
            assert_array_equal(long.outputs[name][:, :61], short.outputs[name], err_msg=name)


def test_the_clock_may_start_anywhere():
    """An onset 30 min before the orders is the same seizure as orders 30 min later."""
    later = pkpd.simulate(
        "lorazepam 4 mg iv over 2 min at 30 min", adult(), until="2 h", every="1 min", seizure="status"
    )
    earlier = pkpd.simulate(
        "lorazepam 4 mg iv over 2 min", adult(), until="90 min", every="1 min", seizure="status",
        seizure_onset="-30 min",
    )  # fmt: skip
    for name in COLUMNS:
        assert_allclose(earlier.outputs[name], later.outputs[name][:, 30:], rtol=1e-9, atol=1e-12, err_msg=name)
    assert_allclose(earlier.metrics()["time_to_cessation_min"], later.metrics()["time_to_cessation_min"], rtol=1e-9)


def test_before_the_onset_the_layer_rests():
    found = pkpd.simulate("lorazepam 4 mg iv", adult(), until="2 h", seizure="status", seizure_onset="1 h")
    rest = found.time_h < 1.0
    expected = {"seizure_activity": 0, "gaba_a_surface": 1, "chloride_mM": 5, "nmda_synaptic": 1, "stage": 0}
    for name, value in expected.items():
        assert (found.outputs[name][0, rest] == value).all()
    assert found.outputs["seizure_activity"][0, np.flatnonzero(~rest)[0]] == 1.0
    assert found.outputs["benzodiazepine_occupancy"][0, 30] > 0.1  # the drug is there, whatever the seizure
    assert any("comes after the last order" in text for text in found.warnings)


@pytest.mark.parametrize("seizure", ["status", "status-fast", "status-rodent"])
def test_presets_differ_in_speed(seizure):
    surface = pkpd.simulate("", adult(), until="1 h", seizure=seizure).outputs["gaba_a_surface"][0, -1]
    low, high = {"status": (0.85, 0.92), "status-fast": (0.30, 0.40), "status-rodent": (0.483, 0.503)}[seizure]
    assert low < surface < high


def test_bis_is_the_published_function_of_propofol():
    """93 without drug, half of it at the Ce50 of 3.08 mg/L; 83.1, 64.5, 37.7, 25.4 at 1, 2, 4, 6 mg/L."""
    found = pkpd.simulate("propofol 10 mg/kg/h iv for 2 h", adult(), until="3 h", every="1 s", seizure="status")
    site, bis = found.outputs["propofol_effect_mg_L"][0], found.outputs["bis"][0]
    assert bis[0] == 93.0
    rising = site[: site.argmax()]
    for level, expected in ((1.0, 83.1), (2.0, 64.5), (3.08, 46.5), (4.0, 37.7)):
        assert abs(np.interp(level, rising, bis[: len(rising)]) - expected) < 0.07


def test_sedation_is_even_at_the_published_concentration():
    """Ramsay 4 or deeper: 50 % at midazolam 208 ng/mL total equivalent (Barr 2001), 10 % and 88 % at 100 and 400."""
    found = pkpd.simulate("midazolam 60 mg iv over 3 h", adult(), until="3 h", every="5 s", seizure="status")
    facts = pkpd.load_drug("midazolam")
    brain, odds = found.outputs["midazolam_brain_mg_L"][0], found.outputs["sedation"][0]
    awake = 1.0 - found.outputs["tolerance_sedation"][0]
    rho, other = facts.brain.rho.value, facts.brain.other_efflux.value
    total = brain / facts.fu.value * (1.0 + rho + other) * awake
    for level, expected in ((0.10, 0.10), (0.208, 0.50), (0.40, 0.88)):
        assert total.max() > level
        assert abs(np.interp(level, total, odds) - expected) < 0.005


def test_chord_potential_on_request():
    frame = pkpd.simulate("", adult(), until="1 h", seizure="status").to_frame(chord=True)
    assert_allclose(frame["e_gaba_chord_mV"].iloc[0], -73.06, atol=0.006)


def test_populations_are_drawn_until_they_seize_at_treatment():
    order = "lorazepam 4 mg iv over 2 min at 34 min"
    found = pkpd.simulate(order, people(60), until="90 min", seizure="status")
    before = found.outputs["seizure_activity"][:, 33]
    assert (before > 0.2).all()
    drawn = found.assumptions[found.assumptions["item"] == "seizure draws"]["value"]
    assert len(drawn) == 60 and drawn.min() >= 1 and drawn.sum() == found.provenance["seizures drawn"]
    free = pkpd.simulate(order, people(60), until="90 min", seizure="status", condition="none")
    share = (free.outputs["seizure_activity"][:, 33] > 0.5).mean()
    assert abs(1.0 / share - drawn.mean()) < 0.5 * drawn.mean()  # as many draws as the share that still seizes asks for


def test_untreated_populations_are_judged_five_minutes_after_the_onset():
    found = pkpd.simulate("", people(40), until="30 min", seizure="status")
    assert (found.outputs["seizure_activity"][:, 5] > 0.2).all()
    assert (found.outputs["seizure_activity"][:, 10:] < 0.2).any()


def test_a_subject_is_the_same_alone_and_in_a_crowd():
    crowd = pkpd.simulate(LADDER, people(12), until="1 h", seizure="status")
    few = pkpd.simulate(LADDER, people(3), until="1 h", seizure="status")
    for name, values in few.outputs.items():
        assert_array_equal(crowd.outputs[name][:3], values)


def test_the_same_subjects_stand_in_every_regimen_of_a_seed():
    one = pkpd.simulate("lorazepam 2 mg iv at 20 min", people(20), until="20 min", seizure="status")
    two = pkpd.simulate("midazolam 10 mg im at 20 min", people(20), until="20 min", seizure="status")
    assert_array_equal(one.outputs["seizure_activity"], two.outputs["seizure_activity"])


def test_a_condition_that_nobody_meets_says_how_many_did():
    with pytest.raises(
        ParameterError, match=r"condition 'treatment': \d+ of \d+ seizures drawn .* %.*raise seizure_drive"
    ):
        pkpd.simulate("lorazepam 4 mg iv at 2 h", people(4, seizure_drive=-2.0), until="3 h", seizure="status")


def test_drive_of_a_seizure_that_stops_by_itself():
    found = pkpd.simulate("lorazepam 4 mg iv at 30 min", adult(seizure_drive=0.2), until="1 h", seizure="status")
    assert any("stopped by itself before the first order" in text for text in found.warnings)
    assert math.isnan(found.metrics()["time_to_cessation_min"].item())
    assert found.metric_reasons["time_to_cessation_min"] == "not seizing at the first order"


@pytest.mark.parametrize(
    ("options", "who", "said"),
    [
        ({"until": "12 h"}, {}, "beyond the calibration"),
        ({"until": "1 h", "seizure_onset": "2 h"}, {}, "no seizure"),
        ({"until": "1 h"}, {"seizure_drive": 3.0}, "seizure_drive 3 is outside the range"),
        ({"until": "1 h"}, {"receptor_plasticity": 5.0}, "receptor_plasticity 5 is above 2"),
    ],
)
def test_warnings(options, who, said):
    found = pkpd.simulate("lorazepam 4 mg iv at 10 min", adult(**who), seizure="status", **options)
    assert any(said in text for text in found.warnings), found.warnings


@pytest.mark.parametrize("column", ["seizure_drive", "receptor_plasticity"])
def test_impossible_constants_are_refused(column):
    with pytest.raises(ParameterError, match=f"column '{column}': '99' is not possible"):
        adult(**{column: 99})


def test_drug_and_seizure_in_exploratory_evidence():
    """P-gp starts 4 h after the onset towards 1.8, only while seizing; phenytoin in brain falls, plasma stays."""
    order = "phenytoin 18 mg/kg iv over 30 min at 5 min"
    who = adult(seizure_drive=1.5)
    base = pkpd.simulate(order, who, until="12 h", seizure="status")
    moved = pkpd.simulate(order, who, until="12 h", seizure="status", evidence="exploratory")
    fold, hours = moved.outputs["pgp_fold"][0], moved.time_h
    assert_allclose(fold[hours <= 4.0], 1.0, atol=1e-12)
    seizing_all_along = moved.outputs["seizure_activity"][0, 60:].min() > 0.5
    assert seizing_all_along
    assert_allclose(fold[-1], 1.8 - 0.8 * np.exp(-8.0 / 10.0), rtol=1e-3)
    assert_allclose(moved.outputs["phenytoin_plasma_mg_L"], base.outputs["phenytoin_plasma_mg_L"], rtol=1e-9)
    early = hours <= 4.0
    assert_allclose(
        moved.outputs["phenytoin_brain_mg_L"][0, early], base.outputs["phenytoin_brain_mg_L"][0, early],
        rtol=2e-4, atol=1e-6,
    )  # fmt: skip
    facts = pkpd.load_drug("phenytoin").brain
    rho, other = facts.rho.value, facts.other_efflux.value  # brain entry is fast against the course of the fold
    expected = (1.0 + rho + other) / (1.0 + fold[-1] * rho + other)
    ratio = moved.outputs["phenytoin_brain_mg_L"][0, -1] / base.outputs["phenytoin_brain_mg_L"][0, -1]
    assert expected < 0.97
    assert_allclose(ratio, expected, rtol=2e-3)


def test_a_stated_fold_is_honoured():
    found = pkpd.simulate("phenytoin 18 mg/kg iv over 30 min", adult(pgp_fold=1.5), until="1 h", seizure="status")
    assert (found.outputs["pgp_fold"] == 1.5).all()
