"""The seizure columns of a scenario table: shares, percentiles, errors that name the column, pictures and page."""

import pandas as pd
import pytest

import pkpd

ORDER = "lorazepam 4 mg iv over 2 min at 20 min"


def run(**columns):
    table = pd.DataFrame({"scenario": ["a"], "regimen": [ORDER], "until": ["1 h"], "weight_kg": [75.0]})
    return pkpd.evaluate(table.assign(**columns)).iloc[0]


def test_one_subject_is_the_representative_patient_of_simulate():
    row = run(seizure="status")
    found = pkpd.simulate(ORDER, pkpd.Patient(weight_kg=75), until="1 h", seizure="status").metrics().iloc[0]
    for name in ("seizure_stopped", "time_to_cessation_min", "gaba_a_surface_min", "chloride_max_mM", "stage_end"):
        assert row[name] == found[name], name


def test_several_subjects_are_a_population_of_simulate():
    row = run(seizure="status", n=20, seed=3)
    people = pkpd.Population(20, seed=3, weight_kg=75)
    found = pkpd.simulate(ORDER, people, until="1 h", seizure="status").metrics()
    assert row["seizure_stopped"] == found["seizure_stopped"].mean()
    assert row["relapsed"] == found["relapsed"].mean()
    assert row["chloride_max_mM_p50"] == found["chloride_max_mM"].median()
    assert row["stage_end_p95"] == found["stage_end"].quantile(0.95)


def test_without_a_seizure_the_columns_are_empty():
    table = pd.DataFrame(
        {"scenario": ["a", "b"], "regimen": ORDER, "until": "1 h", "seizure": ["status", "none"], "weight_kg": 75.0}
    )
    results = pkpd.evaluate(table)
    assert results["seizure_stopped"].notna().tolist() == [True, False]


def test_onset_and_condition_are_columns():
    assert run(seizure="status", seizure_onset="-3 h")["seizure_stopped"] == 0.0  # 200 min after onset
    assert run(seizure="status", seizure_onset="0")["seizure_stopped"] == 1.0
    assert "comes after the last order" in run(seizure="status", seizure_onset="30 min")["warnings"]
    free = run(seizure="status", n=20, condition="none")
    assert free["time_to_cessation_min_p50"] == free["time_to_cessation_min_p50"]


@pytest.mark.parametrize(
    ("columns", "parts"),
    [
        ({"seizure": "statsu"}, ["column 'seizure'", "'statsu'", "Did you mean 'status'"]),
        ({"seizure": "status", "seizure_onset": "5"}, ["column 'seizure_onset'", "'5'", "unit"]),
        ({"seizure": "status", "condition": "treated"}, ["column 'condition'", "'treated'", "treatment or none"]),
        ({"seizure": "status", "seizure_drive": 50}, ["column 'seizure_drive'", "'50"]),
        ({"seizure": "status", "n": 3, "seizure_drive": -3.0}, ["condition 'treatment'", "0 of", "seizure_drive"]),
        ({"seizure": "none", "regimen": ORDER + " if seizing"}, ["order 1", "needs a seizure"]),
    ],
)
def test_a_bad_row_names_column_and_value(columns, parts):
    row = run(**columns)
    assert row["status"] == "error"
    for part in parts:
        assert part in row["reason"]


def test_folder_has_receptor_pictures_a_map_and_the_outcome(tmp_path):
    rows = [
        {"scenario": f"{dose} mg at {delay}", "regimen": f"lorazepam {dose} mg iv at {delay} min", "until": "3 h",
         "seizure": "status", "n": 5, "delay_min": delay, "dose_mg": dose}
        for dose in (2, 4) for delay in (10, 90)
    ]  # fmt: skip
    pkpd.evaluate(pd.DataFrame(rows), out=tmp_path)
    names = {path.name for path in (tmp_path / "figures").glob("*.svg")}
    assert {"overview_response.svg", "0001_2_mg_at_10_receptors.svg", "0001_2_mg_at_10.svg"} <= names
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Seizure and risk" in page and "off at the end" in page and "share of subjects off" in page
