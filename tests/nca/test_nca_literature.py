"""Non-compartmental analysis of theophylline and indometacin gives the numbers that WinNonlin printed."""

import pytest
from numpy.testing import assert_allclose

from validation.winnonlin import CASES, RTOL, analysed, published, quantities


@pytest.mark.parametrize("data, route, method", CASES)
def test_winnonlin(data, route, method):
    expected, found = published(data, route, method), analysed(data, route, method)
    names = quantities(expected)
    assert list(found["id"]) == list(expected["id"])
    assert_allclose(found[names].to_numpy(float), expected[names].to_numpy(float), rtol=RTOL)
    assert set(found["route"]) == {route} and set(found["reason"]) == {""}
