"""Deliberate mistakes in Python: each is refused with the option, the value, what was expected and what to do."""

import numpy as np
import pandas as pd
import pytest

import pkpd
from pkpd import DataError, ParameterError, Patient, PkpdError, Population, RegimenError, fit, simulate

ORDER = "lorazepam 4 mg iv"
DATA = pd.DataFrame({"ID": 1, "TIME": [0.0, 1, 2, 4, 8], "AMT": [100, 0, 0, 0, 0], "DV": [np.nan, 8, 7, 5, 2]})
MISTAKES = {
    "until": (lambda: simulate(ORDER, until="24 hours"), r"until: .*'hours' is not a unit of time.*mean 'h'\?"),
    "clock": (lambda: simulate(ORDER, until="12:30"), r"until: time '12:30': ':30' is not a unit of time"),
    "every": (lambda: simulate(ORDER, until="1 h", every="1 m"), r"every: .*Did you mean 'min'\?"),
    "times text": (lambda: simulate(ORDER, until="1 h", times=["1 h"]), r"times: \['1 h'\].*times=\[0, 0.5, 1\]"),
    "times number": (lambda: simulate(ORDER, until="1 h", times=5), r"times: 5 cannot be used"),
    "models number": (lambda: simulate(ORDER, until="1 h", models=5), r"models: 5 is an int; expected names"),
    "models none": (
        lambda: simulate(ORDER, until="1 h", models={"lorazepam": None}),
        r"'lorazepam=None' is not a choice",
    ),
    "doubled column": (
        lambda: simulate(ORDER, pd.DataFrame([[30, 40]], columns=["age_y", "age_y"]), until="1 h"),
        r"column 'age_y': it stands there 2 times",
    ),
    "WT": (lambda: simulate(ORDER, pd.DataFrame({"WT": [50]}), until="1 h"), r"'WT'.*Did you mean 'weight_kg'\?"),
    "id": (lambda: simulate(ORDER, pd.DataFrame({"id": [[1]]}), until="1 h"), r"'\[1\]' is no id"),
    "genotype": (lambda: Patient(genotype="CYP2C9=PM"), r"genotype: 'CYP2C9=PM' is a str; expected names"),
    "comedication": (lambda: Patient(comedication=5), r"'5' is not the name of one drug"),
    "comma": (lambda: Patient(comedication="rifampicin, phenytoin"), r"'rifampicin, phenytoin' is not the name of one"),
    "the word itself": (lambda: Patient(genotype={"CYP3A4": "*1"}), r"'\*1' is not a genotype.*known alleles: [^?]*$"),
    "cv": (lambda: Population(5, weight_kg=("lognormal", 70, 20)), r"the cv 20 is 2000 % \(a cv of 20 % is 0.2\)"),
    "index": (lambda: Population(5).patient("a"), r"index: 'a' is not a subject; expected 0 to 4"),
    "read_data": (lambda: pkpd.read_data(DATA), r"data: a DataFrame is no path.*fit, nca, check, predict"),
    "units": (lambda: pkpd.nca(DATA, units="h"), r"units: 'h' is a str; .*units=\{'TIME': 'min'"),
    "columns": (lambda: pkpd.check(DATA, columns=["x"]), r"columns: \['x'\] is a list"),
    "meaning": (
        lambda: pkpd.nca(DATA, columns={"DV": "weight"}),
        r"'weight', said of 'DV'.*Did you mean 'weight_kg'\?",
    ),
    "by": (lambda: pkpd.nca(DATA, by=5), r"by: 5 is an int; expected a name or a list of names"),
    "model": (lambda: fit(DATA, None), r"model: None is None; expected a drug"),
    "error": (lambda: fit(DATA, "1cmt", error="prop"), r"error='prop'.*Did you mean 'proportional'\?"),
    "vary": (lambda: fit(DATA, "1cmt", vary=5), r"vary: 5 is an int"),
    "start": (lambda: fit(DATA, "1cmt", start="CL=1"), r"start: 'CL=1' is a str; .*start=\{'CL': 5, 'V1': 30\}"),
    "bounds": (lambda: fit(DATA, "1cmt", bounds=[(1, 2)]), r"bounds: \[\(1, 2\)\] is a list"),
    "omega": (lambda: fit(DATA, "1cmt", method="map", omega=0.1), r"omega: 0.1 is a float"),
    "check": (lambda: fit(DATA, "1cmt", check="no"), r"check: 'no' is a str; expected True or False"),
    "seed": (lambda: fit(DATA, "1cmt", seed="x"), r"seed: 'x' cannot seed"),
    "workers": (lambda: fit(DATA, "1cmt", workers=1.5), r"workers: '1.5' is not possible; expected a whole number"),
    "out": (
        lambda: pkpd.evaluate(pd.DataFrame({"scenario": ["a"], "regimen": "none", "until": "1 h"}), out=5),
        "is no path",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named(name):
    make, message = MISTAKES[name]
    with pytest.raises(PkpdError, match=message):
        make()


@pytest.mark.parametrize("content, message", [(b"PK\x03\x04rest", "workbook"), (b"PAR1\x00", "Parquet file")])
def test_a_file_of_another_kind_is_named(tmp_path, content, message):
    path = tmp_path / "levels.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        pkpd.read_data(path)


@pytest.mark.parametrize(
    "cells, message",
    [
        ("08:30,5", "Write TIME as hours since the first dose"),
        ("2024-01-31,5", "Write TIME as hours"),
        ("1,<0.5", "write 1 in a column BLQ"),
        ('"1,5",5', "decimal point"),
    ],
)
def test_a_cell_that_is_no_number_says_how_it_is_written(tmp_path, cells, message):
    path = tmp_path / "levels.csv"
    path.write_text(f"ID,TIME,DV\n1,{cells}\n")
    with pytest.raises(DataError, match=message):
        pkpd.read_data(path)


def test_an_unknown_keyword_names_the_nearest_and_all():
    with pytest.raises(TypeError, match=r"'ever'; expected regimen, patients, until, .*Did you mean 'every'\?"):
        simulate(ORDER, until="1 h", ever="1 min")
    with pytest.raises(TypeError, match=r"'metod'.*Did you mean 'method'\?"):
        fit(DATA, "1cmt", metod="map")
    with pytest.raises(TypeError, match="all by name"):
        Patient(30)


def test_numbers_of_numpy_are_times():
    assert simulate(ORDER, until=np.int64(2)).time_h[-1] == 2.0


def test_a_misspelt_comedication_is_a_warning():
    misspelt = simulate("midazolam 5 mg iv", Patient(comedication="carbamazepin"), until="1 h")
    assert "comedication 'carbamazepin' is not in the table of interactions. Did you mean 'carbamazepine'?" in (
        misspelt.warnings
    )
    for name in ("carbamazepine", "oxcarbazepine", "aspirin", "midazolam"):
        told = simulate("midazolam 5 mg iv", Patient(comedication=name), until="1 h").warnings
        assert not any("table of interactions" in warning for warning in told), name


def test_pictures_and_forecasts_name_what_they_take():
    solution = simulate(ORDER, until="1 h")
    with pytest.raises(ParameterError, match="plot: '5' is no picture"):
        solution.plot(5)
    with pytest.raises(ParameterError, match=r"'conc' is no picture.*Did you mean 'concentrations'\?"):
        solution.plot("conc")
    with pytest.raises(TypeError, match="'subjects'; expected"):
        solution.plot(subjects=3)
    found = fit(DATA, "1cmt")
    with pytest.raises(RegimenError, match="forecast: regimen is None; expected text such as"):
        found.forecast(None, "24 h")
    with pytest.raises(PkpdError, match="forecast: until: time '24' has no unit"):
        found.forecast("", "24")
    with pytest.raises(ParameterError, match="output folder: 5 is no path"):
        found.save(5)
