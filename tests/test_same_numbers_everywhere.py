"""Bit by bit the same numbers: in any number of threads and processes, in chunks of any size, in a notebook."""

from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from pkpd import evaluate
from pkpd.batch.run import run_table
from pkpd.batch.table import read_scenarios

DRUGS = [
    "lorazepam 0.1 mg/kg iv max 4 mg",
    "fosphenytoin 20 mg PE/kg iv rate 150 mg PE/min",
    "propofol 2 mg/kg iv; propofol 4 mg/kg/h iv for 5 h",
    "midazolam 10 mg im at 5 min; levetiracetam 60 mg/kg iv over 10 min at 20 min if seizing",
]


@pytest.fixture(scope="module")
def table():
    """Many subjects of one drug, so that threads have something to share; linear, saturable, and with a seizure."""
    rows = [
        {"scenario": f"{d} {i}", "regimen": text, "until": "6 h", "weight_kg": 45 + i,
         "seizure": "status" if "seizing" in text else "", "n": 1 if i else 5}
        for d, text in enumerate(DRUGS) for i in range(200 if d < 2 else 20)
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def expected(table):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PKPD_THREADS", "1")
        return evaluate(table)


@pytest.mark.parametrize("threads", ["2", "8"])
def test_threads(table, expected, threads, monkeypatch):
    monkeypatch.setenv("PKPD_THREADS", threads)
    pd.testing.assert_frame_equal(evaluate(table), expected, check_exact=True)


@pytest.mark.parametrize("rows", [1, 7, 150, 10_000])
def test_chunks(table, expected, rows):
    found = run_table(read_scenarios(table), chunk_rows=rows).to_frame()
    pd.testing.assert_frame_equal(found, expected, check_exact=True)


def test_runs_side_by_side_in_one_process(table, expected):
    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(evaluate, [table, table]):
            pd.testing.assert_frame_equal(found, expected, check_exact=True)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [2, 8])
def test_processes(table, expected, workers):
    pd.testing.assert_frame_equal(evaluate(table, workers=workers), expected, check_exact=True)


@pytest.mark.slow
def test_processes_of_a_notebook(table, expected, tmp_path):
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    table.to_parquet(tmp_path / "table.parquet")
    cell = (
        "import pandas as pd, pkpd\n"
        f"table = pd.read_parquet({str(tmp_path / 'table.parquet')!r})\n"
        f"pkpd.evaluate(table, workers=2).to_parquet({str(tmp_path / 'found.parquet')!r})"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell)])
    nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3").execute()
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "found.parquet"), expected, check_exact=True)
