"""Observations: which rows count, of which kind, and which lie below the limit."""

import numpy as np
import pandas as pd
import pytest

from pkpd.dataset.dataset import as_dataset
from pkpd.dataset.observations import observations
from pkpd.errors import DataError, ParameterError


def data(**columns):
    return as_dataset(pd.DataFrame({"ID": 1, "TIME": [0, 1, 2, 3, 4], **columns}))


def test_doses_other_events_and_missing_values_are_no_observations():
    seen = observations(data(EVID=[1, 0, 2, 0, 0], AMT=[5, 0, 0, 0, 0], MDV=[1, 0, 0, 1, np.nan], DV=[0, 3, 4, 5, 6]))
    assert seen.row.tolist() == [1, 4] and seen.dv.tolist() == [3, 6] and seen.time.tolist() == [1, 4]
    assert not seen.blq.any() and np.isnan(seen.lloq).all()


def test_without_evid_a_row_with_an_amount_is_a_dose():
    assert observations(data(AMT=[5, 0, 0, 0, 0], DV=[9, 3, np.nan, 5, 0])).row.tolist() == [1, 3, 4]


def test_ids_are_those_of_the_table():
    frame = pd.DataFrame({"ID": ["b", "b", "a"], "TIME": [0, 1, 0], "DV": [np.nan, 2, 3]})
    assert observations(as_dataset(frame)).id_index.tolist() == [0, 1]


def test_below_the_limit_by_flag_whatever_mdv_and_dv_are_and_by_value():
    given = data(
        DV=[4, 0.2, 0.3, np.nan, 0.2], BLQ=[0, 1, 0, 1, 0], MDV=[0, 1, 0, 1, 1], LLOQ=[0.5, 0.5, 0.25, 0.5, 0.5]
    )
    seen = observations(given)
    assert seen.row.tolist() == [0, 1, 2, 3] and seen.blq.tolist() == [False, True, False, True]
    assert seen.lloq.tolist() == [0.5, 0.5, 0.25, 0.5]
    higher = observations(given, lloq=0.35)
    assert higher.blq.tolist() == [False, True, True, True] and set(higher.lloq) == {0.35}


@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf"), "1 mg/L", True])
def test_a_limit_is_a_number_above_0(limit):
    with pytest.raises(ParameterError, match="lloq: .* is no limit of quantification; expected a number above 0"):
        observations(data(DV=1.0), lloq=limit)


def test_the_lowest_dvid_with_a_dv_is_taken():
    given = data(EVID=[1, 0, 0, 0, 0], AMT=[5, 0, 0, 0, 0], DVID=[0, 3, 2, 3, 1], DV=[0, 30, 20, 31, np.nan])
    assert observations(given).dv.tolist() == [20]
    assert observations(given, dvid=3).dv.tolist() == observations(given, dvid="3").dv.tolist() == [30, 31]
    with pytest.raises(ParameterError, match="dvid: 1 has no observation in data; expected one of 2.0, 3.0"):
        observations(given, dvid=1)
    named = data(DVID=["pca", "cp", "cp", "pca", "."], DV=1.0, MDV=[0, 0, 0, 0, 1])
    assert observations(named).row.tolist() == [1, 2] and observations(named, dvid="pca").row.tolist() == [0, 3]


def test_what_cannot_be_observed_is_said():
    with pytest.raises(DataError, match="data: there is no observation; expected rows with EVID 0, MDV 0 and a DV"):
        observations(data(DV=np.nan))
    with pytest.raises(DataError, match="data: column DV is missing; expected the observations in it, and found ID, T"):
        observations(data())
    with pytest.raises(ParameterError, match="dvid: 1 is asked for, but data has no column DVID"):
        observations(data(DV=1.0), dvid=1)
    with pytest.raises(DataError, match="data line 3: TIME 0 comes after 1"):
        observations(as_dataset(pd.DataFrame({"ID": 1, "TIME": [1, 0], "DV": 1.0})))
