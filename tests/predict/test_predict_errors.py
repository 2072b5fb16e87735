"""What `predict` refuses, each with its whole sentence: where, what is wrong, what was expected, what to do."""

import re

import numpy as np
import pandas as pd
import pytest

import pkpd
from pkpd.errors import DataError, ParameterError, PkpdError, PkpdWarning

ONE = {"CL": 3.0, "V1": 20.0}


def records(**changes):
    """Three records of ID 3 (dose, two observations); a change is (row, value) or a whole column."""
    columns = {"ID": 3, "TIME": [0.0, 1.0, 2.0], "AMT": [100.0, 0, 0], "EVID": [1, 0, 0], "CMT": 1}
    data = pd.DataFrame(columns | {"RATE": 0.0, "II": 0.0, "ADDL": 0, "SS": 0})
    for name, change in changes.items():
        if isinstance(change, tuple):
            data[name] = data[name].astype(object)
            data.loc[change[0], name] = change[1]
        else:
            data[name] = change
    return data


def refused(data, model="1cmt", parameters=ONE, kind=DataError, **options):
    """The sentence with which a call is refused."""
    with pytest.raises(kind) as caught:
        pkpd.predict(data, model, parameters, **options)
    assert isinstance(caught.value, PkpdError) and isinstance(caught.value, ValueError)
    return str(caught.value)


RECORD_ERRORS = {
    "evid 7": (
        {"EVID": (2, 7)},
        "line 4: EVID 7 is not known; expected 0 observation, 1 dose, 2 other, 3 reset or 4 reset and dose. "
        "Correct EVID.",
    ),
    "text in TIME": (
        {"TIME": (1, "noon")},
        "line 3: TIME 'noon' is not a number; expected a number, or '.' for a missing one. Correct TIME.",
    ),
    "decimal comma": (
        {"TIME": (1, "0,5")},
        "line 3: TIME '0,5' is not a number; expected a number, or '.' for a missing one. "
        "Write it with a decimal point; in Python, pandas.read_csv(..., decimal=',') reads commas.",
    ),
    "text in AMT": (
        {"AMT": (0, "100 mg")},
        "line 2: AMT '100 mg' is not a number; expected a number, or '.' for a missing one. Correct AMT.",
    ),
    "missing TIME": (
        {"TIME": (1, ".")},
        "line 3: TIME is missing or not finite; expected a number on every row. Fill in the time, or delete the row.",
    ),
    "infinite TIME": (
        {"TIME": (2, np.inf)},
        "line 4: TIME is missing or not finite; expected a number on every row. Fill in the time, or delete the row.",
    ),
    "negative TIME": (
        {"TIME": (0, -1)},
        "line 2: TIME -1 is negative; expected 0 or later. Count the time from the first record of the ID on.",
    ),
    "decreasing TIME": (
        {"TIME": (2, 0.5)},
        "line 4: TIME 0.5 comes after 1 for ID 3; rows of one ID must be in time order. "
        "Sort the file by ID and TIME, or begin a new occasion with EVID 3 or 4.",
    ),
    "missing ID": (
        {"ID": (1, None)},
        "line 3: ID is empty; expected the subject on every row. Fill in the ID, or delete the row.",
    ),
    "AMT on an observation": (
        {"AMT": (1, 50)},
        "line 3: AMT 50 stands on a record with EVID 0; expected AMT 0 or empty there. "
        "Set EVID to 1 if this is a dose, else clear AMT.",
    ),
    "AMT on EVID 2": (
        {"AMT": (1, 50), "EVID": (1, 2)},
        "line 3: AMT 50 stands on a record with EVID 2; expected AMT 0 or empty there. "
        "Set EVID to 1 if this is a dose, else clear AMT.",
    ),
    "negative AMT": (
        {"AMT": (0, -5)},
        "line 2: AMT -5 is not an amount; expected a finite number, 0 or more. Correct AMT.",
    ),
    "dose without AMT": (
        {"AMT": (0, 0)},
        "line 2: AMT is 0 or empty on a dose (EVID 1); expected an amount above 0. "
        "Give AMT, or set EVID to 0 (observation) or 3 (reset).",
    ),
    "reset and dose without AMT": (
        {"EVID": (1, 4)},
        "line 3: AMT is 0 or empty on a dose (EVID 4); expected an amount above 0. "
        "Give AMT, or set EVID to 0 (observation) or 3 (reset).",
    ),
    "RATE without AMT": (
        {"AMT": (0, 0), "RATE": (0, 10)},
        "line 2: RATE 10 stands without AMT; expected the amount of the infusion in AMT, or a constant infusion at "
        "steady state (EVID 1, SS 1, RATE above 0, II 0). Give AMT, or clear RATE.",
    ),
    "RATE -3": (
        {"RATE": (0, -3)},
        "line 2: RATE -3 is not known; expected 0 bolus, a rate above 0, -1 rate from the parameters (Rn) or "
        "-2 duration from the parameters (Dn). Correct RATE.",
    ),
    "ADDL without II": (
        {"ADDL": (0, 3)},
        "line 2: ADDL 3 stands without II; expected the dosing interval in II. Give II, or clear ADDL.",
    ),
    "half an additional dose": (
        {"ADDL": (0, 1.5), "II": (0, 12)},
        "line 2: ADDL 1.5 is not a number of doses; expected a whole number, 0 or more. Correct ADDL.",
    ),
    "negative II": (
        {"II": (0, -12)},
        "line 2: II -12 is not an interval; expected 0 or a time above 0. Correct II.",
    ),
    "steady state of a bolus without II": (
        {"SS": (0, 1)},
        "line 2: SS 1 stands without II on a dose of 100; expected the dosing interval in II. "
        "Give II, or clear SS; for a constant infusion at steady state set AMT to 0.",
    ),
    "SS 5": (
        {"SS": (0, 5), "II": (0, 12)},
        "line 2: SS 5 is not known; expected 0 none, 1 reset to the steady state or 2 add the steady state. "
        "Correct SS.",
    ),
    "CMT 2 of a dose": (
        {"CMT": (0, 2)},
        "line 2: CMT 2 is out of range; expected a compartment of the model, 1 (empty or 0 is compartment 1). "
        "Correct CMT, or choose a model with more compartments (a depot counts as one).",
    ),
    "CMT 1.5 of an observation": (
        {"CMT": (1, 1.5)},
        "line 3: CMT 1.5 is out of range; expected a compartment of the model, 1 (empty or 0 is compartment 1). "
        "Correct CMT, or choose a model with more compartments (a depot counts as one).",
    ),
}


