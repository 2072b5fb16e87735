"""Small tables that are cut into many parts, and what the tests of large runs ask of a folder."""

import json

import pandas as pd
import pytest

from pkpd.batch import table as scenario_table

ORDERS = [
    "lorazepam 4 mg iv",
    "levetiracetam 60 mg/kg iv over 10 min max 4500 mg",
    "midazolam 10 mg im",
    "lorazepan 4 mg iv",
    "none",
]
ROWS = 23


def rows_of(count=ROWS):
    """Rows of five kinds in turn, the fourth with a misspelt drug; the last row alone has phenytoin."""
    rows = [
        {"scenario": f"s{i}", "regimen": ORDERS[i % 5], "until": "6 h", "weight_kg": 50 + i, "note": f"row, {i}"}
        for i in range(count)
    ]
    rows[-1]["regimen"] = "phenytoin 1000 mg iv rate 50 mg/min"
    return pd.DataFrame(rows)


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of five rows, so that a table of 23 rows has five parts."""
    monkeypatch.setattr(scenario_table, "SPAN_WORK", 5)


def bytes_of(folder):
    """Content of every file of a folder, by name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def manifest_of(folder):
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
