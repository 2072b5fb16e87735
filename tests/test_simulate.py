"""What `simulate` answers: columns, grids, exact metrics, and the same subject wherever it stands."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import pkpd
from pkpd.errors import ParameterError, PkpdError, RegimenError, UnitError
from pkpd.individual.individual import individual
from pkpd.individual.variability import etas_of
from pkpd.library import catalogue
from pkpd.library.catalogue import list_drugs, load_drug
from pkpd.patients.population import subjects_of
from pkpd.regimen.regimen import parse_regimen
from pkpd.scenario import Scenario
from pkpd.solution import Solution
from pkpd.solve import solve_scenarios
from published_models import (
    ACID_FRACTION,
    BRAIN,
    HYDROXYMIDAZOLAM_CL,
    HYDROXYMIDAZOLAM_RATIO,
    LORAZEPAM,
    LORAZEPAM_IM,
    MIDAZOLAM,
    MIDAZOLAM_PO,
    PHENYTOIN,
    solve_with_brain,
    two_exponentials,
)
from validation.kinetics import Dose, concentration, peak

LORAZEPAM_COLUMNS = [f"lorazepam_{kind}_mg_L" for kind in ("plasma", "unbound", "brain")]
METRICS = "cmax_mg_L tmax_h auc_mg_h_L cmin_mg_L half_life_h time_in_range_h brain_cmax_mg_L".split()
SEQUENCE = "lorazepam 0.1 mg/kg iv max 4 mg at 5 min; fosphenytoin 20 mg PE/kg iv rate 150 mg PE/min at 20 min"


def adult(**columns: object) -> pkpd.Patient:
    return pkpd.Patient(**{"age_y": 35, "weight_kg": 70, "height_cm": 175, "sex": "M", **columns})


def metric(solution: Solution, name: str) -> float:
    return float(solution.metrics()[name].iloc[0])


def only_level(solution: Solution, column: str) -> np.ndarray:
    return solution.to_frame()[column].to_numpy()


# --- columns and names -----------------------------------------------------------------------------------------------


def test_columns_of_one_drug() -> None:
    found = pkpd.simulate("lorazepam 4 mg iv", adult(), until="2 h")
    assert sorted(found.to_frame().columns) == sorted(["id", "time_h", *LORAZEPAM_COLUMNS])
    assert found.to_frame().columns[:2].tolist() == ["id", "time_h"]
    assert sorted(found.metrics().columns) == sorted(["id", *(f"lorazepam_{name}" for name in METRICS)])
    assert found.drugs == ("lorazepam",)


def test_metabolites_and_effect_sites_have_their_own_names() -> None:
    found = pkpd.simulate("midazolam 5 mg po; propofol 100 mg iv", adult(), until="2 h")
    columns = set(found.to_frame().columns)
    assert {"hydroxymidazolam_plasma_mg_L", "propofol_effect_mg_L", "propofol_brain_mg_L"} <= columns
    assert "lorazepam_effect_mg_L" not in columns and "midazolam_effect_mg_L" not in columns
    assert {"hydroxymidazolam_cmax_mg_L", "hydroxymidazolam_auc_mg_h_L"} <= set(found.metrics().columns)


def test_the_list_of_assumptions() -> None:
    table = pkpd.simulate("lorazepam 4 mg iv", pkpd.Patient(weight_kg=80, CYP3A4="PM"), until="1 h").assumptions
    assert table.columns.tolist() == "id item value unit action status grade source reason".split()
    assert set(table["action"]) <= {"applied", "withheld", "default", "imputed"}
    rows = table.set_index("item")
    for item, value in (("age_y", 35.0), ("height_cm", 170.0), ("sex", "M")):
        assert (rows["value"][item], rows["action"][item]) == (value, "default")
    assert "weight_kg" not in rows.index
    assert rows["value"]["lorazepam model"] == "lorazepam_adult_healthy_1983"
    assert (rows["action"]["UGT2B15 on lorazepam"], rows["value"]["UGT2B15 on lorazepam"]) == ("default", 1.0)
    assert "no effect expected" in rows["reason"]["CYP3A4 PM on lorazepam"]


def test_every_result_says_what_it_is_for() -> None:
    found = pkpd.simulate("lorazepam 4 mg iv", crowd(2), until="1 h", every="1 h")
    assert "Research" in found.provenance["use"]
    assert found.provenance["pkpd"] == pkpd.__version__ and found.provenance["seeds"] == [3]
    assert found.provenance["library"] == {"lorazepam": load_drug("lorazepam").sha256}


def test_without_a_seizure_there_is_no_receptor_layer() -> None:
    columns = pkpd.simulate(SEQUENCE, adult(), until="2 h").to_frame().columns
    assert not {"seizure_activity", "gaba_a_surface", "stage", "bis", "pgp_fold"} & set(columns)


@pytest.mark.parametrize("drug", sorted(BRAIN))
def test_unbound_is_the_unbound_fraction_of_the_total(drug: str) -> None:
    found = pkpd.simulate(f"{drug} 100 mg iv", adult(), until="2 h", every="20 min").outputs
    _, fu, _, _ = BRAIN[drug]
    assert_allclose(found[f"{drug}_unbound_mg_L"], fu * found[f"{drug}_plasma_mg_L"], rtol=1e-14)


def test_fosphenytoin_and_phenytoin_feed_one_phenytoin_state() -> None:
    found = pkpd.simulate(
        "fosphenytoin 500 mg PE iv over 5 min; phenytoin 500 mg iv over 10 min at 1 h", adult(), until="6 h"
    )
    assert not [name for name in found.to_frame().columns if name.startswith("fosphenytoin")]
    assert found.drugs == ("phenytoin",)
    assert found.orders["drug"].tolist() == ["fosphenytoin", "phenytoin"]
    # what is in plasma and peripheral tissue cannot exceed what both doses brought in, and exceeds one of them
    entered = 500.0 * ACID_FRACTION
    vss = PHENYTOIN["V1"] + PHENYTOIN["V2"]
    late = only_level(found, "phenytoin_plasma_mg_L")[-1] * vss
    assert entered < late < 2.0 * entered


# --- grids -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("until", "every", "points", "step"),
    [
        ("24 h", None, 1441, 1 / 60),
        ("10 min", None, 11, 1 / 60),
        ("25 h", None, 1441, 25 / 1440),
        ("10 d", None, 1441, 240 / 1440),
        ("6 h", "30 min", 13, 0.5),
        (6, 0.25, 25, 0.25),
    ],
)
def test_output_times(until: str | float, every: str | None, points: int, step: float) -> None:
    time = pkpd.simulate("lorazepam 4 mg iv", adult(), until=until, every=every).time_h
    assert len(time) == points
    assert_allclose(np.diff(time), step, rtol=1e-9)
    assert time[0] == 0.0 and time[-1] == pytest.approx(points * step - step, rel=1e-12)


def test_the_end_is_always_on_the_grid() -> None:
    assert_allclose(pkpd.simulate("lorazepam 4 mg iv", until="1 h", every="25 min").time_h, [0, 25 / 60, 50 / 60, 1.0])
    assert pkpd.simulate("lorazepam 4 mg iv", until="0.5 min").time_h.tolist() == [0.0, 0.5 / 60]


def test_times_in_place_of_a_grid() -> None:
    found = pkpd.simulate("lorazepam 4 mg iv", adult(), until="4 h", times=[0.5, 3.0])
    assert found.time_h.tolist() == [0.5, 3.0]
    with pytest.raises(ParameterError, match="times: .*increasing"):
        pkpd.simulate("lorazepam 4 mg iv", until="4 h", times=[3.0, 0.5])
    with pytest.raises(ParameterError, match="times: .*until"):
        pkpd.simulate("lorazepam 4 mg iv", until="4 h", times=[5.0])


@pytest.mark.parametrize("minutes", [0, 1, 7, 21, 35, 42, 59, 60])
def test_a_bolus_shows_the_value_after_it(minutes: int) -> None:
    when = f"at {minutes} min" if minutes else ""
    found = pkpd.simulate(f"lorazepam 4 mg iv {when}", adult(), until="2 h")
    level = only_level(found, "lorazepam_plasma_mg_L")
    assert_allclose(level[minutes], 4.0 / LORAZEPAM["V1"], rtol=1e-12)
    assert not level[:minutes].any()


# --- metrics ---------------------------------------------------------------------------------------------------------


def test_metrics_of_a_bolus_are_the_closed_forms() -> None:
    found = pkpd.simulate("lorazepam 4 mg iv", adult(), until="30 h")
    rates, weights = two_exponentials(LORAZEPAM)
    expected = {
        "cmax_mg_L": 4.0 / LORAZEPAM["V1"],
        "tmax_h": 0.0,
        "auc_mg_h_L": 4.0 * float(weights / rates @ -np.expm1(-rates * 30.0)),
        "cmin_mg_L": 4.0 * float(weights @ np.exp(-rates * 30.0)),
        "half_life_h": math.log(2.0) / rates[1],
    }
    for name, value in expected.items():
        assert_allclose(metric(found, f"lorazepam_{name}"), value, rtol=1e-10, err_msg=name)
    assert_allclose(metric(found, "lorazepam_half_life_h"), 14.1, rtol=1e-10)


def test_the_peak_of_absorption_is_found_between_output_times() -> None:
    found = pkpd.simulate("lorazepam 4 mg im at 10 min", adult(), until="12 h", every="4 h")
    time, height = peak(LORAZEPAM, Dose(0.0, 4.0 * LORAZEPAM_IM["F"], LORAZEPAM_IM["KA"]))
    assert_allclose(metric(found, "lorazepam_cmax_mg_L"), height, rtol=1e-9)
    # at the peak the curve is flat: its place is known to the root of the precision of its height
    assert_allclose(metric(found, "lorazepam_tmax_h"), time + 1 / 6, rtol=1e-5)
    end = concentration(LORAZEPAM, Dose(0.0, 4.0 * LORAZEPAM_IM["F"], LORAZEPAM_IM["KA"]), 12.0 - 1 / 6)
    assert_allclose(metric(found, "lorazepam_cmin_mg_L"), end, rtol=1e-9)


@pytest.mark.parametrize(
    "regimen",
    [
        "midazolam 10 mg im; midazolam 0.2 mg/kg iv at 40 min; midazolam 0.1 mg/kg/h iv from 45 min for 3 h",
        "lorazepam 4 mg iv over 2 min every 3 h x 3 from 10 min; lorazepam 2 mg po at 20 min",
        "levetiracetam 1000 mg po every 4 h x 3 from 30 min; propofol 2 mg/kg iv; propofol 4 mg/kg/h iv for 2 h",
        "fosphenytoin 20 mg PE/kg iv rate 150 mg PE/min at 20 min; phenytoin 100 mg po at 4 h",
    ],
)
def test_metrics_agree_with_a_dense_grid_and_do_not_depend_on_it(regimen: str) -> None:
    dense = pkpd.simulate(regimen, adult(), until="12 h", every="3 s")
    coarse = pkpd.simulate(regimen, adult(), until="12 h", every="5 h")
    named = pkpd.simulate(regimen, adult(), until="12 h", times=[0.0, 1.234])
    for name in dense.metric_values:
        assert_array_equal(coarse.metric_values[name], dense.metric_values[name], err_msg=name)
        assert_array_equal(named.metric_values[name], dense.metric_values[name], err_msg=name)
    time = dense.time_h
    for drug in dense.drugs:
        level = dense.outputs[f"{drug}_plasma_mg_L"][0]
        exact = {name: metric(dense, f"{drug}_{name}") for name in ("cmax_mg_L", "tmax_h", "auc_mg_h_L")}
        assert exact["cmax_mg_L"] >= level.max() * (1 - 1e-12)
        # the steepest rise is an infusion of minutes, of which a step of 3 s is up to 1 %
        assert_allclose(exact["cmax_mg_L"], level.max(), rtol=1e-2)
        assert abs(exact["tmax_h"] - time[level.argmax()]) < 0.01
        # trapezoids miss half a step at each bolus
        assert_allclose(exact["auc_mg_h_L"], np.trapezoid(level, time), rtol=2e-3)


def test_absorption_waits_for_its_lag() -> None:
    """Lorazepam by mouth: F 0.93, 1.5 1/h, lag 0.27 h."""
    found = pkpd.simulate("lorazepam 2 mg po at 1 h", adult(), until="9 h", every="6 min")
    level, swallowed = only_level(found, "lorazepam_plasma_mg_L"), Dose(0.0, 2.0 * 0.93, 1.5)
    assert not level[found.time_h <= 1.27].any()
    for index in (13, 20, 40, 90):
        expected = concentration(LORAZEPAM, swallowed, found.time_h[index] - 1.27)
        assert_allclose(level[index], expected, rtol=1e-9, err_msg=f"{found.time_h[index]} h")


def test_cmin_is_the_lowest_level_after_the_first_peak() -> None:
    found = pkpd.simulate("lorazepam 4 mg iv every 6 h x 3 at 1 h", adult(), until="19 h")
    rates, weights = two_exponentials(LORAZEPAM)
    first_trough = 4.0 * float(weights @ np.exp(-rates * 6.0))
    assert_allclose(metric(found, "lorazepam_cmin_mg_L"), first_trough, rtol=1e-10)


def test_cmin_and_cmax_see_both_sides_of_a_dose() -> None:
    """The trough stands just before the second bolus, at a moment where the row shows the value after it."""
    found = pkpd.simulate("lorazepam 4 mg iv; lorazepam 4 mg iv at 12 h", adult(), until="13 h", every="1 h")
    rates, weights = two_exponentials(LORAZEPAM)
    trough = 4.0 * float(weights @ np.exp(-rates * 12.0))
    assert_allclose(metric(found, "lorazepam_cmin_mg_L"), trough, rtol=1e-10)
    assert_allclose(metric(found, "lorazepam_cmax_mg_L"), trough + 4.0 / LORAZEPAM["V1"], rtol=1e-10)
    assert_allclose(metric(found, "lorazepam_tmax_h"), 12.0, rtol=1e-12)


def test_auc_tends_to_dose_over_clearance() -> None:
    end = {
        "iv": pkpd.simulate("midazolam 10 mg iv", adult(), until="30 d", times=[720.0]),
        "po": pkpd.simulate("midazolam 10 mg po", adult(), until="30 d", times=[720.0]),
    }
    # 30 days are more than 100 half-lives
    assert_allclose(metric(end["iv"], "midazolam_auc_mg_h_L"), 10.0 / MIDAZOLAM["CL"], rtol=1e-10)
    oral = MIDAZOLAM_PO["F"] * 10.0 / MIDAZOLAM["CL"]
    assert_allclose(metric(end["po"], "midazolam_auc_mg_h_L"), oral, rtol=1e-10)
    formed = 10.0 * HYDROXYMIDAZOLAM_RATIO / HYDROXYMIDAZOLAM_CL
    assert_allclose(metric(end["iv"], "hydroxymidazolam_auc_mg_h_L"), formed, rtol=1e-10)


def test_genotype_moves_exposure_through_the_liver() -> None:
    carrier = adult(genotype={"CYP3A4": "*1/*22"})
    for route, expected in (("iv", 1 / 0.7977), ("po", 1.47)):
        auc = [
            metric(pkpd.simulate(f"midazolam 5 mg {route}", who, until="30 d", times=[720.0]), "midazolam_auc_mg_h_L")
            for who in (adult(), carrier)
        ]
        assert_allclose(auc[1] / auc[0], expected, rtol=1e-3)  # three digits are printed


def test_ugt2b15_lengthens_the_half_life_and_leaves_the_peak() -> None:
    """21.2 against 12.3 h at CL x 0.58 in one compartment of 0.84 L/kg; here two, with slower return from tissue."""
    found = [
        pkpd.simulate("lorazepam 4 mg iv", adult(genotype={"UGT2B15": g}), until="24 h") for g in ("*1/*1", "*2/*2")
    ]
    # the level after the bolus is a sum of exponentials that depend on CL: equal up to its rounding
    assert_allclose(metric(found[1], "lorazepam_cmax_mg_L"), metric(found[0], "lorazepam_cmax_mg_L"), rtol=1e-14)
    slow, _ = two_exponentials({**LORAZEPAM, "CL": 0.58 * LORAZEPAM["CL"]})
    assert_allclose(metric(found[1], "lorazepam_half_life_h"), math.log(2.0) / slow[1], rtol=1e-10)


def test_time_in_range_of_a_bolus() -> None:
    """Lorazepam above 0.05 and below 0.1 mg/L: from a peak of 0.097 it is the time of the fall to 0.05."""
    found = pkpd.simulate("lorazepam 4 mg iv at 1 h", adult(), until="24 h", every="12 h")
    rates, weights = two_exponentials(LORAZEPAM)
    low, high = 0.0, 23.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if 4.0 * weights @ np.exp(-rates * middle) > 0.05 else (low, middle)
    assert_allclose(metric(found, "lorazepam_time_in_range_h"), low, rtol=1e-7)


def test_phenytoin_has_no_half_life_and_says_why() -> None:
    found = pkpd.simulate("phenytoin 1000 mg iv over 20 min", adult(), until="6 h")
    assert math.isnan(metric(found, "phenytoin_half_life_h"))
    assert "saturable" in found.metric_reasons["phenytoin_half_life_h"]


def test_phenytoin_agrees_with_scipy() -> None:
    """The composite of Tanaka and Grasela: conversion 5.02 1/h, two compartments, 415 mg/day and 5.7 mg/L."""
    times = np.array([0.0, 0.1, 1400 / 9000, 0.25, 0.5, 1.0, 2.0, 6.0, 12.0, 24.0, 48.0, 72.0])
    ours = pkpd.simulate(
        "fosphenytoin 20 mg PE/kg iv rate 150 mg PE/min", adult(), until="72 h", times=list(times)
    ).outputs["phenytoin_plasma_mg_L"][0]
    theirs, _ = solve_with_brain(PHENYTOIN, "phenytoin", 9000.0 * ACID_FRACTION, 1400 / 9000, times)
    # DESIGN asks 1e-6 of Michaelis-Menten
    assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)


def test_phenytoin_iv_agrees_with_scipy() -> None:
    times = np.array([0.0, 0.2, 1 / 3, 0.5, 1.0, 4.0, 24.0])
    ours = pkpd.simulate("phenytoin 1000 mg iv over 20 min", adult(), until="24 h", times=list(times))
    values = {name: value for name, value in PHENYTOIN.items() if name != "KPRO"}
    theirs, _ = solve_with_brain(values, "phenytoin", 3000.0 * ACID_FRACTION, 1 / 3, times)
    assert_allclose(ours.outputs["phenytoin_plasma_mg_L"][0], theirs, rtol=1e-6, atol=1e-9)


def test_input_above_vm_accumulates_and_is_no_negative_level() -> None:
    """Input of 600 mg/day above a VM of 415 mg/day: the level rises by input less elimination, for ever."""
    found = pkpd.simulate("phenytoin 27.2 mg/h iv", adult(), until="60 d", every="10 d")
    level = only_level(found, "phenytoin_plasma_mg_L")
    assert np.all(np.diff(level) > 0)
    rise = np.diff(level)[-1] * (PHENYTOIN["V1"] + PHENYTOIN["V2"]) / 240.0
    kept = [27.2 * ACID_FRACTION - PHENYTOIN["VM"] * c / (PHENYTOIN["KM"] + c) for c in level[-2:]]
    assert kept[1] < rise < kept[0]


# --- laws ------------------------------------------------------------------------------------------------------------


def test_linear_drugs_add_up_scale_and_shift() -> None:
    def level(regimen: str) -> np.ndarray:
        return only_level(pkpd.simulate(regimen, adult(), until="12 h", every="15 min"), "midazolam_plasma_mg_L")

    first, second = level("midazolam 10 mg im"), level("midazolam 4 mg/h iv at 1 h for 2 h")
    assert_allclose(level("midazolam 10 mg im; midazolam 4 mg/h iv at 1 h for 2 h"), first + second, rtol=1e-11)
    assert_allclose(level("midazolam 30 mg im"), 3.0 * first, rtol=1e-12)
    assert_allclose(level("midazolam 10 mg im at 2 h")[8:], first[:-8], rtol=1e-11, atol=1e-15)
    assert_allclose(level("midazolam 10000 mcg im"), first, rtol=1e-14)


def test_overlapping_infusions_leave_nothing_behind() -> None:
    found = pkpd.simulate(
        "midazolam 0.1 mg iv over 3 h; midazolam 0.7 mg iv over 1.1 h at 0.7 h", adult(), until="60 d", every="1 d"
    )
    level = only_level(found, "midazolam_plasma_mg_L")
    assert np.all(level >= 0.0) and level[-1] < 1e-15


# --- what is refused, and what is only warned of ---------------------------------------------------------------------


@pytest.mark.parametrize("regimen", ["", "none", " NONE "])
def test_an_empty_regimen_is_an_untreated_run(regimen: str) -> None:
    found = pkpd.simulate(regimen, adult(), until="2 h")
    assert found.to_frame().columns.tolist() == ["id", "time_h"]
    assert len(found.to_frame()) == 121
    assert found.metrics().columns.tolist() == ["id"]
    assert len(found.orders) == 0 and found.drugs == ()


def test_until_before_the_first_dose_is_a_warning() -> None:
    found = pkpd.simulate("lorazepam 4 mg iv at 2 h", adult(), until="1 h")
    assert any("no order is reached" in text and "1 h" in text for text in found.warnings)
    assert found.orders["given"].tolist() == [False]
    assert not only_level(found, "lorazepam_plasma_mg_L").any()
    assert metric(found, "lorazepam_auc_mg_h_L") == 0.0 and math.isnan(metric(found, "lorazepam_tmax_h"))
    assert found.metric_reasons["lorazepam_tmax_h"]
    assert not pkpd.simulate("lorazepam 4 mg iv at 1 h", until="1 h").warnings


@pytest.mark.parametrize("word", ["if seizing", "when seizing"])
def test_a_condition_without_a_seizure_is_refused(word: str) -> None:
    with pytest.raises(RegimenError, match=f"order 2: '{word}'.*needs a seizure.*Remove the condition"):
        pkpd.simulate(f"lorazepam 4 mg iv; lorazepam 4 mg iv at 5 min {word}", until="1 h")


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"until": "24"}, UnitError, "'24' has no unit; expected s, min, h or d"),
        ({"until": "24 h", "every": "5"}, UnitError, "'5' has no unit"),
        ({"until": "24 h", "seizure_onset": "5"}, UnitError, "'5' has no unit"),
        ({"until": 0}, ParameterError, "until: '0' is not possible; expected a time above 0"),
        ({"until": "-1 h"}, PkpdError, "-1 h"),
        ({"until": "24 h", "every": 0}, ParameterError, "every: '0' is not possible"),
        ({"until": "24 h", "every": "1 us"}, PkpdError, "us"),
        ({"until": "365 d", "every": "1 s"}, ParameterError, "every: .*at most"),
        ({"until": 24, "evidence": "exploratary"}, ParameterError, "evidence: .*Did you mean 'exploratory'"),
        ({"until": 24, "seizure": "statsu"}, ParameterError, "seizure: .*Did you mean 'status'"),
        ({"until": 24, "condition": "never"}, ParameterError, "condition: 'never' is not known"),
        ({"until": 24, "models": "lorazepam"}, ParameterError, "models: 'lorazepam' is not a choice.*drug=model"),
        ({"until": 24, "models": "lorazepan=x"}, ParameterError, "Did you mean 'lorazepam'"),
        ({"until": 24, "models": {"lorazepam": "lorazepam_swart"}}, ParameterError, "mean 'lorazepam_swart2004_icu"),
        ({"until": 24, "patients": 7}, ParameterError, "patients: 'int' does not describe patients"),
    ],
)  # fmt: skip
def test_impossible_arguments_are_refused(options: dict[str, object], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        pkpd.simulate("lorazepam 4 mg iv", **options)


def test_numbers_are_hours() -> None:
    assert (
        pkpd.simulate("lorazepam 4 mg iv", until=2).until_h
        == pkpd.simulate("lorazepam 4 mg iv", until="120 min").until_h
    )


def test_models_and_fosphenytoin_choose_the_phenytoin_system() -> None:
    named = pkpd.simulate(
        "fosphenytoin 500 mg PE iv", adult(), until="1 h", models="fosphenytoin=phenytoin_mm_yukawa1990; binding=hennig"
    )
    used = dict(zip(named.assumptions["item"], named.assumptions["value"], strict=True))
    assert used["phenytoin model"] == "phenytoin_mm_yukawa1990"
    assert_allclose(used["phenytoin fu"], 1 / (1 + 8.23 * (1 + 0.00737 * 0)), rtol=1e-12)


# --- many subjects ---------------------------------------------------------------------------------------------------


def test_a_table_of_patients() -> None:
    table = pd.DataFrame({"id": ["ann", "bob", "cy"], "age_y": [30, 50, 6], "weight_kg": [60, 90, 20]})
    table["CYP2C9"] = ["*1/*3", "NM", None]
    found = pkpd.simulate(SEQUENCE, table, until="2 h", every="10 min")
    frame = found.to_frame()
    assert frame["id"].unique().tolist() == ["ann", "bob", "cy"] and len(frame) == 3 * 13
    assert found.metrics()["id"].tolist() == ["ann", "bob", "cy"]
    for name, row in table.set_index("id").iterrows():
        genes = {"CYP2C9": row["CYP2C9"]} if isinstance(row["CYP2C9"], str) else {}
        who = pkpd.Patient(age_y=row["age_y"], weight_kg=row["weight_kg"], genotype=genes)
        alone = pkpd.simulate(SEQUENCE, who, until="2 h", every="10 min").to_frame()
        pd.testing.assert_frame_equal(
            frame[frame["id"] == name].drop(columns="id").reset_index(drop=True),
            alone.drop(columns="id"),
            check_exact=True,
        )
    assert set(found.assumptions["id"]) == {"ann", "bob", "cy"}


def crowd(n: int, seed: int = 3) -> pkpd.Population:
    return pkpd.Population(n, seed=seed, age_y=40, weight_kg=("lognormal", 75, 0.2, 40, 140), ancestry="EUR")


MIXED = f"{SEQUENCE}; midazolam 10 mg im at 40 min; propofol 1 mg/kg iv at 1 h; propofol 2 mg/kg/h iv from 1 h for 2 h"


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_a_subject_is_bitwise_the_same_in_a_batch_of_any_size(n: int) -> None:
    few, many = (pkpd.simulate(MIXED, crowd(size), until="6 h", every="9 min") for size in (n, 64))
    assert few.outputs.keys() == many.outputs.keys()
    for name, values in few.outputs.items():
        assert_array_equal(values, many.outputs[name][:n], err_msg=name)
    for name, values in few.metric_values.items():
        assert_array_equal(values, many.metric_values[name][:n], err_msg=name)


def test_a_subject_is_the_same_among_a_thousand() -> None:
    """Beyond the sizes at which work is split among threads."""
    many, few = (pkpd.simulate(SEQUENCE, crowd(n), until="6 h", times=[0.7, 6.0]) for n in (1000, 3))
    for name, values in {**few.outputs, **few.metric_values}.items():
        assert_array_equal(values, {**many.outputs, **many.metric_values}[name][:3], err_msg=name)


def scenario(regimen: str, patients: object = None, until_h: float = 6.0, **options: object) -> Scenario:
    chosen = {"every_h": 0.25, "times": None, "models": {}, "evidence": "established", **options}
    return Scenario("", parse_regimen(regimen), until_h, subjects=subjects_of(patients), **chosen)


def test_a_scenario_is_bitwise_the_same_among_others() -> None:
    mine = [scenario(MIXED, adult()), scenario(SEQUENCE, crowd(5)), scenario("midazolam 5 mg/h iv", crowd(3), 48.0)]
    others = [
        scenario("midazolam 3 mg iv every 30 min x 9; midazolam 1 mg/h iv", crowd(11, 9), 30.0, every_h=0.1),
        scenario("phenytoin 1500 mg iv rate 25 mg/min; lorazepam 8 mg im", adult(genotype={"CYP2C9": "*3/*3"}), 3.0),
        scenario("propofol 4 mg/kg iv", pkpd.Patient(age_y=4, weight_kg=17, height_cm=104), times=(1.0, 2.0)),
        scenario("lorazepam 1 mg/m2 iv", pkpd.Patient(age_y=4, weight_kg=17)),  # no height: an error in its place
    ]
    mixed = [others[0], mine[0], others[3], others[1], mine[1], mine[2], others[2]]
    together = solve_scenarios(mixed, profiles=True)
    assert isinstance(together[2], RegimenError)
    for place, own in zip((1, 4, 5), mine, strict=True):
        (alone,) = solve_scenarios([own], profiles=True)
        crowded = together[place]
        assert isinstance(alone, Solution) and isinstance(crowded, Solution)
        for name, values in alone.outputs.items():
            assert_array_equal(values, crowded.outputs[name], err_msg=name)
        for name, values in alone.metric_values.items():
            assert_array_equal(values, crowded.metric_values[name], err_msg=name)


def test_metrics_do_not_depend_on_whether_profiles_are_kept() -> None:
    own = scenario(MIXED, crowd(4))
    kept, dropped = (solve_scenarios([own], profiles=profiles)[0] for profiles in (True, False))
    assert isinstance(kept, Solution) and isinstance(dropped, Solution)
    assert not dropped.outputs and len(dropped.time_h) == 0
    for name, values in kept.metric_values.items():
        assert_array_equal(values, dropped.metric_values[name], err_msg=name)


def test_one_seed_shares_its_subjects_across_regimens() -> None:
    """The same deviations of lorazepam's CL whatever else is ordered, and others under another seed."""
    alone = pkpd.simulate("lorazepam 4 mg iv", crowd(20), until="60 d", times=[0.0])
    beside = pkpd.simulate("midazolam 5 mg im; lorazepam 2 mg iv", crowd(20), until="60 d", times=[0.0])
    other = pkpd.simulate("lorazepam 4 mg iv", crowd(20), until="60 d", times=[0.0], seed=4)
    auc = [found.metric_values["lorazepam_auc_mg_h_L"] for found in (alone, beside, other)]
    assert_allclose(auc[0], 2.0 * auc[1], rtol=1e-12)
    assert not np.any(auc[0] == auc[2])


