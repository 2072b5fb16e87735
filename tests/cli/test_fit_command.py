"""`pkpd fit`: the contract's example, the folder that runs again, and one sentence for each thing that is wrong."""

import json
import re
import shlex

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pkpd
from pkpd.cli import main
from pkpd.cli.fit_words import fixed_values, kinds, limits, numbers, numbers_or_one
from pkpd.report.fit_manifest import DATA, rerun

HEAD = "ID,TIME,AMT,DV,EVID,MDV,CMT\n"
ROWS = [
    "1,0,100,,1,1,1",
    "1,1,0,4.1,0,0,1",
    "1,2,0,3.6,0,0,1",
    "1,4,0,2.9,0,0,1",
    "1,8,0,1.8,0,0,1",
    "1,12,0,1.1,0,0,1",
]
FOLDER = {
    "params.csv", "predictions.csv", "subjects.csv", "left_out.csv", "assumptions.csv", "derived.csv", "report.txt",
    "report.html", DATA, "manifest.json", "figures",
}  # fmt: skip


@pytest.fixture
def file(tmp_path):
    """Write rows to a file and give its path."""

    def write(rows=ROWS, head=HEAD):
        path = tmp_path / "levels.csv"
        path.write_text(head + "".join(f"{row}\n" for row in rows))
        return str(path)

    return write


def changed(place, row):
    return [*ROWS[:place], row, *ROWS[place + 1 :]]


def test_the_contracts_example(root, tmp_path, capsys):
    folder = f"{tmp_path}/fit/"
    data = str(root / "data/observed/midazolam.csv")
    assert main(["fit", data, "--model", "midazolam", "--method", "individual", "-o", folder]) == 0
    place = tmp_path / "fit"
    assert {path.name for path in place.iterdir()} == FOLDER
    params = pd.read_csv(place / "params.csv")
    estimate = params.pivot(index="id", columns="parameter", values="estimate")
    # Heizmann 1983 states a mean clearance of 323 mL/min and a mean Vss of 50.2 L, with two compartments.
    assert_allclose(estimate["CL"].mean(), 0.323 * 60, rtol=0.15)
    assert estimate["CL"].between(8, 30).all()
    assert_allclose(estimate[["V1", "V2", "V3"]].sum(axis=1).median(), 50.2, rtol=0.25)
    fitted = params[(params["parameter"] == "F_PO") & params["stderr"].notna()]["estimate"]
    assert len(fitted) == 3 and fitted.between(0.3, 0.5).all()
    report = (place / "report.txt").read_text()
    for said in (
        "6 of 6 fitted",
        "116 count, 13 left out",
        "below the limit of quantification (M1)",
        "lower bound of V1",
    ):
        assert said in report
    shown = capsys.readouterr()
    assert shown.out == "" and "6 subjects, 6 fitted, 0 failed" in shown.err


