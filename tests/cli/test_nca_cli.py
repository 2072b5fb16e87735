"""`pkpd nca`: a table on the terminal, CSV, Parquet or JSON elsewhere; the exit code says whether all is there."""

import json
import sys

import pandas as pd
import pytest

import pkpd
from pkpd.cli import main

GOOD = "ID,TIME,DV,AMT,CMT\n1,0,.,100,1\n1,1,4,.,1\n1,2,2,.,1\n1,4,0.5,.,1\n"
ONE_SHORT = GOOD + "2,0,.,100,1\n2,1,4,.,1\n2,2,2,.,1\n"


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.csv"
    path.write_text(GOOD)
    return str(path)


@pytest.fixture
def short(tmp_path):
    path = tmp_path / "short.csv"
    path.write_text(ONE_SHORT)
    return str(path)


def test_csv_on_stdout_is_the_table_of_python(good, capsys, tmp_path):
    assert main(["nca", good]) == 0
    shown = capsys.readouterr()
    (tmp_path / "shown.csv").write_text(shown.out)
    expected = pkpd.nca(good)
    found = pd.read_csv(tmp_path / "shown.csv", keep_default_na=False)
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    assert shown.err == "pkpd: 1 profiles, 1 of them complete.\n"


def test_a_terminal_shows_four_digits_and_no_reasons(good, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["nca", good]) == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.split()[:4] == ["id", "cmax_mg_L", "tmax_h", "auc_last_mg_h_L"] and "reason" not in header
    # 8 at the dose, halved every hour: from 8 to 0.5 in four of them.
    assert row.split()[:5] == ["1", "4", "1", "10.82", "11.54"]


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".json"])
def test_output_file(good, suffix, capsys, tmp_path):
    path = tmp_path / f"nca{suffix}"
    assert main(["nca", good, "-o", str(path)]) == 0
    shown = capsys.readouterr()
    assert shown.out == "" and f"Results: {path}" in shown.err
    read = {".csv": pd.read_csv, ".parquet": pd.read_parquet, ".json": pd.read_json}[suffix](path)
    assert list(read.columns) == list(pkpd.nca(good).columns)
    assert read["half_life_h"].tolist() == pytest.approx([1.0])


def test_json_has_null_where_a_quantity_is_missing(short, capsys):
    assert main(["nca", short, "--json"]) == 1
    shown = capsys.readouterr()
    first, second = json.loads(shown.out)
    assert first["cl_L_h"] == pytest.approx(100 / (8 / 0.6931471805599453)) and first["reason"] == ""
    assert second["cl_L_h"] is None and "2 of at least 3 quantifiable samples" in second["reason"]


def test_a_missing_quantity_is_exit_code_1_and_told(short, capsys):
    assert main(["nca", short]) == 1
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("pkpd: ID 2: no terminal slope (2 of at least 3 quantifiable samples from the peak on)")
    assert told[1] == "pkpd: 2 profiles, 1 of them complete."


def test_options_reach_the_analysis(tmp_path, capsys):
    path = tmp_path / "minutes.csv"
    rows = ["SUBJ,OCC,MIN,DV,AMT,CMT"]
    rows += [f"7,{occ},{minute},{dv},{amt},1" for occ in (1, 2) for minute, dv, amt in
             [(0, ".", 100), (60, 4000, "."), (120, 2000, "."), (240, 500, ".")]]  # fmt: skip
    path.write_text("\n".join(rows) + "\n")
    options = ["--columns", "SUBJ=ID,MIN=TIME", "--units", "MIN=min,DV=ng/mL", "--by", "OCC", "--intervals", "0-90 min"]
    assert main(["nca", str(path), *options, "--method", "linear", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in found] == ["7 / 1", "7 / 2"]
    # Chords from 8 at the dose: 6 in the first hour, then from 4 down to 3.
    assert [row["auc_0_1.5_mg_h_L"] for row in found] == pytest.approx([6 + 1.75] * 2)
    assert found[0]["half_life_h"] == pytest.approx(1)


@pytest.mark.parametrize(
    "options, message",
    [
        (["--method", "log"], "nca: --method 'log' is not known"),
        (["--units", "DV=xx/L"], "unit 'xx/L': 'xx' is not a known unit"),
        (["--intervals", "4"], "intervals: '4' is no interval"),
        (["--by", "OCC"], "by: 'OCC' is not a column of the data"),
        (["--columns", "X=TIME"], "columns: 'X' is not a column of the data"),
        (["-o", "nca.xlsx"], "output 'nca.xlsx': the ending '.xlsx' is no known format"),
    ],
)
def test_wrong_usage_is_exit_code_2(good, options, message, capsys):
    assert main(["nca", good, *options]) == 2
    shown = capsys.readouterr()
    assert message in shown.err and shown.out == "" and "Traceback" not in shown.err


def test_an_unreadable_file_is_exit_code_2(capsys, tmp_path):
    assert main(["nca", str(tmp_path / "none.csv")]) == 2
    assert "none.csv: cannot be read" in capsys.readouterr().err
