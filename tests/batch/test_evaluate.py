"""One row in, one row out: order, columns, chunks, workers, interruption, and what a results folder holds."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from pkpd import evaluate as package_evaluate
from pkpd.batch.evaluate import evaluate
from pkpd.batch.folder_run import how_many_shown
from pkpd.batch.run import run_table
from pkpd.batch.table import read_scenarios

SCENARIOS = pd.DataFrame(
    [
        ("second line", "levetiracetam 60 mg/kg iv over 10 min max 4500 mg", "24 h", "80", "", ""),
        ("first line", "lorazepam 4 mg iv; lorazepam 4 mg iv at 10 min", "12 h", "", "", ""),
        ("misspelt", "lorazepan 4 mg iv", "12 h", "", "", ""),
        ("untreated", "none", "6 h", "", "", ""),
        ("crowd", "levetiracetam 1000 mg iv", "24 h", "70", "40", "3"),
        ("crowd again", "levetiracetam 1000 mg iv", "24 h", "70", "40", "3"),
        (
            "sequence",
            "midazolam 10 mg im; fosphenytoin 20 mg PE/kg iv rate 150 mg PE/min at 20 min",
            "24 h",
            "75",
            "",
            "",
        ),
    ],
    columns=["scenario", "regimen", "until", "weight_kg", "n", "seed"],
).assign(note="why, and what for")


@pytest.fixture(scope="module")
def csv(tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "scenarios.csv"
    SCENARIOS.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def result(csv):
    return evaluate(csv)


@pytest.fixture(scope="module")
def folder(csv, tmp_path_factory):
    out = tmp_path_factory.mktemp("results") / "new" / "folder"
    return out, evaluate(csv, out=out)


def metrics_of(frame):
    return list(frame.columns[list(frame.columns).index("warnings") + 1 :])


def test_it_is_the_public_function():
    assert package_evaluate is evaluate


def test_input_columns_come_first_and_unchanged(result):
    pd.testing.assert_frame_equal(result[SCENARIOS.columns].astype(object), SCENARIOS.astype(object))
    assert list(result.columns[: len(SCENARIOS.columns) + 3]) == [*SCENARIOS.columns, "status", "reason", "warnings"]


def test_bad_row_stands_beside_good_ones(result):
    assert result["status"].tolist() == ["ok", "ok", "error", "ok", "ok", "ok", "ok"]
    bad = result.iloc[2]
    assert "column 'regimen'" in bad["reason"] and "Did you mean 'lorazepam'" in bad["reason"]
    assert bad[metrics_of(result)].isna().all()
    assert (result["reason"].drop(2) == "").all()


def test_each_row_has_the_metrics_of_its_drugs_only(result):
    row = result.iloc[1].dropna()
    assert {name.split("_")[0] for name in row.index if name in metrics_of(result)} == {"lorazepam"}
    wanted = ["cmax_mg_L", "tmax_h", "auc_mg_h_L", "cmin_mg_L", "half_life_h", "time_in_range_h", "brain_cmax_mg_L"]
    assert all(f"lorazepam_{name}" in row.index for name in wanted)
    assert result.iloc[3][metrics_of(result)].isna().all()
    assert {"midazolam_cmax_mg_L", "phenytoin_cmax_mg_L"} <= set(result.iloc[6].dropna().index)


def test_levetiracetam_row_agrees_with_simulate(result):
    from pkpd import Patient, simulate

    alone = simulate("levetiracetam 60 mg/kg iv over 10 min max 4500 mg", Patient(weight_kg=80), until="24 h").metrics()
    for name in alone.columns.drop("id"):
        assert result.loc[0, name] == alone.loc[0, name] or (
            np.isnan(result.loc[0, name]) and np.isnan(alone.loc[0, name])
        )


def test_population_gets_percentiles_in_order(result):
    row = result.iloc[4]
    low, middle, high = (row[f"levetiracetam_cmax_mg_L_{p}"] for p in ("p05", "p50", "p95"))
    assert 0 < low < middle < high
    assert np.isnan(row["levetiracetam_cmax_mg_L"])


def test_percentiles_are_those_of_the_subjects(result):
    from pkpd import Population, simulate

    crowd = simulate("levetiracetam 1000 mg iv", Population(40, seed=3, weight_kg=70), until="24 h").metrics()
    expected = np.percentile(crowd["levetiracetam_auc_mg_h_L"], [5, 50, 95])
    row = result.iloc[4][[f"levetiracetam_auc_mg_h_L_{p}" for p in ("p05", "p50", "p95")]].astype(float)
    np.testing.assert_array_equal(row, expected)  # the same numbers, bit by bit


def test_rows_of_one_seed_share_their_subjects(result):
    first, second = result.iloc[4][metrics_of(result)], result.iloc[5][metrics_of(result)]
    pd.testing.assert_series_equal(first, second, check_names=False)


def test_a_frame_gives_what_its_file_gives(result):
    frame = SCENARIOS.copy()
    frame["weight_kg"] = pd.to_numeric(frame["weight_kg"])
    frame["n"] = pd.to_numeric(frame["n"])
    given = evaluate(frame)
    pd.testing.assert_frame_equal(given[metrics_of(given)], result[metrics_of(result)], check_exact=True)
    assert given["weight_kg"].equals(frame["weight_kg"])


@pytest.mark.parametrize("chunk_rows", [1, 2, 100])
def test_chunks_do_not_change_a_bit(csv, result, chunk_rows):
    again = run_table(read_scenarios(csv), chunk_rows=chunk_rows).to_frame()
    pd.testing.assert_frame_equal(again, result, check_exact=True)


def test_workers_do_not_change_a_bit(csv, result):
    again = run_table(read_scenarios(csv), workers=2, chunk_rows=2).to_frame()
    pd.testing.assert_frame_equal(again, result, check_exact=True)


def test_no_progress_bar_without_a_terminal(csv, capsys):
    evaluate(csv)
    assert capsys.readouterr().err == ""
    evaluate(csv, progress=True)
    assert "7/7" in capsys.readouterr().err


@pytest.mark.parametrize(
    "profiles, rows, shown",
    [(None, 10, 10), (None, 1000, 200), ("all", 1000, 1000), ("none", 5, 0), (3, 5, 3), ("7", 5, 5)],
)
def test_how_many_are_shown(profiles, rows, shown):
    assert how_many_shown(profiles, rows) == shown


def test_interrupt_keeps_the_rows_that_are_done(csv, monkeypatch):
    module = sys.modules["pkpd.batch.run"]
    work, calls = module.work_chunk, []

    def interrupted_work(chunk):
        calls.append(chunk)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return work(chunk)

    monkeypatch.setattr(module, "work_chunk", interrupted_work)
    batch = run_table(read_scenarios(csv), chunk_rows=2)
    assert batch.interrupted
    assert batch.to_frame()["scenario"].tolist() == SCENARIOS["scenario"].tolist()[:4]


# ---- the folder ---------------------------------------------------------------------------------------------------


def test_folder_holds_what_the_manifest_says(folder):
    out, parts = folder
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert sorted(manifest["files"]) == sorted(
        str(path.relative_to(out)) for path in out.rglob("*") if path.is_file() and path.name != "manifest.json"
    )
    assert manifest["rows"] == {"run": 7, "ok": 6, "error": 1, "complete": True}
    assert manifest["seeds"] == ["3"]
    assert len(manifest["input"]["sha256"]) == 64
    assert {"levetiracetam", "lorazepam", "midazolam", "phenytoin"} <= set(manifest["library_sha256"])
    assert {"numpy", "pandas", "numba"} <= set(manifest["packages"])
    assert parts[["rows", "ok", "error"]].values.tolist() == [[7, 6, 1]]


def test_results_file_is_the_table(folder, result):
    out, _ = folder
    written = pd.read_csv(out / "results.csv")
    pd.testing.assert_frame_equal(written[metrics_of(written)], result[metrics_of(result)].reset_index(drop=True))
    assert written["scenario"].tolist() == SCENARIOS["scenario"].tolist()


def test_profiles_hold_the_good_scenarios(folder):
    out, _ = folder
    profiles = pd.read_parquet(out / "profiles.parquet")
    assert list(profiles.columns[:3]) == ["scenario", "id", "time_h"]
    assert profiles["scenario"].drop_duplicates().tolist() == [n for n in SCENARIOS["scenario"] if n != "misspelt"]
    crowd = profiles[profiles["scenario"] == "crowd"]
    assert crowd["id"].drop_duplicates().tolist() == ["p05", "p50", "p95"]
    wide = crowd.pivot(index="time_h", columns="id", values="levetiracetam_plasma_mg_L")
    assert ((wide["p05"] <= wide["p50"]) & (wide["p50"] <= wide["p95"])).all()


def test_profiles_are_csv_without_pyarrow(csv, tmp_path, monkeypatch):
    from importlib import util

    find = util.find_spec
    monkeypatch.setattr(util, "find_spec", lambda name: None if name == "pyarrow" else find(name))
    evaluate(csv, out=tmp_path, profiles=1)
    assert not (tmp_path / "profiles.parquet").exists()
    assert pd.read_csv(tmp_path / "profiles.csv")["scenario"].unique().tolist() == ["second line"]


def test_pictures_are_one_a_scenario_and_an_overview_a_drug(folder):
    out, _ = folder
    names = sorted(path.name for path in (out / "figures").iterdir())
    assert "0001_second_line.svg" in names and "0003_misspelt.svg" not in names
    assert {"overview_levetiracetam.svg", "overview_lorazepam.svg", "overview_midazolam.svg"} <= set(names)


def test_second_run_leaves_no_earlier_pictures(csv, tmp_path):
    evaluate(csv, out=tmp_path)
    (tmp_path / "mine.txt").write_text("keep")
    evaluate(csv, out=tmp_path, profiles=1)
    assert [path.name for path in (tmp_path / "figures").glob("0*.svg")] == ["0001_second_line.svg"]
    assert (tmp_path / "mine.txt").read_text() == "keep"


def test_no_profiles_no_page(csv, tmp_path):
    evaluate(csv, out=tmp_path, profiles="none")
    assert {path.name for path in tmp_path.iterdir()} >= {"results.csv", "manifest.json"}
    assert not any((tmp_path / name).exists() for name in ("profiles.parquet", "report.html"))


@pytest.mark.slow
def test_two_runs_write_the_same_bytes_whatever_the_workers(csv, tmp_path):
    evaluate(csv, out=tmp_path / "a")
    evaluate(csv, out=tmp_path / "b", workers=2)
    for path in (tmp_path / "a").rglob("*.*"):
        if path.suffix in (".csv", ".svg", ".html"):
            assert path.read_bytes() == (tmp_path / "b" / path.relative_to(tmp_path / "a")).read_bytes(), path.name


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_leaves_a_valid_partial_result(tmp_path, workers):
    count = 200_000  # far more than any machine works off before it is interrupted
    rows = "\n".join(f"s{i},levetiracetam {500 + i % 2000} mg iv every 12 h x 6,72 h" for i in range(count))
    (tmp_path / "many.csv").write_text(f"scenario,regimen,until\n{rows}\n")
    command = [sys.executable, "-m", "pkpd", "batch", "many.csv", "-o", "part.csv", "--workers", workers]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    # A shell that runs the tests in the background lets its children ignore Ctrl-C; this one shall hear it.
    run = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    time.sleep(8)
    assert run.poll() is None, "the table is too small: the run ended before it could be interrupted"
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 1
    assert "interrupted" in said and "Traceback" not in said
    part = pd.read_csv(tmp_path / "part.csv")
    assert 0 < len(part) < count
    assert part["scenario"].tolist() == [f"s{i}" for i in range(len(part))]
    assert (part["status"] == "ok").all()