def test_typical_patients_draw_nothing() -> None:
    table = pd.DataFrame({"age_y": [35, 35], "weight_kg": [70, 70], "height_cm": [175, 175], "sex": ["M", "M"]})
    runs = [
        pkpd.simulate(MIXED, who, until="4 h", every="20 min", seed=seed)
        for who, seed in ((adult(), 1), (adult(), 2), ([adult(), adult()], 3), (table, 4))
    ]
    for run in runs[1:]:
        for name, values in runs[0].outputs.items():
            for row in run.outputs[name]:
                assert_array_equal(values[0], row, err_msg=name)


def test_clearance_varies_as_the_model_says() -> None:
    """Healthy adults 1983: CV 14.2 % of CL and 32.2 % of V1, lognormal, in 2000 subjects of equal weight."""
    people = pkpd.Population(2000, seed=11, age_y=35, weight_kg=70, height_cm=175, sex="M")
    found = pkpd.simulate("lorazepam 4 mg iv", people, until="120 d", times=[0.0])
    for name, typical, cv in (
        ("auc_mg_h_L", 4.0 / LORAZEPAM["CL"], 0.142),
        ("cmax_mg_L", 4.0 / LORAZEPAM["V1"], 0.322),
    ):
        logs = np.log(found.metric_values[f"lorazepam_{name}"] / typical)
        omega2 = math.log(1.0 + cv**2)
        # four standard errors of a mean and of a variance
        assert abs(logs.mean()) < 4.0 * math.sqrt(omega2 / 2000)
        assert abs(logs.var() / omega2 - 1.0) < 4.0 * math.sqrt(2.0 / 2000)