@pytest.mark.parametrize("name", RECORD_ERRORS)
def test_record_error(name):
    changes, sentence = RECORD_ERRORS[name]
    found = refused(records(**changes))
    # A record may break two rules; the sentence of the first is whole, and the number of others follows.
    assert re.sub(r" \(\d+ more errors? found\.\)$", "", found) == f"data {sentence}"


def test_ids_that_are_not_contiguous():
    data = pd.concat([records(), records(ID=4), records()])
    assert refused(data) == (
        "data line 8: ID 3 begins again after ID 4; rows of one ID must stand together. "
        "Sort the file by ID and TIME, or give the second block an ID of its own."
    )


def test_time_may_decrease_at_a_reset_and_at_another_id():
    data = pd.concat([records(), records(EVID=(0, 4)), records(ID=4)])
    assert pkpd.predict(data, "1cmt", ONE)["IPRED"].iloc[[0, 3, 6]].tolist() == [5, 5, 5]


def test_several_errors_are_counted_and_the_first_line_is_named():
    found = refused(records(EVID=(2, 7), TIME=[0, -1, 2]))
    assert found.startswith("data line 3: TIME -1 is negative") and found.endswith("(2 more errors found.)")


def test_file_name_and_line_of_the_file(tmp_path):
    path = tmp_path / "levels.csv"
    path.write_text("# made by hand\nID,TIME,AMT,EVID\n\n1,0,100,1\nC a comment\n1,5,0,0\n1,3,0,0\n")
    assert refused(path).startswith("levels.csv line 7: TIME 3 comes after 5 for ID 1;")


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        (
            "SUBJECT,TIME,AMT",
            "line 1: column ID is missing; expected the columns ID and TIME, and found SUBJECT, TIME, AMT. "
            "Name the column ID in the header, or say which one it is: columns={'NAME': 'ID'} where the data are read, "
            "--columns NAME=ID in a terminal.",
        ),
        (
            "ID,TIEM,AMT",
            "line 1: column TIME is missing; expected the columns ID and TIME, and found ID, TIEM, AMT. "
            "Name the column TIME in the header, or say which one it is: columns={'NAME': 'TIME'} where the data are "
            "read, --columns NAME=TIME in a terminal. Did you mean 'TIEM'?",
        ),
        (
            "ID,TIME,time",
            "line 1: column TIME is there 2 times ('TIME', 'time'); expected each name once. "
            "Rename or delete one of them.",
        ),
    ],
)
def test_header_error(header, sentence, tmp_path):
    path = tmp_path / "d.csv"
    path.write_text(f"{header}\n1,0,100\n")
    assert refused(path) == f"d.csv {sentence}"
    assert refused(pd.DataFrame([[1, 0, 100]], columns=header.split(","))) == f"data {sentence}"


