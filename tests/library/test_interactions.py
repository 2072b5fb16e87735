"""Which interaction rows apply, and that the fractions of midazolam's rows reproduce the observed AUC ratios."""

import pytest

from pkpd.errors import DrugFileError
from pkpd.library.catalogue import canonical_perpetrator, interactions_for, load_drug, load_interactions
from pkpd.library.folders import library_folder
from pkpd.library.hepatic import aucr_iv, aucr_oral
from pkpd.library.interaction import read_interactions


def names(victim, *comedication):
    return [row.perpetrator for row in interactions_for(victim, comedication)]


def test_rows_of_a_comedication():
    assert names("midazolam", "Ketoconazole", "aspirin") == ["ketoconazole"]
    assert names("lorazepam", "valproic acid") == ["valproate"]
    assert names("midazolam", "rifampin") == ["rifampicin"]
    assert names("levetiracetam", "ketoconazole") == []
    assert canonical_perpetrator(" Valproic  Acid ") == "valproate"


def test_the_composite_row():
    assert names("midazolam", "carbamazepine") == ["carbamazepine"]
    assert names("midazolam", "phenytoin") == ["phenytoin"]
    assert names("midazolam", "fosphenytoin") == ["phenytoin"]
    (row,) = interactions_for("midazolam", ("phenytoin", "carbamazepine"))
    assert (row.perpetrator, row.kind, row.hepatic, row.gut) == ("carbamazepine+phenytoin", "inducer", 6.0, 5.0)
    (alone,) = interactions_for("midazolam", ("phenytoin",))
    assert (alone.hepatic, alone.gut) == (6.0, 5.0)
    assert "not quantified separately" in alone.note


def test_tariquidar_is_exploratory_and_for_every_drug():
    for victim in ("levetiracetam", "midazolam"):
        (row,) = interactions_for(victim, ("tariquidar",))
        assert row.exploratory
        assert (row.pgp, row.kind) == (0.0, "other")


def test_named_but_not_quantified():
    (row,) = interactions_for("phenytoin", ("valproate",))
    assert not row.is_quantified
    assert "not quantified" in row.note


OBSERVED = [row for row in load_interactions() if row.victim == "midazolam" and (row.aucr_iv or row.aucr_oral)]


@pytest.mark.parametrize("row", OBSERVED, ids=lambda row: row.perpetrator)
def test_fractions_reproduce_the_observed_ratios(row):
    base = load_drug("midazolam").hepatic
    x, gut = base["fu_b_CLint_over_QH"].value, base["F_G"].value
    # the fractions were rounded to two digits and fitted to both routes at once: 20 % around the observed span
    if row.aucr_iv:
        assert row.aucr_iv[0] * 0.8 <= aucr_iv(row.hepatic, x) <= row.aucr_iv[1] * 1.2
    if row.aucr_oral:
        assert row.aucr_oral[0] * 0.8 <= aucr_oral(row.hepatic, row.gut, x, gut) <= row.aucr_oral[1] * 1.2


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'kind = "inhibitor"',
            'kind = "blocker"',
            r"interactions.toml \[interactions 1\]: 'kind' is 'blocker'; expected",
        ),
        ("hepatic = 0.13", "hepatic = 1.3", r"\[interactions 1\]: an inhibitor has the fraction 1.3"),
        ("hepatic = 0.13", "hepatic = -1", r"'hepatic' is -1; expected a fraction"),
        ("hepatic = 0.13", "heptic = 0.13", r"the key 'heptic' is not known.*Did you mean 'hepatic'"),
        ('victim = "midazolam"\n', "", r"the key 'victim' is missing"),
    ],
)
def test_broken_interaction_files(tmp_path, old, new, message):
    text = (library_folder() / "interactions.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "interactions.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DrugFileError, match=message):
        read_interactions(path)
