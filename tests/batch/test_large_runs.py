"""Large tables: parts that agree in their columns, bounded work at a time, and the same numbers as a small run."""

import warnings

import numpy as np
import pandas as pd
import pytest

from large_tables import ROWS, bytes_of, manifest_of, rows_of, small_parts  # noqa: F401
from pkpd import DataError, ParameterError, evaluate
from pkpd.batch import folder_run
from pkpd.batch.table import read_scenarios
from pkpd.cli import main

pytestmark = pytest.mark.usefixtures("small_parts")


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "scenarios.csv"
    rows_of().to_csv(path, index=False)
    return path


def read_folder(folder):
    return pd.read_parquet(folder / "results")


def test_parts_hold_what_a_run_in_memory_gives(csv, tmp_path):
    parts = evaluate(csv, out=tmp_path / "out", profiles=0)
    expected = evaluate(csv)
    pd.testing.assert_frame_equal(read_folder(tmp_path / "out"), expected, check_exact=True)
    assert parts["part"].tolist() == [f"results/part-{i:05d}.parquet" for i in range(1, 6)]
    assert parts[["rows", "first", "last"]].values.tolist() == [
        [5, 1, 5],
        [5, 6, 10],
        [5, 11, 15],
        [5, 16, 20],
        [3, 21, 23],
    ]
    assert parts["error"].sum() == 5 - 1 and parts["ok"].sum() == ROWS - 4


def test_all_parts_have_the_columns_of_the_whole_table(csv, tmp_path):
    evaluate(csv, out=tmp_path, profiles=0)
    columns = {tuple(pd.read_parquet(path).columns) for path in (tmp_path / "results").iterdir()}
    assert len(columns) == 1
    (names,) = columns
    assert "phenytoin_cmax_mg_L" in names and list(names) == manifest_of(tmp_path)["columns"]


def test_a_table_of_moderate_size_is_one_file_too(csv, tmp_path, monkeypatch):
    evaluate(csv, out=tmp_path / "a", profiles=0)
    from_parts = (tmp_path / "a" / "results.csv").read_bytes()
    monkeypatch.setattr("pkpd.batch.table.SPAN_WORK", 5000)
    evaluate(csv, out=tmp_path / "b", profiles=0)
    assert from_parts == (tmp_path / "b" / "results.csv").read_bytes()
    assert not (tmp_path / "b" / "results").exists()


def test_a_large_table_has_parts_alone(csv, tmp_path, monkeypatch):
    monkeypatch.setattr(folder_run, "MOST_ROWS_IN_ONE_FILE", 20)
    evaluate(csv, out=tmp_path, profiles=2)
    assert not (tmp_path / "results.csv").exists()
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "23 scenarios: 19 ok, 4 with an error" in page
    assert "cover the first 2; the folder results/ holds all" in page


@pytest.mark.slow
def test_workers_write_the_same_bytes(csv, tmp_path):
    for name, workers in (("a", None), ("b", 2)):
        evaluate(csv, out=tmp_path / name, profiles=2, workers=workers)
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b")
    assert len(manifest_of(tmp_path / "a")["files"]) == 12


def test_parts_are_csv_without_pyarrow(csv, tmp_path, monkeypatch):
    monkeypatch.setattr("pkpd.batch.part_files.part_suffix", lambda: ".csv")
    monkeypatch.setattr(folder_run, "part_suffix", lambda: ".csv")
    evaluate(csv, out=tmp_path, profiles=0)
    names = sorted(path.name for path in (tmp_path / "results").iterdir())
    assert names == [f"part-{i:05d}.csv" for i in range(1, 6)]
    texts = [(tmp_path / "results" / name).read_text(encoding="utf-8").split("\n", 1) for name in names]
    assert len({header for header, _ in texts}) == 1
    joined = texts[0][0] + "\n" + "".join(rows for _, rows in texts)
    assert joined == (tmp_path / "results.csv").read_text(encoding="utf-8")


def test_a_frame_keeps_the_types_of_its_columns(tmp_path):
    frame = rows_of().assign(
        n=1, when=pd.Timestamp("2020-01-02"), share=0.25, kind=pd.Categorical(["a", "b"] * 11 + ["a"]), mixed=None
    )
    frame.loc[22, "mixed"] = "late"  # all but the last part have nothing there
    evaluate(frame, out=tmp_path, profiles=0)
    found = read_folder(tmp_path)
    assert found["weight_kg"].tolist() == frame["weight_kg"].tolist() and found["weight_kg"].dtype == np.int64
    assert found["share"].dtype == np.float64 and found["when"].tolist() == frame["when"].tolist()
    assert found["kind"].tolist() == frame["kind"].tolist() and found["mixed"].tolist()[-1] == "late"


