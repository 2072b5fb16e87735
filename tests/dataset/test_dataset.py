"""Data sets: which cells, columns, lines and separators are understood, and what `predict` gives back."""

import numpy as np
import pandas as pd
import pytest

import pkpd
from pkpd.dataset.dataset import as_dataset
from pkpd.errors import DataError, ParameterError, UnitError

ONE = {"CL": 3.0, "V1": 20.0}


def written(folder, text, encoding="utf-8"):
    path = folder / "levels.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_columns_in_any_case_and_missing_cells(tmp_path):
    data = pkpd.read_data(written(tmp_path, "id,Time,dv,AmT,Wt\nA1,0,.,100,70\nA1,1.5,2.5,,70\n"))
    assert list(data.frame.columns) == ["ID", "TIME", "DV", "AMT", "Wt"]
    assert data.frame["ID"].tolist() == ["A1", "A1"]
    np.testing.assert_array_equal(data.numbers("DV"), [np.nan, 2.5])
    np.testing.assert_array_equal(data.numbers("AMT"), [100, np.nan])
    assert data.numbers("RATE") is None
    assert data.covariates == {"Wt": "weight_kg"}


def test_comments_and_empty_lines_are_skipped_and_lines_are_the_file_s(tmp_path):
    text = "# first\nID,TIME,DV\nC a remark\n1,0,5\n\n#1,1,5\n1,2,4\n"
    data = pkpd.read_data(written(tmp_path, text))
    assert data.lines.tolist() == [4, 7]
    assert (data.line(0), data.line(1), data.source, len(data)) == (4, 7, "levels.csv", 2)


@pytest.mark.parametrize(
    "text",
    [
        "ID,TIME,DV\n1,0,5\n1,2,.\n",
        "ID;TIME;DV\r\n1;0;5\r\n1;2;\r\n",
        "ID\tTIME\tDV\n1\t0\t5\n1\t2\t\n",
        "ID TIME   DV\n 1   0   5\n 1   2   .\n",
        "\ufeffID,TIME,DV\n1,0,5\n1,2,NA\n",
        "ID, TIME, DV\r1, 0, 5\r1, 2, .\r",
    ],
    ids=["comma", "semicolon", "tab", "blanks", "byte order mark", "old line ends"],
)
def test_separators_and_line_ends(text, tmp_path):
    frame = pkpd.read_data(written(tmp_path, text)).frame
    expected = pd.DataFrame({"ID": [1, 1], "TIME": [0, 2], "DV": [5, np.nan]})
    pd.testing.assert_frame_equal(frame, expected)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["7", "7"], [7, 7]),
        (["007", "8"], ["007", "8"]),
        (["1.0", "2.0"], [1, 2]),
        (["1.5", "2"], [1.5, 2]),
        (["S-1", "2"], ["S-1", "2"]),
        (["12345678901234567890", "2"], ["12345678901234567890", "2"]),
    ],
)
def test_ids_are_numbers_only_if_nothing_is_lost(cells, expected, tmp_path):
    text = "ID,TIME\n" + "".join(f"{cell},0\n" for cell in cells)
    assert pkpd.read_data(written(tmp_path, text)).frame["ID"].tolist() == expected


def test_columns_are_named_by_the_caller(tmp_path):
    path = written(tmp_path, "PATIENT,HOURS,DV,BW,SEX\n1,0,5,70,M\n")
    data = pkpd.read_data(path, columns={"PATIENT": "ID", "hours": "TIME", "BW": "weight_kg"})
    assert list(data.frame.columns) == ["ID", "TIME", "DV", "BW", "SEX"]
    assert data.covariates == {"SEX": "sex", "BW": "weight_kg"}
    with pytest.raises(ParameterError, match="columns: 'BWT' is not a column of the data; .* Did you mean 'BW'"):
        pkpd.read_data(path, columns={"PATIENT": "ID", "HOURS": "TIME", "BWT": "weight_kg"})


