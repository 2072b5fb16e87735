"""Textbook solutions written out by hand, against `predict` and `simulate`."""

import pytest

from validation.closed_forms import CASES


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_package_gives_the_formula(case):
    # Linear systems are solved exactly; the series of saturable ones stops at a relative tolerance of 3e-10 a step.
    assert case.deviation < (1e-9 if case.title.startswith("bolus, Michaelis") else 1e-12)