PARAMETER_ERRORS = {
    "missing": (
        {"CL": 3},
        "parameters: V1 missing; the model needs CL V1 (V1 is the central volume, V2 the first peripheral, with or "
        "without a depot). Add V1.",
    ),
    "unknown": (
        {**ONE, "ALAG2": 1},
        "parameters: 'ALAG2' is not a parameter of this model; expected CL V1, and Fn ALAGn Rn Dn for compartments "
        "n = 1 to 1. Did you mean 'ALAG1'?",
    ),
    "twice": ({**ONE, "Vc": 20}, "parameters: 'Vc' gives V1 a second time; expected it once. Remove one."),
    "negative": ({"CL": -3, "V1": 20}, "parameters: CL is -3; expected a finite number, 0 or more. Correct CL."),
    "zero volume": ({"CL": 3, "V1": 0}, "parameters: V1 is 0; expected a finite number above 0. Correct V1."),
    "nan": (
        {"CL": float("nan"), "V1": 20},
        "parameters: CL is not a number; expected a finite number, 0 or more. Correct CL.",
    ),
    "list": (
        {"CL": [3, 4], "V1": 20},
        "parameters: CL is a list; expected a number, a mapping from ID or the name of a column. "
        "Give one value, or put the values into a column of the data.",
    ),
    "no column": (
        {"CL": "WHT", "V1": 20},
        "parameters: CL names the column 'WHT', which the data do not have; expected one of ID, TIME, AMT, EVID, CMT, "
        "RATE, II, ADDL, SS, WT. Did you mean 'WT'?",
    ),
    "ID without a value": (
        {"CL": {4: 3.0}, "V1": 20},
        "parameters: CL has no value for ID 3; expected one for each ID of the data. Add it.",
    ),
    "ID of another type": (
        {"CL": {"3": 3.0}, "V1": 20},
        "parameters: CL has no value for ID 3; expected one for each ID of the data. "
        "Add it, as int: the key '3' is a str.",
    ),
    "bad value of an ID": (
        {"CL": {3: -1.0}, "V1": 20},
        "parameters: CL is -1 for ID 3; expected a finite number, 0 or more. Correct CL.",
    ),
    "ID twice in a series": (
        {"CL": pd.Series([1.0, 2.0], index=[3, 3]), "V1": 20},
        "parameters: CL holds an ID twice; expected one value an ID. Remove the duplicates.",
    ),
    "negative F": ({**ONE, "F1": -1}, "parameters: F1 is -1; expected a finite number, 0 or more. Correct F1."),
    "not a mapping": (
        [3, 20],
        "parameters: a list cannot be read; expected a mapping such as {'CL': 5, 'V1': 20}. Name each parameter.",
    ),
}


