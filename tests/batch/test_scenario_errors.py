"""Every kind of bad scenario table and bad row: the sentence names where, what, what was expected and what to do."""

import pandas as pd
import pytest

from pkpd.batch.evaluate import evaluate
from pkpd.errors import DataError, ParameterError

HEADER = "scenario,regimen,until"
GOOD = "good,levetiracetam 1000 mg iv,6 h"


def write(folder, text, name="table.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


# ---- the table as a whole: refused before anything runs ----------------------------------------------------------


@pytest.mark.parametrize(
    "text, message",
    [
        ("", r"table\.csv: the file is empty; expected a line of column names \(scenario, regimen, until"),
        ("\n \n", "the file is empty"),
        (f"{HEADER}\n", "there is no row under the column names; expected one scenario a row"),
        ("scenario,regimen\na,none\n", "required column 'until' is missing; expected .*found scenario, regimen"),
        ("regimen,until\nnone,1 h\n", "required column 'scenario' is missing"),
        ("scenario,regimens,until\na,none,1 h\n", "column 'regimens'.*Did you mean 'regimen'"),
        (f"{HEADER},wieght_kg\n{GOOD},70\n", "column 'wieght_kg'.*Did you mean 'weight_kg'"),
        (f"{HEADER},weight\n{GOOD},70\n", "column 'weight'.*Did you mean 'weight_kg'"),
        (f"{HEADER},weight_lb\n{GOOD},154\n", "column 'weight_lb'.*in its own unit.*Did you mean 'weight_kg'"),
        (f"{HEADER},age_months\n{GOOD},7\n", "column 'age_months'.*Did you mean 'age_y'"),
        (f"{HEADER},Age_Y\n{GOOD},7\n", "column 'Age_Y'.*Did you mean 'age_y'"),
        (f"{HEADER},comedications\n{GOOD},none\n", "column 'comedications'.*Did you mean 'comedication'"),
        ("scenario,regimen,until_h\na,none,6\n", "column 'until_h'.*Did you mean 'until'"),
        (f"{HEADER},n,n\n{GOOD},1,1\n", r"column 'n': it stands twice \(columns 4 and 5\)"),
        (f"{HEADER},status\n{GOOD},ok\n", "column 'status': this name is written by the run"),
        (f"{HEADER}\n{GOOD}\nb,none,1 h\n{GOOD}\n", r"line 4: scenario 'good' is already the name of .*line 2"),
        ("scenario;regimen;until\na;none;1 h\n", "line 1: the columns are separated by semicolons; expected commas"),
        (f'{HEADER}\n"good,none,1 h\n', r'line 2: the row cannot be split into cells .*double quotes'),
    ],
)  # fmt: skip
def test_table_is_refused(tmp_path, text, message):
    with pytest.raises(DataError, match=f"(?s){message}"):
        evaluate(write(tmp_path, text))


def test_wrong_encoding_names_the_line_and_the_remedy(tmp_path):
    path = write(tmp_path, f"{HEADER},note\n{GOOD},ok\nb,none,1 h,Fieber über 39\n", encoding="latin-1")
    with pytest.raises(DataError, match=r"line 3: byte 0xfc is not UTF-8 text; expected a CSV file in UTF-8.*Save it"):
        evaluate(path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_other_unicode_encodings_are_refused(tmp_path, encoding):
    with pytest.raises(DataError, match="is not UTF-8 text"):
        evaluate(write(tmp_path, f"{HEADER}\n{GOOD}\n", encoding=encoding))


def test_a_workbook_is_named_as_such(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(DataError, match="this is a workbook, not text.*CSV UTF-8"):
        evaluate(path)


def test_unreadable_paths(tmp_path):
    with pytest.raises(DataError, match=r"missing\.csv: cannot be read \(no such file or directory\).*Check the path"):
        evaluate(tmp_path / "missing.csv")
    with pytest.raises(DataError, match="cannot be read .it is a folder."):
        evaluate(tmp_path)


def test_something_that_is_no_table():
    with pytest.raises(DataError, match="an int is not a table; expected the path of a CSV file or a DataFrame"):
        evaluate(3)


def test_duplicate_names_in_a_frame_name_the_rows():
    frame = pd.DataFrame({"scenario": ["a", "a"], "regimen": "none", "until": "1 h"})
    with pytest.raises(DataError, match="scenarios row 2: scenario 'a' is already the name of scenarios row 1"):
        evaluate(frame)


@pytest.mark.parametrize(
    "name", ["note", "comment", "group", "site", "source", "question", "age_group", "weight_class"]
)
def test_other_columns_are_carried_unchanged(tmp_path, name):
    result = evaluate(write(tmp_path, f"{HEADER},{name}\n{GOOD}, 007 \n"))
    assert result[name].tolist() == [" 007 "]


def test_a_byte_order_mark_and_blank_lines_are_no_error(tmp_path):
    path = write(tmp_path, f"{HEADER}\r\n\r\n{GOOD}\r\n\r\n", encoding="utf-8-sig")
    assert evaluate(path)["status"].tolist() == ["ok"]


# ---- one row: it gets status error and a reason, the others go on ------------------------------------------------


def reason_of(folder, columns, cells):
    """Reason of a bad row that stands between two good ones, which must not notice."""
    more = len(columns)
    table = "\n".join(
        [",".join([HEADER, *columns]), f"first,levetiracetam 1000 mg iv,6 h{',' * more}", cells,
         f"last,levetiracetam 1000 mg iv,6 h{',' * more}", ""]
    )  # fmt: skip
    result = evaluate(write(folder, table))
    assert result["status"].tolist() == ["ok", "error", "ok"]
    assert result["levetiracetam_cmax_mg_L"].notna().tolist() == [True, False, True]
    assert result["reason"].tolist()[::2] == ["", ""]
    assert "\n" not in result["reason"][1]
    return result["reason"][1]


LEV = "levetiracetam 1000 mg iv"


@pytest.mark.parametrize(
    "columns, cells, parts",
    [
        ([], "x,lorazepan 4 mg iv,6 h", ["column 'regimen'", "lorazepan", "lorazepam"]),
        ([], "x,lorazepam 4 mgg iv,6 h", ["column 'regimen'", "'mgg'", 'mass in "lorazepam 4 mgg iv". Expected']),
        ([], "x,fosphenytoin 20 mg/kg iv over 10 min,6 h", ["column 'regimen'", "fosphenytoin", "PE"]),
        ([], "x,lorazepam 4 mg PE iv,6 h", ["column 'regimen'", "PE"]),
        ([], 'x,"lorazepam 0,1 mg/kg iv",6 h', ["column 'regimen'", "0,1", "decimal point"]),
        ([], "x,lorazepam -4 mg iv,6 h", ["column 'regimen'", "-4"]),
        ([], "x,midazolam 0.2 mg/kg/h iv every 6 h x 2,24 h", ["column 'regimen'", "every", "infusion"]),
        ([], "x,levetiracetam 1000 mg iv over 10 min rate 100 mg/min,6 h", ["column 'regimen'", "over", "rate"]),
        ([], "x,levetiracetam 1000 mg iv over 0 min,6 h", ["column 'regimen'", "0 min"]),
        ([], "x,lorazepam 4 mg iv at 5,6 h", ["column 'regimen'", "5", "unit"]),
        ([], "x,lorazepam 4 mg iv if seizing,6 h", ["if seizing", "seizure"]),
        ([], f"x,{LEV},6", ["column 'until'", "'6'", "unit"]),
        ([], f"x,{LEV},", ["column 'until'", "'24 h'"]),
        ([], f"x,{LEV},0 h", ["column 'until'", "'0 h'", "above 0"]),
        ([], f"x,{LEV},-6 h", ["column 'until'", "-6 h"]),
        (["every"], f"x,{LEV},6 h,10", ["column 'every'", "'10'", "unit"]),
        (["every"], f"x,{LEV},6 h,0 min", ["column 'every'", "'0 min'"]),
        (["n"], f"x,{LEV},6 h,0", ["column 'n'", "'0'", "whole number from 1"]),
        (["n"], f"x,{LEV},6 h,2.5", ["column 'n'", "'2.5'"]),
        (["seed"], f"x,{LEV},6 h,-1", ["column 'seed'", "'-1'"]),
        (["evidence"], f"x,{LEV},6 h,exploratry", ["column 'evidence'", "'exploratry'", "Did you mean 'exploratory'"]),
        (["models"], f"x,{LEV},6 h,levetiracetam", ["column 'models'", "'levetiracetam'", "drug=model"]),
        (["models"], f"x,{LEV},6 h,levetiracetam=uges", ["uges"]),
        (["seizure"], f"x,{LEV},6 h,stauts", ["column 'seizure'", "'stauts'", "Did you mean 'status'"]),
        (["condition"], f"x,{LEV},6 h,placebo", ["column 'condition'", "'placebo'", "treatment or none"]),
        (["seizure_onset"], f"x,{LEV},6 h,5", ["column 'seizure_onset'", "'5'", "unit"]),
        (["weight_kg"], f"x,{LEV},6 h,-70", ["'weight_kg'", "'-70'"]),
        (["weight_kg"], f"x,{LEV},6 h,0", ["'weight_kg'", "'0'", "above 0"]),
        (["weight_kg"], f"x,{LEV},6 h,nan", ["'weight_kg'", "'nan'"]),
        (["weight_kg"], f'x,{LEV},6 h,"70,5"', ["'weight_kg'", "'70,5'", "decimal point"]),
        (["age_y"], f"x,{LEV},6 h,-40", ["'age_y'", "'-40'"]),
        (["age_y"], f"x,{LEV},6 h,5", ["'weight_kg'", "missing", "'5'", "Give weight_kg"]),
        (["crp_mg_L", "il6_pg_mL"], f"x,{LEV},6 h,10,10", ["'crp_mg_L'", "'il6_pg_mL'", "both are given"]),
        (["CYP3A4"], f"x,{LEV},6 h,*1/*99", ["'CYP3A4'", "*99", "*22"]),
        (["CYP2C9"], f"x,{LEV},6 h,SM", ["'CYP2C9'", "'SM'", "PM IM NM RM UM"]),
        ([], "x,levetiracetam 1000 mg, iv,6 h", ["line 3", "the row has 4 cells, but the table 3 columns", "quotes"]),
        (["n"], f"x,{LEV},6 h", ["line 3", "the row has 3 cells, but the table 4 columns"]),
        ([], f",{LEV},6 h", ["column 'scenario'", "Add one"]),
    ],
)  # fmt: skip
def test_bad_row_names_column_and_value(tmp_path, columns, cells, parts):
    reason = reason_of(tmp_path, columns, cells)
    for part in parts:
        assert part in reason, f"'{part}' is missing in: {reason}"


def test_until_before_the_first_dose_is_a_warning(tmp_path):
    result = evaluate(write(tmp_path, f"{HEADER}\nlate,levetiracetam 1000 mg iv at 12 h,6 h\n"))
    assert result["status"].tolist() == ["ok"]
    assert "no order is reached: the simulation ends at 6 h, before the first dose" in result["warnings"][0]


# ---- options ------------------------------------------------------------------------------------------------------

FRAME = pd.DataFrame({"scenario": ["a"], "regimen": ["none"], "until": ["1 h"]})


@pytest.mark.parametrize(
    "options, message",
    [
        ({"resume": True}, "evaluate, resume: 'True' needs a folder"),
        ({"cluster": "local"}, "cluster: there is no Dask scheduler at 'local'"),
        ({"profiles": "all"}, "evaluate, profiles: 'all' needs a folder"),
        ({"workers": 0}, "workers: '0' is not possible; expected a whole number from 1"),
    ],
)
def test_options_that_cannot_be(options, message):
    with pytest.raises(ParameterError, match=message):
        evaluate(FRAME, **options)


def test_profiles_must_be_a_word_or_a_number(tmp_path):
    with pytest.raises(ParameterError, match="profiles: 'some' is not possible; expected all, none or a number"):
        evaluate(FRAME, out=tmp_path / "out", profiles="some")


def test_folder_that_cannot_be_made_is_refused_before_any_work(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ParameterError, match=r"output folder '.*file': it cannot be written \(it is a file\)"):
        evaluate(FRAME, out=tmp_path / "file")
    with pytest.raises(ParameterError, match="it cannot be written .*Choose another"):
        evaluate(FRAME, out=tmp_path / "file" / "below")
