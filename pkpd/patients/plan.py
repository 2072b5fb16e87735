"""What the subjects of a population get: constants, lists and distributions, column by column, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pkpd.errors import ParameterError, did_you_mean
from pkpd.patients.columns import COLUMNS, Column, known_columns
from pkpd.patients.distributions import is_distribution, read_distribution
from pkpd.patients.genes import gene_columns, gene_name, read_genes, resolve

__all__ = ["plan_population"]


def plan_population(covariates: Mapping[str, Any], genotype: Mapping[str, Any], n: int) -> dict[str, Any]:
    """What each subject of a population gets, column by column; every value is checked here, once.

    Parameters
    ----------
    covariates : mapping of str to object
        Patient and gene columns, as `Population` takes them.
    genotype : mapping of str to (str or list of str)
    n : int
        Number of subjects.

    Returns
    -------
    dict of str to object
        Column or gene to one value for all, a tuple of one for each subject, or a `Distribution`.

    Raises
    ------
    ParameterError
        If a name is unknown, a value cannot be, or a list has another length than `n`.
    """
    plan: dict[str, Any] = {}
    gene_cells = {}
    for name, value in covariates.items():
        if name in gene_columns():
            gene_cells[name] = value
        elif name not in COLUMNS:
            raise ParameterError(
                f"population, column '{name}': there is no such column; expected one of {', '.join(COLUMNS)}, or a "
                f"gene. Correct the name, or leave it out.{did_you_mean(name, known_columns())}"
            )
        elif value is not None:
            plan[name] = _plan_column(COLUMNS[name], value, n)
    for name, value in (*genotype.items(), *gene_cells.items()):
        each = _listed(value, n, name)
        texts = [_checked_gene(name, text) for text in ([value] if each is None else each)]
        gene = gene_name(name, "population, genotype")
        if gene in plan:
            raise ParameterError(
                f"population, column '{name}': the genotype of {gene} is given twice; expected one. Leave one out."
            )
        plan[gene] = texts[0] if each is None else tuple(texts)
    return plan


def _plan_column(column: Column, value: Any, n: int) -> Any:
    where = f"population, column '{column.name}'"
    if column.kind in ("number", "count") and is_distribution(value):
        return read_distribution(value, where)
    each = _listed(value, n, column.name)
    if each is None:
        return column.read(value, "population")
    return tuple(
        None if item is None else column.read(item, f"population, subject {number}")
        for number, item in enumerate(each, start=1)
    )


def _listed(value: Any, n: int, name: str) -> list[Any] | None:
    """The items of a list of one value for each subject; None if `value` is one for all."""
    if isinstance(value, str) or not hasattr(value, "__len__"):
        return None
    items = value.tolist() if hasattr(value, "tolist") else list(value)
    if len(items) != n:
        raise ParameterError(
            f"population, column '{name}': a list of {len(items)} values stands beside n = '{n}'; expected one for "
            "each subject, one for all, or a distribution. Make the two numbers agree."
        )
    return items


def _checked_gene(name: str, text: Any) -> str | None:
    for gene, word in read_genes({name: text}, {}).items():
        resolve(gene, word)
        return word
    return None
