"""Non-compartmental analysis of theophylline and indometacin gives the numbers that WinNonlin printed."""

import pandas as pd
import pytest
from numpy.testing import assert_allclose

import pkpd

CASES = [
    (data, route, method)
    for data, route in [("theophylline", "extravascular"), ("indometacin", "bolus"), ("indometacin", "infusion")]
    for method in ("linear", "lin-up-log-down")
]


@pytest.fixture(scope="module")
def folder(root):
    return root / "tests" / "data" / "nca_winnonlin"


def data_set(folder, data, route):
    """The data as WinNonlin was given them: 320 mg by mouth, or 25 mg at once or over 0.25 h into a vein."""
    frame = pd.read_csv(folder / f"{data}.csv")
    if data == "theophylline":
        return frame.assign(AMT=frame["AMT"].where(frame["AMT"] == 0, 320.0))
    dose = frame.drop_duplicates("ID").assign(TIME=0.0, DV=0.0, EVID=1, AMT=25.0, RATE=100.0 * (route == "infusion"))
    samples = frame.assign(EVID=0, AMT=0.0, RATE=0.0)
    return pd.concat([dose, samples]).sort_values(["ID", "TIME"], kind="stable").assign(CMT=1)


@pytest.mark.parametrize("data, route, method", CASES)
def test_winnonlin(data, route, method, folder):
    published = pd.read_csv(folder / "winnonlin.csv").query("data == @data and route == @route and method == @method")
    found = pkpd.nca(data_set(folder, data, route), method=method)
    quantities = [name for name in published.columns if name not in ("data", "route", "method", "id")]
    assert list(found["id"]) == list(published["id"])
    # Seven decimals are printed, and the smallest number is 0.048: half a unit of the last place is 1e-6 of it.
    assert_allclose(found[quantities].to_numpy(float), published[quantities].to_numpy(float), rtol=1.1e-6)
    assert set(found["route"]) == {route} and set(found["reason"]) == {""}
