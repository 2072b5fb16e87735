"""The shipped scenario tables: every row runs without an error, and its columns are explained."""

import re

import pandas as pd
import pytest

import pkpd
from pkpd.regimen import parse_regimen

FILES = ["status_epilepticus.csv", "genotype_regimens.csv", "propofol_infusions.csv"]


@pytest.fixture(scope="module", params=FILES)
def path(request, root):
    return root / "data" / "scenarios" / request.param


@pytest.fixture(scope="module")
def table(path):
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def test_there_are_at_least_sixty_rows(root):
    assert sum(len(pd.read_csv(root / "data" / "scenarios" / name)) for name in FILES) >= 60


def test_every_row_says_why_and_is_named_once(table):
    assert table["scenario"].is_unique
    assert table["note"].str.len().min() > 20
    assert (table["question"] != "").all()


def test_no_row_depends_on_a_seizure(table):
    assert not [name for name in table.columns if name.startswith("seizure")]
    assert not table["regimen"].str.contains("seizing").any()


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
    return pkpd.evaluate(path)


def test_every_row_is_ok(results, table):
    assert list(results["scenario"]) == list(table["scenario"])
    failed = results.loc[results["status"] != "ok", ["scenario", "reason"]]
    assert failed.empty, failed.to_string()


def test_every_ordered_drug_has_a_peak_and_an_area(results):
    for row in results.to_dict("records"):
        for drug in {dose.drug for dose in parse_regimen(row["regimen"])}:
            name = "phenytoin" if drug == "fosphenytoin" else drug
            suffix = "_p50" if str(row.get("n", "")) not in ("", "nan", "1") else ""
            for metric in ("cmax_mg_L", "auc_mg_h_L"):
                assert row[f"{name}_{metric}{suffix}"] > 0, (row["scenario"], name, metric)