def test_units_are_kept_and_checked(tmp_path):
    path = written(tmp_path, "ID,TIME,AMT,DV\n1,0,5,.\n")
    units = {"TIME": "min", "AMT": "mg", "DV": "ng/mL"}
    assert pkpd.read_data(path, units=units).units == units
    assert pkpd.read_data(path, units={"DV": "nmol/L"}).units == {"DV": "nmol/L"}
    with pytest.raises(UnitError, match="'mg' does not measure what column DV holds; expected a unit such as 'ng/mL'"):
        pkpd.read_data(path, units={"DV": "mg"})
    with pytest.raises(UnitError, match="minutes"):
        pkpd.read_data(path, units={"TIME": "minutes"})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the file is empty; expected a header and rows"),
        ("# only\n\n", "the file is empty; expected a header and rows"),
        ("ID,TIME,DV\n", "there is a header and no row below it; expected data rows"),
        ("ID,TIME\n1,0\n1,1,5\n", "levels.csv line 3: 3 cells where the header has 2 columns; expected one cell a"),
        (
            "# a\nID,TIME\n\n1,0\n# b\n1,1,5\n",
            "levels.csv line 6: 3 cells where the header has 2 columns; expected one",
        ),
        ("ID,TIME\n1,0,5\n1,1,5\n", "levels.csv.*: .* header.* 2"),
        (
            'ID,TIME,NOTE\n1,0,"two\nlines"\n',
            "levels.csv: a quoted cell contains a line break; expected one line a row",
        ),
        ("ID,TIME\n1,8:30\n", "levels.csv line 2: TIME '8:30' is not a number; expected a number, or '.'"),
        (
            "ID,DV\n1,5\n",
            "levels.csv line 1: column TIME is missing; expected the columns ID and TIME, and found ID, DV",
        ),
        ("ID,TIME,DV,DV\n1,0,1,2\n", r"levels.csv line 1: column DV is there 2 times \('DV', 'DV'\); expected each"),
        ("ID,TIME,X,X\n1,0,1,2\n", r"levels.csv line 1: column X is there 2 times \('X', 'X'\); expected each name"),
    ],
)
def test_unreadable_text(text, sentence, tmp_path):
    with pytest.raises(DataError, match=sentence):
        pkpd.read_data(written(tmp_path, text))


def test_unreadable_files(tmp_path):
    with pytest.raises(DataError, match="none.csv: cannot be read .*No such file.*; expected a readable text file"):
        pkpd.read_data(tmp_path / "none.csv")
    with pytest.raises(DataError, match="cannot be read"):
        pkpd.read_data(tmp_path)
    path = written(tmp_path, "ID,TIME,NOTE\n1,0,\n1,1,naïve\n", encoding="latin-1")
    with pytest.raises(DataError, match="levels.csv line 3: byte 0xef is not UTF-8; .* Save the file as 'CSV UTF-8'"):
        pkpd.read_data(path)
    with pytest.raises(DataError, match="null bytes"):
        pkpd.read_data(written(tmp_path, "ID,TIME\n1,0\n", encoding="utf-16-be"))


def test_a_file_that_does_not_fit_into_memory_is_refused_before_it_is_read(tmp_path, monkeypatch):
    path = written(tmp_path, "ID,TIME\n1,0\n")
    monkeypatch.setattr("pkpd.memory.SMALL", 10)
    monkeypatch.setattr("pkpd.memory.free_memory", lambda: 60)
    with pytest.raises(
        DataError, match="levels.csv: the file has .* GB, reading it takes about .* free; .* by ID, or r"
    ):
        pkpd.read_data(path)
    monkeypatch.setattr("pkpd.memory.free_memory", lambda: None)
    assert len(pkpd.read_data(path)) == 1


def test_a_large_file_is_read_in_parts_to_the_same_numbers(tmp_path, monkeypatch):
    cells = [["7", "0", "."], ["7", "1.5", "3"], ["8", "2", "x"]] * 400
    path = written(tmp_path, "# c\nID,TIME,NOTE\n" + "# remark\n".join(",".join(row) + "\n" for row in cells))
    whole = pkpd.read_data(path)
    monkeypatch.setattr("pkpd.dataset.file._BLOCK", 64)
    parts = pkpd.read_data(path)
    pd.testing.assert_frame_equal(parts.frame, whole.frame)
    assert parts.lines.tolist() == whole.lines.tolist() == list(range(3, 2402, 2))
    assert whole.frame["NOTE"].iloc[1:3].tolist() == ["3", "x"]


def test_data_set_path_and_frame_predict_the_same(tmp_path):
    path = written(tmp_path, "ID,TIME,AMT,WT\n5,0,100,70\n5,2,.,70\n")
    of_path = pkpd.predict(path, "1cmt", ONE)
    assert list(of_path.columns) == ["ID", "TIME", "AMT", "WT", "IPRED"]
    assert of_path.equals(pkpd.predict(pkpd.read_data(path), "1cmt", ONE))
    assert of_path.equals(pkpd.predict(pd.read_csv(path, na_values="."), "1cmt", ONE))


