"""`pkpd check`: text, JSON and files; exit codes 0, 1 and 2; and files as they come from other programs."""

import json

import pandas as pd
import pytest
from planted import OBSERVED, cell, planted

import pkpd
from pkpd.cli import main

GOOD = "ID;TIME;AMT;DV\r\n1;0;100;\n1;1;;4.1\r1;2;.;3.2\r\n"


def test_nothing_found(capsys):
    assert main(["check", str(OBSERVED / "indometacin.csv")]) == 0
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err == "pkpd: indometacin.csv: nothing found.\n"


def test_findings_are_paragraphs_and_a_rule_is_not_repeated_for_ever(tmp_path, capsys):
    path = str(planted(tmp_path, "theophylline", cell(3, DV="6,57")))
    assert main(["check", path]) == 1
    shown = capsys.readouterr()
    assert shown.out.startswith(
        "ERROR  line 5, DV, ID 1  [not-numeric]\n    DV '6,57' is not a number; expected a number, or '.' for a missing"
    )
    assert "Write it with a decimal point; in Python," in " ".join(shown.out.split())
    assert shown.out.count("[dv-zero]") == 5 and "info  dv-zero: 4 more; -o or --json lists them" in shown.out
    assert shown.err == "pkpd: theophylline.csv: 1 error, 9 remarks.\n"


def test_remarks_alone_are_no_failure(capsys):
    assert main(["check", str(OBSERVED / "propofol.csv")]) == 0
    assert capsys.readouterr().err == "pkpd: propofol.csv: at least 100 remarks.\n"


def test_json_and_file_hold_all_findings(tmp_path, capsys):
    path = str(planted(tmp_path, "theophylline", cell(0, MDV=0)))
    assert main(["check", path, "--json", "-o", str(tmp_path / "found.csv")]) == 1
    listed = json.loads(capsys.readouterr().out)
    assert list(listed[0]) == ["severity", "rule", "line", "id", "column", "message", "fix"]
    assert (listed[0]["severity"], listed[0]["rule"], listed[0]["line"]) == ("warning", "mdv-disagrees", 2)
    table = pd.read_csv(tmp_path / "found.csv")
    assert len(table) == len(listed) == 10 and table["message"].tolist() == [row["message"] for row in listed]


def test_units_columns_and_occasions(tmp_path, capsys):
    path = tmp_path / "visits.csv"
    path.write_text("who,visit,hours,AMT,DV\n1,1,0,5,\n1,1,30,,90\n1,2,0,5,\n1,2,30,,80\n")
    words = ["check", str(path), "--columns", "who=ID,hours=TIME", "--units", "hours=min,DV=ug/L"]
    assert main([*words, "--by", "visit"]) == 0
    assert main(words) == 1
    assert "line 4, TIME, ID 1  [time-decreasing]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["none.csv"], "none.csv: cannot be read (No such file or directory); expected a readable text file."),
        (
            ["{good}", "--units", "TIM=h"],
            "units: 'TIM' is not a column of the data; expected one of ID, TIME, AMT, DV.",
        ),
        (["{good}", "--units", "DV=mg"], "units: 'mg' does not measure what column DV holds; expected a unit such as"),
        (["{good}", "--by", "OCC"], "by: 'OCC' is not a column of the data; expected one of ID, TIME, AMT, DV."),
        (["{good}", "--columns", "TIME"], "--columns: 'TIME' is not name=value; expected pairs such as"),
        (["{good}", "-o", "out/"], "-o: 'out/' is a folder; expected a file for the findings."),
    ],
)
def test_wrong_usage_and_unreadable_files(words, sentence, tmp_path, capsys):
    good = tmp_path / "good.csv"
    good.write_text(GOOD)
    assert main(["check", *(word.format(good=good) for word in words)]) == 2
    shown = capsys.readouterr()
    assert sentence in shown.err and shown.out == "" and "Traceback" not in shown.err


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_semicolons_a_byte_order_mark_and_mixed_line_ends_are_no_defects(mark, tmp_path):
    path = tmp_path / "export.csv"
    path.write_bytes((mark + GOOD).encode())
    assert len(pkpd.check(path)) == 0
    assert pkpd.read_data(path).lines.tolist() == [2, 3, 4]


def test_help_has_examples(capsys):
    assert main(["check", "--help"]) == 0
    assert "pkpd check data.csv --by OCC" in capsys.readouterr().out