def test_the_page_stands_alone(root, tmp_path):
    pkpd.fit(root / "data/observed/indometacin.csv", "2cmt").save(tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "http" not in page.replace("http://www.w3.org", "").replace("https://matplotlib.org", "")
    assert page.count("<svg") == 6
    for said in ("Question:", "Estimates", "Warnings", "Left out", "Assumptions", "Run again", "Research and teaching"):
        assert said in page


def test_the_folder_runs_again_to_the_same_numbers(root, tmp_path, monkeypatch):
    data = root / "data/observed/propofol.csv"
    frame = pkpd.read_data(data).frame.query("ID == 1")
    units = {"TIME": "min", "AMT": "mg", "RATE": "mg/min", "DV": "mg/L"}
    frame = frame.rename(columns={"WT": "BW", "TIME": "minutes"})
    fit = pkpd.fit(
        frame, "3cmt", units={**units, "minutes": units.pop("TIME")}, columns={"BW": "weight_kg", "minutes": "TIME"},
        vary=["CL", "V1", "Q2", "V2", "Q3", "V3"], start={"CL": 2.0}, bounds={"V1": (1.0, float("inf"))},
        error="combined",
    )  # fmt: skip
    fit.save(tmp_path / "first")
    record = json.loads((tmp_path / "first" / "manifest.json").read_text())
    assert record["input"]["units"]["TIME"] == "min"
    assert record["options"]["bounds"]["V1"] == [1.0, None]  # JSON has no infinity
    monkeypatch.chdir(tmp_path / "first")
    words = shlex.split(record["rerun"])
    assert words[:3] == ["pkpd", "fit", DATA] and "--columns" in words
    assert main(words[1:]) == 0
    again = pd.read_csv("again/params.csv")
    assert_allclose(again["estimate"], fit.params["estimate"], rtol=1e-7)
    assert json.loads((tmp_path / "first/again/manifest.json").read_text())["rerun"] == record["rerun"]


def test_what_no_command_can_say_is_said_in_python():
    t = np.array([1.0, 2.0, 4.0, 8.0])
    data = pd.DataFrame({"ID": 1, "TIME": [0, *t], "AMT": [100, 0, 0, 0, 0], "DV": [np.nan, *5 * np.exp(-0.2 * t)]})
    fit = pkpd.fit(data, pkpd.Compartments(1), fixed={"V1": {1: 20.0}}, error="additive")
    assert rerun(fit) == (
        f"pkpd.fit('{DATA}', pkpd.{pkpd.Compartments(1)!r}, error='additive', fixed={{'V1': {{1: 20.0}}}})"
    )


def test_a_folder_forgets_the_earlier_fit_and_keeps_what_is_not_its_own(file, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "mine.txt").write_text("kept")
    fit = pkpd.fit(file(), "1cmt")
    fit.save(folder)
    (folder / "figures" / "profiles.svg").write_text("old")
    pkpd.fit(file(ROWS[:2]), "1cmt").save(folder)
    assert (folder / "mine.txt").read_text() == "kept"
    assert [path.name for path in (folder / "figures").iterdir()] == ["profiles.svg"]
    assert "old" not in (folder / "figures" / "profiles.svg").read_text()


def test_without_output_the_report_is_printed(file, capsys):
    assert main(["fit", file(), "--model", "1cmt"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("[[Fit]]") and "95 % interval" in shown.out
    assert "never says what to give" in shown.err


def test_json_and_a_table(file, tmp_path, capsys):
    out = tmp_path / "params.csv"
    assert main(["fit", file(), "--model", "1cmt", "--json", "-o", str(out)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["parameter"] for row in found["params"]] == ["CL", "V1", "sigma"]
    assert list(pd.read_csv(out)["parameter"]) == ["CL", "V1", "sigma"]


def test_some_subjects_fail(file, capsys):
    rows = [*ROWS, "2,0,100,,1,1,1", "2,1,0,4.1,0,0,1"]
    assert main(["fit", file(rows), "--model", "1cmt", "--json"]) == 1
    shown = capsys.readouterr()
    assert "2 subjects, 1 fitted, 1 failed" in shown.err
    reasons = {row["id"]: row["message"] for row in json.loads(shown.out)["subjects"]}
    assert reasons[2].startswith("1 observation for 2 parameters and sigma; at least 3 are needed. Hold some")


BAD = {
    "no observation": (ROWS[:1], [], "there is no observation; expected rows with EVID 0.*Check EVID"),
    "text in DV": (changed(3, "1,4,0,abc,0,0,1"), [], "line 5: DV 'abc' is not a number.*Correct DV"),
    "decimal comma": (changed(3, '1,4,0,"2,9",0,0,1'), [], "line 5: DV '2,9' is not a number.*decimal point"),
    "zero under log": (changed(3, "1,4,0,0,0,0,1"), ["--error", "log"], "line 5: DV 0 has no logarithm.*BLQ 1"),
    "negative under log": (changed(3, "1,4,0,-1,0,0,1"), ["--error", "log"], "line 5: DV -1 has no logarithm"),
    "time order": (changed(3, "1,0.5,0,2,0,0,1"), [], "line 5: TIME 0.5 comes after 2 for ID 1.*Sort the file"),
    "unit": (ROWS, ["--units", "DV=mg"], "'mg' does not measure what column DV holds.*Correct the unit"),
    "unknown parameter": (ROWS, ["--vary", "CL,FOO"], "vary: 'FOO' is not a parameter.*expected one of CL V1"),
    "bounds": (ROWS, ["--start", "V1=1", "--bounds", "V1=5:9"], r"V1 \(5, 9\) excludes its start 1.*Widen the bounds"),
    "limits": (ROWS, ["--bounds", "V1=5"], "--bounds: V1 is '5'; expected two numbers with a colon"),
    "number": (ROWS, ["--start", "CL=x"], "--start: CL is 'x'; expected a number"),
    "no prior": (ROWS, ["--method", "map"], "--omega: missing.*--method 'map' needs.*Give --omega CL="),
    "method": (ROWS, ["--method", "pool"], "--method 'pool' is not known.*Did you mean 'pooled'"),
    "model": (ROWS, ["--model", "midazolamm"], "'midazolamm' is neither.*Did you mean 'midazolam'"),
    "column": (ROWS, ["--by", "OCC"], "'OCC' is not a column of the data; expected one of ID"),
    "dvid": (ROWS, ["--dvid", ","], "--dvid: ',' names no kind of observation; expected one such as 1"),
    "ending": (ROWS, ["-o", "out.xyz"], "the ending '.xyz' is no known format"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_sentence(name, file, capsys):
    rows, words, said = BAD[name]
    options = words if "--model" in words else ["--model", "1cmt", *words]
    assert main(["fit", file(rows), *options]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and "Traceback" not in shown.err and shown.err.count("\n") == 1
    assert re.search(said, shown.err), shown.err


def test_all_below_the_limit(file, capsys):
    rows = [f"{row},{int(place > 0)}" for place, row in enumerate(ROWS)]
    assert main(["fit", file(rows, HEAD.replace("\n", ",BLQ\n")), "--model", "1cmt"]) == 2
    assert "all 5 observations are below the limit" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rows", "model", "said"),
    [
        (ROWS[:2], "2cmt", "1 observation for 4 parameters and sigma; at least 5 are needed"),
        (ROWS[1:], "1cmt", "no dose: every prediction is 0. Add its dose rows"),
        ([*ROWS[1:], "1,30,100,,1,1,1"], "1cmt", "no observation that counts; left_out says why"),
    ],
    ids=["one sample for four parameters", "missing dose", "dose after the last sample"],
)
def test_a_subject_that_cannot_be_fitted(rows, model, said, file, capsys):
    assert main(["fit", file(rows), "--model", model]) == 1
    assert said in capsys.readouterr().out


def test_warnings_of_the_check_go_with_the_fit(file, capsys):
    doubled = [*ROWS[:4], ROWS[3], *ROWS[4:]]
    assert main(["fit", file(doubled), "--model", "1cmt"]) == 0
    assert "check, line 6: the row is the same in every column as line 5" in capsys.readouterr().out
    options = ["--model", "midazolam", "--method", "map", "--units", "DV=g/L"]
    assert main(["fit", file(), *options]) == 0
    assert "DV 4.1 of midazolam is 4100 mg/L; expected no more than 20 mg/L" in capsys.readouterr().out.replace(
        "\n      ", " "
    )
    assert main(["fit", file(), *options, "--no-check"]) == 0
    assert "4100 mg/L" not in capsys.readouterr().out


def test_children_without_an_age_are_named(file, capsys):
    head, rows = HEAD.replace("\n", ",WT\n"), [f"{row},1.4" for row in ROWS]
    main(["fit", file(rows, head), "--model", "phenobarbital", "--method", "map"])
    said = " ".join(capsys.readouterr().out.split())
    assert "no age is given, and the smallest weight is 1.4 kg: the model of adults was taken" in said


def test_lists_of_options():
    assert numbers("CL=3, V1=30", "--start") == {"CL": 3.0, "V1": 30.0}
    assert numbers(None, "--start") is None
    assert limits("KA=0.1:10,V1=3:,CL=:9", "--bounds") == {"KA": (0.1, 10.0), "V1": (3.0, None), "CL": (None, 9.0)}
    assert fixed_values("F1=0.8,KA=KACOL", "--fixed") == {"F1": 0.8, "KA": "KACOL"}
    assert numbers_or_one("0.02", "--sigma") == 0.02
    assert numbers_or_one("additive=1,proportional=0.02", "--sigma") == {"additive": 1.0, "proportional": 0.02}
    assert kinds("1", "--dvid") == 1 and kinds("1,2", "--dvid") == [1, 2]
    assert kinds("1=plasma,2=hydroxymidazolam", "--dvid") == {1: "plasma", 2: "hydroxymidazolam"}