def test_a_frame_comes_back_as_it_was_with_one_more_column():
    data = pd.DataFrame({"id": ["b", "b", "a"], "Time": [0, 2, 0], "amt": [100, 0, 40], "note": list("xyz")})
    data.index = pd.Index([10, 7, 7], name="key")
    before = data.copy()
    found = pkpd.predict(data, "1cmt", ONE)
    pd.testing.assert_frame_equal(found.drop(columns="IPRED"), before)
    pd.testing.assert_frame_equal(data, before)
    np.testing.assert_allclose(found["IPRED"], [5, 5 * np.exp(-0.3), 2], rtol=1e-12)
    found["amt"] = 0.0  # what is done to the result does not reach the data
    found.loc[10, "IPRED"] = -1
    pd.testing.assert_frame_equal(data, before)
    again = pkpd.predict(found.assign(amt=data["amt"]), "1cmt", ONE)
    assert again["IPRED"].iloc[0] == pytest.approx(5)  # an older IPRED is replaced


@pytest.mark.parametrize("kind", ["int64", "int32", "float64", "Int64", "Float64", "object", "string", "category"])
def test_columns_of_any_type(kind):
    data = pd.DataFrame({"ID": [1, 1, 2], "TIME": [0, 2, 0], "AMT": [100, 0, 40], "EVID": [1, 0, 1], "CMT": [1, 0, 1]})
    plain = pkpd.predict(data, "1cmt", ONE)["IPRED"]
    other = data.astype({"ID": kind}) if kind == "category" else data.astype(kind)
    assert pkpd.predict(other, "1cmt", ONE)["IPRED"].tolist() == plain.tolist()


def test_columns_that_are_slices_of_one_array():
    block = np.array([[1, 0.0, 100], [1, 2.0, 0], [2, 0.0, 40]])
    data = pd.DataFrame(block, columns=["ID", "TIME", "AMT"])
    np.testing.assert_allclose(pkpd.predict(data, "1cmt", ONE)["IPRED"], [5, 5 * np.exp(-0.3), 2], rtol=1e-12)


def test_parameters_by_number_mapping_series_frame_and_column():
    data = pd.DataFrame({"ID": ["a", "a", "b", "b"], "TIME": [0, 1, 0, 1], "AMT": [100, 0, 100, 0]})
    data["CLI"] = [3.0, 3.0, 6.0, 6.0]
    clearance = {"a": 3.0, "b": 6.0, "unused": 1.0}
    volume = pd.Series({"b": 20.0, "a": 20.0})
    expected = 5 * np.exp([0, -0.15, 0, -0.3])
    by_frame = pd.DataFrame({"cl": clearance, "Vc": 20.0})
    for parameters in ({"CL": clearance, "V": volume}, {"cl": "CLI", "v1": 20}, by_frame, {"CL": "cli", "Vc": volume}):
        np.testing.assert_allclose(pkpd.predict(data, "1cmt", parameters)["IPRED"], expected, rtol=1e-12)


def test_findings_are_listed_for_every_row():
    data = as_dataset(pd.DataFrame({"ID": 1, "TIME": [0, 1, 2], "EVID": [7, 0, 8], "AMT": 0}))
    found = data.findings(compartments=1)
    assert [(f.severity, f.rule, f.line, f.id, f.column) for f in found] == [
        ("error", "evid-unknown", 2, 1, "EVID"),
        ("error", "evid-unknown", 4, 1, "EVID"),
    ]
    assert found[0].fix == "Correct EVID." and found[0].sentence.endswith("Correct EVID.")
    assert as_dataset(pd.DataFrame({"ID": [1], "TIME": [0]})).findings() == []


def test_short_forms_are_the_models_they_name():
    from pkpd.models.compartments import as_model

    assert as_model("2cmt oral mm") == pkpd.Compartments(2, "first-order", "michaelis-menten")
    assert as_model(" 3CMT ") == as_model("3 cmt iv linear") == pkpd.Compartments(3)
    assert as_model("1cmt both").parameters == ("CL", "V1", "VM", "KM")
    assert as_model("3cmt oral").parameters == ("CL", "V1", "Q2", "V2", "Q3", "V3", "KA")
    assert (as_model("2cmt oral").count, as_model("2cmt oral").central, as_model("2cmt").central) == (3, 2, 1)
