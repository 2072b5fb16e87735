"""Units of data: stated in the call or in the file, taken where nothing is said, and the factors to h, mg, mg/L."""

import numpy as np
import pandas as pd
import pytest

import pkpd
from pkpd.dataset.dataset import as_dataset
from pkpd.dataset.units import covariate_frame, data_units, in_canonical_units
from pkpd.errors import DataError, ParameterError, UnitError


def frame(**more):
    return pd.DataFrame({"ID": 1, "TIME": [0, 90], "AMT": [5, 0], "RATE": [-2, 0], "DV": [0, 300], **more})


def test_factors_of_stated_units():
    units = data_units(as_dataset(frame(II=0, LLOQ=5), {"TIME": "min", "AMT": "g", "DV": "ng/mL"}))
    assert units.time == units.interval == pytest.approx(1 / 60, rel=1e-15)
    assert units.amount == 1000 and units.rate == pytest.approx(60_000, rel=1e-15)
    assert units.concentration == units.limit == pytest.approx(1e-3, rel=1e-15)
    assert units.texts["RATE"] == "g/min" and units.texts["LLOQ"] == "ng/mL"
    assert [(line.item, line.value, line.action) for line in units.assumptions] == [
        ("unit of TIME", "min", "applied"), ("unit of AMT", "g", "applied"), ("unit of DV", "ng/mL", "applied"),
    ]  # fmt: skip


def test_what_is_not_stated_is_taken_and_said():
    units = data_units(as_dataset(frame(), {"RATE": "ug/min"}))
    assert (units.time, units.amount, units.concentration) == (1, 1, 1) and units.rate == pytest.approx(0.06)
    said = {line.item: (line.value, line.action, line.reason) for line in units.assumptions}
    assert said["unit of DV"] == ("mg/L", "default", "no unit was stated: taken")
    assert said["unit of RATE"] == ("ug/min", "applied", "stated")


def test_moles_need_a_molar_mass():
    data = as_dataset(frame(), {"DV": "umol/L"})
    with pytest.raises(UnitError, match="units: DV is in 'umol/L', moles; expected a mass such as 'mg/L'"):
        data_units(data)
    assert data_units(data, molar_mass=252.27e-6).concentration == pytest.approx(0.25227)  # phenytoin, 252.27 g/mol


def test_canonical_data_keep_codes_and_say_their_units():
    data = as_dataset(frame(), {"TIME": "min", "DV": "ng/mL"})
    found = in_canonical_units(data, data_units(data))
    np.testing.assert_allclose(found.frame["TIME"], [0, 1.5])
    np.testing.assert_allclose(found.frame["DV"], [0, 0.3])
    assert found.frame["RATE"].tolist() == [-2, 0] and found.units["TIME"] == "h"
    assert data.frame["TIME"].tolist() == [0, 90]
    assert data_units(found)[:6] == (1, 1, 1, 1, 1, 1)


def test_units_in_a_comment_of_the_file(tmp_path):
    path = tmp_path / "levels.csv"
    path.write_text("# levels\n# Units: TIME=min, AMT = ug,DV=ng/mL\nid,time,amt,dv\n1,0,5,.\n")
    assert pkpd.read_data(path).units == {"TIME": "min", "AMT": "ug", "DV": "ng/mL"}
    assert pkpd.read_data(path, units={"time": "s"}).units == {"TIME": "s", "AMT": "ug", "DV": "ng/mL"}
    path.write_text("# units: TIME min\nID,TIME\n1,0\n")
    with pytest.raises(DataError, match="levels.csv: 'TIME min' in the comment on units cannot be read; expected each"):
        pkpd.read_data(path)


def test_columns_and_units_of_a_frame_by_either_name():
    given = pd.DataFrame({"who": 1, "hours": [0, 1], "conc": [0, 2], "bw": [3500.0, np.nan], "SEX": ["f", "f"]})
    meaning = {"who": "ID", "hours": "TIME", "conc": "DV", "bw": "weight_kg"}
    data = as_dataset(given, {"hours": "min", "DV": "ng/mL", "bw": "g"}, meaning)
    assert data.units == {"TIME": "min", "DV": "ng/mL", "BW": "g"}
    assert data.names == {"ID": "who", "TIME": "hours", "DV": "conc"}
    again = as_dataset(data, {"conc": "ug/L"})
    assert again.units["DV"] == "ug/L" and again.names == data.names and again.covariates == data.covariates
    found = covariate_frame(again)
    assert found["sex"].tolist() == ["F", "F"] and found["weight_kg"].iloc[0] == 3.5
    assert np.isnan(found["weight_kg"].iloc[1])


def test_covariates_that_cannot_be():
    with pytest.raises(DataError, match="data line 3: WT, .*'0' is not possible"):
        covariate_frame(as_dataset(frame(WT=[70, 0])))
    with pytest.raises(ParameterError, match="columns: 'wieght_kg', said of 'BW', .* Did you mean 'weight_kg'"):
        covariate_frame(as_dataset(frame(BW=70), columns={"BW": "wieght_kg"}))
    with pytest.raises(
        UnitError, match="units: 'L' does not measure what column WT holds; expected a unit such as 'kg"
    ):
        covariate_frame(as_dataset(frame(WT=70), {"WT": "L"}))


def test_occasions_are_ids_of_their_own():
    given = pd.DataFrame({"ID": [3, 3, 3, 4], "TIME": [0, 5, 0, 0], "OCC": [1.0, 1.0, 2.0, 1.0], "arm": list("aaab")})
    data = as_dataset(given).by_occasion("occ")
    assert data.table().ids == ["3 / 1", "3 / 2", "4 / 1"]
    assert as_dataset(given).by_occasion(["OCC", "arm"]).table().ids == ["3 / 1 / a", "3 / 2 / a", "4 / 1 / b"]
    assert given["ID"].tolist() == [3, 3, 3, 4]
    with pytest.raises(ParameterError, match="by: 'ocasion' is not a column of the data; expected one of ID, TIME"):
        as_dataset(given).by_occasion("ocasion")
    given.loc[1, "OCC"] = np.nan
    with pytest.raises(DataError, match="data line 3: OCC is empty; expected the occasion on every row"):
        as_dataset(given).by_occasion("OCC")