@pytest.mark.parametrize("name", ["one.csv", "one.parquet"])
def test_one_file_of_a_large_table_is_that_of_a_small_one(csv, tmp_path, monkeypatch, name):
    assert main(["batch", str(csv), "-o", str(tmp_path / name)]) == 1
    from_parts = tmp_path / name
    monkeypatch.setattr("pkpd.batch.table.SPAN_WORK", 5000)
    assert main(["batch", str(csv), "-o", str(tmp_path / f"small_{name}")]) == 1
    if name.endswith(".csv"):
        assert from_parts.read_bytes() == (tmp_path / f"small_{name}").read_bytes()
    else:
        expected = pd.read_parquet(tmp_path / f"small_{name}")
        pd.testing.assert_frame_equal(pd.read_parquet(from_parts), expected, check_exact=True)
    assert {path.name for path in tmp_path.iterdir()} == {"scenarios.csv", name, f"small_{name}"}


def test_stdout_of_a_large_table_is_that_of_a_small_one(csv, monkeypatch, capsys):
    main(["batch", str(csv)])
    from_parts = capsys.readouterr()
    monkeypatch.setattr("pkpd.batch.table.SPAN_WORK", 5000)
    main(["batch", str(csv)])
    small = capsys.readouterr()
    assert from_parts.out == small.out and from_parts.out.count("\n") == ROWS + 1
    assert from_parts.err == small.err


def test_json_summary_counts_and_names_the_failures(csv, tmp_path, capsys):
    import json

    assert main(["batch", str(csv), "-o", f"{tmp_path}/out/", "--profiles", "0", "--json"]) == 1
    said = capsys.readouterr()
    summary = json.loads(said.out)
    assert (summary["rows"], summary["run"], summary["ok"], summary["error"]) == (23, 23, 19, 4)
    assert set(summary["reasons"]) == {"s3", "s8", "s13", "s18"}
    assert "scenarios.csv line 5: column 'regimen'" in said.err


def test_spans_weigh_subjects_and_seizures(tmp_path):
    frame = pd.DataFrame({"scenario": list("abcdef"), "regimen": "none", "until": "1 h", "n": [3, 2, 1, 5, 4, "x"]})
    assert [span[:2] for span in read_scenarios(frame).spans] == [(0, 2), (2, 3), (3, 4), (4, 6)]
    frame = frame.assign(n=1, seizure=["", "none", "status", "", "", ""])
    assert [span[:2] for span in read_scenarios(frame).spans] == [(0, 2), (2, 3), (3, 6)]


def test_a_population_has_one_file_and_parts(tmp_path):
    frame = rows_of(4).assign(n=4, seed=[1, 1, 2, 2])
    evaluate(frame, out=tmp_path, profiles=0)
    assert manifest_of(tmp_path)["seeds"] == ["1", "2"]
    pd.testing.assert_frame_equal(read_folder(tmp_path), evaluate(frame), check_exact=True, check_dtype=False)


def test_many_pictures_are_refused_in_parts(csv, tmp_path, monkeypatch):
    monkeypatch.setattr(folder_run, "MOST_SHOWN_IN_PARTS", 10)
    with pytest.raises(ParameterError, match="profiles: '23' scenarios are too many for a run in parts; expected at"):
        evaluate(csv, out=tmp_path / "out", profiles="all")


def test_a_table_that_changes_during_the_run_is_refused(csv, tmp_path, monkeypatch):
    table = read_scenarios(csv)
    csv.write_text(csv.read_text().replace("row, 12", "row, twelve"))
    with pytest.raises(DataError, match=r"scenarios\.csv: rows 11 to 15 changed during the run; expected the table to"):
        folder_run.run_into_folder(table, tmp_path / "out", profiles=0)
    assert len(manifest_of(tmp_path / "out")["parts"]) == 2


def test_parts_of_an_earlier_run_go(csv, tmp_path):
    evaluate(csv, out=tmp_path / "out", profiles=3)
    (tmp_path / "out" / "mine.txt").write_text("keep")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluate(rows_of(12), out=tmp_path / "out", profiles=0)
    assert sorted(bytes_of(tmp_path / "out")) == sorted(
        ["manifest.json", "mine.txt", "results.csv", *(f"results/part-{i:05d}.parquet" for i in (1, 2, 3))]
    )
