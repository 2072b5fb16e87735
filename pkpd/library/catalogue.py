"""Finds and loads drugs, genes and interactions by name; a file is read when it is first asked for, and once."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache, lru_cache
from pathlib import Path

from pkpd.errors import ParameterError, did_you_mean
from pkpd.library.drug import Drug
from pkpd.library.drug_file import read_drug
from pkpd.library.folders import gene_names, library_folder, names_in
from pkpd.library.gene import Gene
from pkpd.library.gene_file import GROUPS, read_gene
from pkpd.library.haplotypes import Block, make_blocks
from pkpd.library.interaction import Interaction, InteractionTable, applicable, read_interactions

__all__ = [
    "canonical_drug_name",
    "canonical_perpetrator",
    "drug_folder",
    "interactions_for",
    "list_drugs",
    "list_genes",
    "load_drug",
    "load_gene",
    "load_interactions",
    "misspelt_perpetrator",
    "sampling_blocks",
]


def drug_folder() -> Path:
    """Return the folder of the shipped drug files."""
    return library_folder() / "drugs"


def list_drugs(folder: str | Path | None = None) -> tuple[str, ...]:
    """List the drugs of the library.

    Parameters
    ----------
    folder : str or Path, optional
        Another folder of drug files.

    Returns
    -------
    tuple of str
        Names as regimens write them, sorted.
    """
    return _shipped_drugs() if folder is None else names_in(Path(folder))


@lru_cache(maxsize=1)
def _shipped_drugs() -> tuple[str, ...]:
    return names_in(drug_folder())


@lru_cache(maxsize=4096)
def canonical_drug_name(name: str) -> str:
    """Return the library's spelling of a drug name, whatever the letter case.

    Raises
    ------
    ParameterError
        If there is no such drug; the nearest name is offered.
    """
    return _known(name, list_drugs(), "drug")


def _known(name: str, names: tuple[str, ...], what: str) -> str:
    word = str(name).strip().lower()
    if word not in names:
        hint = did_you_mean(word, names).strip() or "Add a file for it, or correct the name."
        listed = ", ".join(names) or "none: the folder has no drug file"
        raise ParameterError(f"{what} '{name}' is not in the library; expected one of {listed}. {hint}")
    return word


def load_drug(name: str | Path, *, folder: str | Path | None = None) -> Drug:
    """Load a drug by name, or from a file.

    Parameters
    ----------
    name : str or Path
        A name of `list_drugs`, in any letter case, or the path of a drug file (``.toml``).
    folder : str or Path, optional
        Look for the name in this folder instead of the library.

    Returns
    -------
    Drug
        Drugs of the library are read once; files from elsewhere are read each time.

    Raises
    ------
    ParameterError
        If there is no drug of that name; the nearest name is offered.
    DrugFileError
        If the file is broken: where, what is wrong, what was expected, what to do.

    Examples
    --------
    >>> load_drug("lorazepam").title
    'Lorazepam'
    """
    if folder is not None:
        return read_drug(Path(folder) / f"{_known(str(name), list_drugs(folder), 'drug')}.toml")
    if isinstance(name, Path) or str(name).endswith(".toml"):
        return read_drug(Path(name))
    return _shipped_drug(canonical_drug_name(name))


@cache
def _shipped_drug(name: str) -> Drug:
    return read_drug(drug_folder() / f"{name}.toml")


def list_genes() -> tuple[str, ...]:
    """List the genes of the library, e.g. ``("ABCB1", "CYP2B6", ..., "HLA-B", ...)``."""
    return gene_names()


def load_gene(name: str) -> Gene:
    """Load a gene by name; letter case and ``HLA_B`` for ``HLA-B`` are forgiven.

    Raises
    ------
    ParameterError
        If there is no such gene; the nearest name is offered.
    DrugFileError
        If the file is broken.
    """
    return _shipped_gene(str(name).strip().upper().replace("_", "-"))


@cache
def _shipped_gene(name: str) -> Gene:
    if name not in gene_names():
        hint = did_you_mean(name, gene_names()).strip() or "Correct the name, or leave the gene out."
        known = ", ".join(gene_names())
        raise ParameterError(f"gene '{name}' is not in the library; expected one of {known}. {hint}")
    return read_gene(library_folder() / "genes" / f"{name}.toml")


@cache
def sampling_blocks(group: str) -> tuple[Block, ...]:
    """Return the blocks of linked genes from which genotypes of an ancestry group are drawn.

    Parameters
    ----------
    group : str
        EUR, AFR, EAS, SAS or AMR.

    Returns
    -------
    tuple of Block
        A subject draws two haplotypes of each block, independently.

    Raises
    ------
    ParameterError
        If the group is unknown.
    """
    if group not in GROUPS:
        hint = did_you_mean(str(group), GROUPS).strip() or "Choose one of these."
        raise ParameterError(f"ancestry '{group}' is not known; expected one of {', '.join(GROUPS)}. {hint}")
    return make_blocks(gene_names(), load_gene, group)


@lru_cache(maxsize=1)
def interaction_table() -> InteractionTable:
    """Load the interaction file with its aliases and sources."""
    return read_interactions(library_folder() / "interactions.toml")


def load_interactions() -> tuple[Interaction, ...]:
    """Return all interactions of the library."""
    return interaction_table().rows


@lru_cache(maxsize=4096)
def canonical_perpetrator(name: str) -> str:
    """Return the interaction table's name of a comedication: small letters, other names resolved."""
    word = " ".join(str(name).lower().split())
    return interaction_table().aliases.get(word, word)


@lru_cache(maxsize=4096)
def misspelt_perpetrator(name: str) -> str:
    """The hint for a comedication that the table does not have, and that differs from one by a slip of the pen."""
    table = interaction_table()
    known = {*table.aliases, *list_drugs(), *(each for row in table.rows for each in row.perpetrators)}
    # Nearer than any two drugs that are meant to be told apart (oxcarbazepine and carbamazepine: 0.85).
    near = [] if name in known else get_close_matches(name, known, n=1, cutoff=0.9)
    return f" Did you mean '{near[0]}'?" if near else ""


@lru_cache(maxsize=4096)
def interactions_for(victim: str, comedication: tuple[str, ...]) -> tuple[Interaction, ...]:
    """Return the rows that apply to a drug with this comedication (names in any spelling of the table)."""
    return applicable(load_interactions(), victim, {canonical_perpetrator(name) for name in comedication})
