"""Numbers of papers, guidelines and hand calculations are rows of data/reference, and the library meets them.

A published number that the library does not meet is not tolerated by a wider margin: its row says in `expect_fail` what
we get, and the test holds that the list of failures stays true.
"""

from __future__ import annotations

import math

import pytest

from validation.evaluator import QUANTITIES, Row, answer, unknown_inputs
from validation.published import FOLDER, read_rows, within
from validation.simulation import package_concentration

_COLUMNS = "id drug model inputs quantity expected unit tolerance kind source expect_fail note".split()
ROWS = read_rows()
_FIELDS = pytest.mark.parametrize("fields", ROWS, ids=[row["id"] for row in ROWS])
_CONCENTRATIONS = [row for row in ROWS if row["quantity"] in ("concentration", "effect_concentration")]


def _judge(fields: dict[str, str], value: float | str) -> None:
    met = within(value, fields["expected"], fields["tolerance"])
    if not fields["expect_fail"]:
        assert met, f"{fields['id']}: {value} {fields['unit']}, expected {fields['expected']} ({fields['tolerance']})"
        return
    assert not met, f"{fields['id']} is met now ({value}): take it off the list of failures"
    # the list states our value to four digits
    assert math.isclose(float(value), float(fields["expect_fail"]), rel_tol=1e-3), f"{fields['id']}: now {value}"


@_FIELDS
def test_library_gives_the_reference_value(fields: dict[str, str]) -> None:
    _judge(fields, answer(Row(fields)))


@pytest.mark.parametrize("fields", _CONCENTRATIONS, ids=[row["id"] for row in _CONCENTRATIONS])
def test_simulation_gives_the_reference_concentration(fields: dict[str, str]) -> None:
    _judge(fields, package_concentration(Row(fields)))


@_FIELDS
def test_row_is_well_formed(fields: dict[str, str]) -> None:
    assert list(fields) == _COLUMNS
    assert fields["quantity"].partition(":")[0] in QUANTITIES
    assert fields["kind"] in ("derived", "published")
    assert fields["source"] and fields["unit"] and fields["tolerance"]
    assert not unknown_inputs(Row(fields))
    # only what somebody else published may disagree with us; our own derivations may not
    assert fields["kind"] == "published" or not fields["expect_fail"]


def test_ids_are_unique_and_every_failure_is_explained() -> None:
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    for row in ROWS:
        assert not row["expect_fail"] or f"`{row['id']}`" in page, f"{row['id']} is not in data/reference/README.md"


def test_every_drug_of_the_library_has_rows() -> None:
    from pkpd.library.catalogue import list_drugs

    assert set(list_drugs()) <= {row["drug"] for row in ROWS}