def test_covariances_of_the_source_are_drawn() -> None:
    """Wiebe 2020: variances 0.142583 of V1 and 0.158449 of the metabolite's V1, covariance 0.109819."""
    model = load_drug("midazolam").models["midazolam_wiebe2020_adult"]
    draws = [etas_of("midazolam", model, 5, subject) for subject in range(2000)]
    v1, vm1, cl = (np.array([draw[name] for draw in draws]) for name in ("V1", "Vm1", "CL"))
    spread = math.sqrt((0.142583 * 0.158449 + 0.109819**2) / 2000)
    assert abs(np.cov(v1, vm1)[0, 1] - 0.109819) < 4.0 * spread
    assert abs(v1.var() / 0.142583 - 1.0) < 4.0 * math.sqrt(2.0 / 2000)
    assert abs(vm1.var() / 0.158449 - 1.0) < 4.0 * math.sqrt(2.0 / 2000)
    assert abs(cl.var() / 0.0087203 - 1.0) < 4.0 * math.sqrt(2.0 / 2000)
    assert abs(np.corrcoef(v1, cl)[0, 1]) < 4.0 / math.sqrt(2000)


def test_deviations_multiply_the_parameter_by_their_exponential() -> None:
    drug, ways = load_drug("midazolam"), {"midazolam iv": ("midazolam", "iv")}
    typical = individual(drug, adult(), ways, {}, "established").parameters
    drawn = individual(drug, adult(), ways, {}, "established", (5, 17)).parameters
    etas = etas_of("midazolam", drug.models["midazolam_wiebe2020_adult"], 5, 17)
    for name, eta in etas.items():
        assert_allclose(drawn[name] / typical[name], math.exp(eta), rtol=1e-12, err_msg=name)
    assert drawn["V3"] == typical["V3"]  # no variability is published for it