@pytest.mark.parametrize("name", PARAMETER_ERRORS)
def test_parameter_error(name):
    parameters, sentence = PARAMETER_ERRORS[name]
    assert refused(records(WT=70), parameters=parameters, kind=ParameterError) == sentence


def test_cell_of_a_parameter_column_names_the_line():
    data = records(CLI=[3.0, np.nan, 3.0])
    assert refused(data, parameters={"CL": "CLI", "V1": 20}) == (
        "data line 3: CLI (parameter CL) is missing for ID 3; expected a finite number, 0 or more. Correct the cell."
    )


def test_rate_code_without_its_parameter():
    found = refused(records(RATE=(0, -2)), kind=ParameterError)
    assert found == (
        "data line 2: RATE -2 takes D1 from the parameters, and 'D1' is missing; expected it among the parameters. "
        "Add D1."
    )


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("4cmt", "model '4cmt': '4cmt' is not a number of compartments;.* Did you mean '[123]cmt'"),
        ("midazolam", r"model 'midazolam': 'midazolam' is not a number of compartments; .* Begin with 1cmt, 2cmt or"),
        ("2cmt orl", "model '2cmt orl': 'orl' is not a word of a short form; .* Did you mean 'oral'"),
        ("1cmt iv oral", "model '1cmt iv oral': 'oral' sets the absorption, which another word sets already;"),
        ("", "model: '' is neither a short form nor a Compartments object;"),
    ],
)
def test_model_error(model, sentence):
    assert re.match(sentence, refused(records(), model=model, kind=ParameterError))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"n": 4}, "Compartments: n=4 is not possible; .* Give n=1, n=2 or n=3."),
        ({"absorption": "zero-order"}, "Compartments: absorption='zero-order' is not known; .* 'first-order'"),
        ({"elimination": "mm"}, "Compartments: elimination='mm' is not known; expected one of 'linear', 'michaelis-m"),
    ],
)
def test_compartments_error(arguments, sentence):
    with pytest.raises(ParameterError, match=sentence):
        pkpd.Compartments(**arguments)


def test_options_are_closed_lists():
    found = refused(records(), kind=ParameterError, covariates="locb")
    assert found.startswith("predict: covariates='locb' is not known; expected 'locf' or 'nocb'. Did you mean '")
    assert refused(records(), kind=ParameterError, ties="last").endswith(
        "expected 'record' or 'dose-first'. Use one of these."
    )


def test_things_that_are_no_data():
    assert refused(records().iloc[:0]).startswith("data: the data frame has no rows; expected at least one record.")
    assert refused([1, 2]).startswith("data: a list cannot be read; expected a path, a pandas DataFrame or a Dataset.")


def test_units_are_checked_and_change_nothing():
    plain = pkpd.predict(records(), "1cmt", ONE)
    assert pkpd.predict(records(), "1cmt", ONE, units={"TIME": "min"}).equals(plain)
    with pytest.raises(ValueError, match="units: 'mg' does not measure what column TIME holds; .* such as 'h'"):
        pkpd.predict(records(), "1cmt", ONE, units={"TIME": "mg"})
    with pytest.raises(ParameterError, match="units: 'TIM' is not a column of the data; .* Did you mean 'TIME'"):
        pkpd.predict(records(), "1cmt", ONE, units={"TIM": "h"})


def test_refusing_leaves_the_data_alone():
    data = records(EVID=(2, 7))
    before = data.copy()
    refused(data)
    pd.testing.assert_frame_equal(data, before)


def test_data_without_amt_are_warned_of():
    data = records().rename(columns={"AMT": "AMTT"}).assign(EVID=0)
    with pytest.warns(
        PkpdWarning, match="data: there is no column AMT, .* IPRED is 0 everywhere; .*Did you mean 'AMTT'"
    ):
        assert (pkpd.predict(data, "1cmt", ONE)["IPRED"] == 0).all()
