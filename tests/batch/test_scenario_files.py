"""The shipped scenario tables: every row runs without an error, and its columns are explained."""

import re
from functools import cache

import pandas as pd
import pytest

import pkpd
from pkpd.regimen.regimen import parse_regimen

FILES = [
    "status_epilepticus.csv",
    "genotype_regimens.csv",
    "propofol_infusions.csv",
    pytest.param("genotype_delay.csv", marks=pytest.mark.slow),
    pytest.param("time_to_treatment.csv", marks=pytest.mark.slow),
    pytest.param("polytherapy.csv", marks=pytest.mark.slow),
]


@cache
def results_of(path):
    return pkpd.evaluate(path)


@pytest.fixture(scope="module", params=FILES)
def path(request, root):
    return root / "data" / "scenarios" / request.param


@pytest.fixture(scope="module")
def table(path):
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def test_there_are_at_least_sixty_rows(root):
    assert sum(len(pd.read_csv(path)) for path in (root / "data" / "scenarios").glob("*.csv")) >= 60


def test_every_row_says_why_and_is_named_once(table):
    assert table["scenario"].is_unique
    assert table["note"].str.len().min() > 20
    assert (table["question"] != "").all()


def test_regimens_read_back_as_the_same_orders(table):
    for text in table["regimen"]:
        regimen = parse_regimen(text)
        assert str(parse_regimen(str(regimen))) == str(regimen)


def test_readme_explains_every_column(path, table):
    text = (path.parent / "README.md").read_text(encoding="utf-8")
    first_cells = re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    explained = {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)}
    assert set(table.columns) - {"question", "note"} <= explained
    assert f"| `{path.name}` | {len(table)} |" in text


@pytest.fixture(scope="module")
def results(path):
    return results_of(path)


def test_every_row_is_ok(results, table):
    assert list(results["scenario"]) == list(table["scenario"])
    failed = results.loc[results["status"] != "ok", ["scenario", "reason"]]
    assert failed.empty, failed.to_string()


def test_every_drug_that_is_given_has_a_peak_and_an_area(results):
    for row in results.to_dict("records"):
        for drug in {dose.drug for dose in parse_regimen(row["regimen"]) if not dose.condition}:
            name = "phenytoin" if drug == "fosphenytoin" else drug
            suffix = "_p50" if str(row.get("n", "")) not in ("", "nan", "1") else ""
            for metric in ("cmax_mg_L", "auc_mg_h_L"):
                assert row[f"{name}_{metric}{suffix}"] > 0, (row["scenario"], name, metric)


def test_a_seizure_has_an_outcome(results):
    if "seizure" not in results:
        return
    asked = results["seizure"] == "status"
    assert asked.any() and results.loc[asked, "seizure_stopped"].between(0.0, 1.0).all()
    assert results.loc[~asked, "seizure_stopped"].isna().all()


@pytest.mark.slow
def test_later_and_smaller_doses_work_less(root):
    """Source articles: the benzodiazepine that works at 5 minutes fails later; fast receptor change makes it worse."""
    results = results_of(root / "data" / "scenarios" / "time_to_treatment.csv")
    share = results.assign(**{name: pd.to_numeric(results[name]) for name in ("delay_min", "dose_mg")}).set_index(
        ["receptor_plasticity", "dose_mg", "delay_min"]
    )["seizure_stopped"]
    share = share.rename(index=float, level=0)
    for speed in (0.13, 0.5):
        for dose in (2, 4, 8):
            assert share[speed, dose, 5] > share[speed, dose, 240] + 0.2
    assert share[0.5, 4, 120] < share[0.05, 4, 120]
    assert share[0.13].groupby("dose_mg").mean().is_monotonic_increasing


def test_propofol_rows_carry_the_risk(root):
    results = results_of(root / "data" / "scenarios" / "propofol_infusions.csv")
    assert results["pris_risk"].between(0.0, 1.0).all()
    risk = results.set_index("scenario")["pris_risk"]
    assert risk["pris_4_mg_kg_h_48_h"] < risk["pris_5_mg_kg_h_72_h"] < risk["pris_5_mg_kg_h_72_h_vasopressor"]
    assert risk["pris_5_mg_kg_h_72_h"] < risk["pris_8_mg_kg_h_72_h"]
