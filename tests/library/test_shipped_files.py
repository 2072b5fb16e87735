"""Every shipped drug, gene and interaction loads; every number has a source, a status and a grade."""

from dataclasses import fields, is_dataclass

import pytest

from pkpd.library.catalogue import (
    interaction_table,
    list_drugs,
    list_genes,
    load_drug,
    load_gene,
    load_interactions,
)
from pkpd.library.evidence import GRADES, STATUSES
from pkpd.library.parameter import ParameterSpec, Value


def evidence(thing, trail=""):
    """All (trail, source, status, grade) below a library object."""
    if isinstance(thing, Value | ParameterSpec) or (hasattr(thing, "source") and hasattr(thing, "status")):
        yield trail, thing.source, thing.status, getattr(thing, "grade", "")
    if isinstance(thing, dict):
        for key, item in thing.items():
            yield from evidence(item, f"{trail}.{key}")
    elif isinstance(thing, list | tuple):
        for number, item in enumerate(thing):
            yield from evidence(item, f"{trail}[{number}]")
    elif is_dataclass(thing) and not isinstance(thing, Value | ParameterSpec):
        for entry in fields(thing):
            if entry.name != "sources":
                yield from evidence(getattr(thing, entry.name), f"{trail}.{entry.name}")


@pytest.mark.parametrize("name", list_drugs())
def test_every_number_of_a_drug_has_a_source(name):
    drug = load_drug(name)
    found = list(evidence(drug, name))
    assert len(found) > 3
    for trail, source, status, grade in found:
        if ".dosing" in trail and not source:  # a guideline text is no number of a model
            continue
        assert all(key in drug.sources for key in source.split("; ")), f"{trail}: source {source!r}"
        assert status in STATUSES, trail
        no_grade = (".ranges", ".default_range", ".iiv", ".iov")  # ranges and spreads rest on their status
        assert grade in GRADES or any(part in trail for part in no_grade), trail


@pytest.mark.parametrize("name", list_drugs())
def test_every_source_is_used_somewhere(name):
    drug = load_drug(name)
    text = drug.path.read_text(encoding="utf-8").partition("[sources]")[0]
    unused = [key for key in drug.sources if f'"{key}"' not in text]
    assert not unused


@pytest.mark.parametrize("name", list_drugs())
def test_prodrugs_and_binding_point_to_what_exists(name):
    drug = load_drug(name)
    if drug.prodrug_of:
        active = load_drug(drug.prodrug_of)
        assert all(model.prodrug for model in active.models.values() if "KPRO" in model.parameters)
    for gene in (*drug.metabolised_by, *drug.no_effect_of):
        assert gene == "*" or gene in list_genes()


def test_the_drugs_that_the_project_promises():
    promised = {"lorazepam", "midazolam", "fosphenytoin", "phenytoin", "levetiracetam", "propofol"}
    promised |= {"ketamine", "valproate", "phenobarbital", "diazepam"}
    assert promised <= set(list_drugs())


@pytest.mark.parametrize("name", list_genes())
def test_every_gene_has_sources(name):
    gene = load_gene(name)
    assert gene.source in gene.sources
    for by_group in gene.frequencies.values():
        for frequency in by_group.values():
            assert frequency.source in gene.sources
            assert frequency.status in STATUSES


def test_every_interaction_has_sources_and_victims_exist():
    table = interaction_table()
    for row in load_interactions():
        assert all(key in table.sources for key in row.source.split("; "))
        assert row.victim == "*" or row.victim in list_drugs()
        assert row.kind in ("inhibitor", "inducer", "other")