# --- adding a drug is one file ---------------------------------------------------------------------------------------


def copy_of_lorazepam(folder: Path, name: str = "newzepam") -> Path:
    text = (catalogue.drug_folder() / "lorazepam.toml").read_text(encoding="utf-8")
    assert 'name = "lorazepam"' in text
    path = folder / f"{name}.toml"
    path.write_text(text.replace('name = "lorazepam"', f'name = "{name}"', 1), encoding="utf-8")
    return path


def test_a_drug_file_from_anywhere_loads_and_its_models_evaluate(tmp_path: Path) -> None:
    drug = load_drug(copy_of_lorazepam(tmp_path))
    assert drug.name == "newzepam" and load_drug("newzepam", folder=tmp_path).sha256 == drug.sha256
    values, clipped = drug.models["lorazepam_adult_healthy_1983"].evaluate({"weight_kg": 70.0})
    for name, expected in LORAZEPAM.items():
        assert_allclose(values[name], expected, rtol=1e-12, err_msg=name)
    assert not clipped


@pytest.fixture
def library_with_a_new_drug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The library as it is after one file was put beside the shipped ones."""
    for name in list_drugs():
        shutil.copy(catalogue.drug_folder() / f"{name}.toml", tmp_path)
    copy_of_lorazepam(tmp_path)
    caches = (catalogue._shipped_drugs, catalogue._shipped_drug, catalogue.canonical_drug_name)
    monkeypatch.setattr(catalogue, "drug_folder", lambda: tmp_path)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def test_a_file_beside_the_others_is_a_drug_of_every_regimen(library_with_a_new_drug: None) -> None:
    assert "newzepam" in pkpd.list_drugs()
    new, known = (
        pkpd.simulate(f"{d} 4 mg im", adult(), until="6 h", every="10 min") for d in ("NewZepam", "lorazepam")
    )
    for kind in ("plasma", "unbound", "brain"):
        assert_array_equal(new.outputs[f"newzepam_{kind}_mg_L"], known.outputs[f"lorazepam_{kind}_mg_L"])


def test_a_fit_of_a_drug_leaves_its_simulation_alone(root) -> None:
    """A fit works with plasma alone; what it keeps of a drug's system must not reach a simulation of the same drug."""
    pkpd.fit(root / "data" / "observed" / "levetiracetam.csv", "levetiracetam", method="pooled")
    found = pkpd.simulate("levetiracetam 1000 mg po", adult(), until="2 h")
    assert "levetiracetam_brain_mg_L" in found.outputs
