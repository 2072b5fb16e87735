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


def data_set(root, data, route):
    """The data as WinNonlin was given them: 320 mg by mouth, or 25 mg at once or over 0.25 h into a vein."""
    frame = pkpd.read_data(root / "data" / "observed" / f"{data}.csv").frame
    dose = frame["AMT"] > 0
    amount = 320.0 if data == "theophylline" else 25.0
    return frame.assign(AMT=frame["AMT"].where(~dose, amount), RATE=dose * (100.0 if route == "infusion" else 0.0))


@pytest.mark.parametrize("data, route, method", CASES)
def test_winnonlin(data, route, method, root):
    table = pd.read_csv(root / "tests" / "data" / "nca_winnonlin" / "winnonlin.csv")
    published = table.query("data == @data and route == @route and method == @method")
    found = pkpd.nca(data_set(root, data, route), method=method)
    quantities = [name for name in published.columns if name not in ("data", "route", "method", "id")]
    assert list(found["id"]) == list(published["id"])
    # Seven decimals are printed, and the smallest number is 0.048: half a unit of the last place is 1e-6 of it.
    assert_allclose(found[quantities].to_numpy(float), published[quantities].to_numpy(float), rtol=1.1e-6)
    assert set(found["route"]) == {route} and set(found["reason"]) == {""}
