"""Which rows of a batch differ in a gene alone, and what that did: ratios to a reference, outcome over the delay.

Rows belong together when everything that a scenario means is the same but the gene, and for the maps the times of its
orders. The reference is the first row whose genotype is normal (NM), else the first row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pkpd.patients.columns import known_columns
from pkpd.patients.genes import gene_columns, resolve
from pkpd.pictures.genotypes import DelayMap, Ratio, delay_maps, genotype_forest
from pkpd.pictures.picture import Picture
from pkpd.regimen.regimen import parse_regimen
from pkpd.report.tables import drug_of

if TYPE_CHECKING:
    from pkpd.batch.run import Batch

__all__ = ["genotype_pictures"]

#: What the forest compares, by the end of its column.
QUANTITIES = {"auc_mg_h_L": "AUC", "cmax_mg_L": "peak", "half_life_h": "half-life"}
_MEANT = ("regimen", "until", "n", "seed", "evidence", "models", "seizure", "seizure_onset", "condition")
_TIMES = re.compile(r"\b(?:at|from) [\d.]+ ?(?:s|min|h|d)\b")
_MOST_ROWS = 40


class _Row(NamedTuple):
    """One row that ran: what it says by column, and its metrics."""

    cells: Mapping[str, str]
    values: Mapping[str, float]


def genotype_pictures(batch: Batch) -> dict[str, Picture]:
    """Return a forest a gene and drug, and a map a gene, of the rows that differ in a gene; by file stem.

    Parameters
    ----------
    batch : Batch

    Returns
    -------
    dict of str to Picture
        Empty where no row differs from another in a gene alone.
    """
    names = [name.strip() for name in batch.table.names]
    rows = [
        _Row({name: cell.strip() for name, cell in zip(names, batch.table.rows[result.position].cells)}, result.values)
        for result in batch.results
        if not result.reason
    ]
    made: dict[str, Picture] = {}
    for gene in (name for name in names if name in gene_columns()):
        mapped = list(_delay_groups(rows, gene))
        if mapped:
            made[f"overview_delay_{gene}"] = _map(gene, mapped)
        inside = {id(row) for _, group in mapped for row in group}
        made |= _forests(gene, [row for row in rows if id(row) not in inside])
    return made


def _groups(rows: list[_Row], gene: str, *, times: bool) -> Iterator[list[_Row]]:
    """Rows with a genotype of this gene that say the same otherwise; with `times` those of the orders may differ."""
    names = [name for name in (*_MEANT, *sorted(known_columns())) if name != gene]
    found: dict[tuple[str, ...], list[_Row]] = {}
    for row in rows:
        if row.cells.get(gene):
            said = {**row.cells, "until": "", "regimen": _TIMES.sub("", row.cells["regimen"])} if times else row.cells
            found.setdefault(tuple(said.get(name, "") for name in names), []).append(row)
    return (group for group in found.values() if len({row.cells[gene] for row in group}) > 1)


def _reference(group: list[_Row], gene: str) -> _Row:
    normal = [row for row in group if resolve(gene_columns()[gene], row.cells[gene]).phenotype == "NM"]
    return (normal or group)[0]


def _forests(gene: str, rows: list[_Row]) -> dict[str, Picture]:
    """One forest for each drug that the groups of a gene have."""
    ratios: dict[str, list[Ratio]] = {}
    for group in _groups(rows, gene, times=False):
        reference = _reference(group, gene)
        for drug in filter(None, map(drug_of, reference.values)):
            for row in group:
                values = dict(_ratios(row.values, reference.values, drug))
                if values:
                    title = "; ".join(filter(None, (row.cells["regimen"], row.cells.get("comedication"))))
                    ratios.setdefault(drug, []).append(Ratio(title, row.cells[gene], values, row is reference))
    return {
        f"overview_genotype_{gene}_{drug}": genotype_forest(
            f"{gene} and {drug}: ratio to the reference genotype", found[:_MOST_ROWS]
        )
        for drug, found in ratios.items()
    }


def _ratios(
    own: Mapping[str, float], other: Mapping[str, float], drug: str
) -> Iterator[tuple[str, tuple[float, float, float]]]:
    """Quantity, and its percentiles over the median of the reference."""
    for end, title in QUANTITIES.items():
        name = f"{drug}_{end}"
        middle = other.get(f"{name}_p50", other.get(name, np.nan))
        single = own.get(name, np.nan)
        found = np.array([own.get(f"{name}{mark}", single) for mark in ("_p05", "_p50", "_p95")])
        if middle > 0.0 and np.all(found > 0.0):
            low, typical, high = (found / middle).tolist()
            yield title, (low, typical, high)


def _delay(row: _Row) -> float:
    """Minutes from onset to the first order: the column `delay_min`, else what the regimen says."""
    stated = row.cells.get("delay_min", "")
    if re.fullmatch(r"\d+(\.\d*)?", stated):
        return float(stated)
    return round(60.0 * min((dose.at_h for dose in parse_regimen(row.cells["regimen"])), default=np.nan), 6)


def _delay_groups(rows: list[_Row], gene: str) -> Iterator[tuple[list[float], list[_Row]]]:
    """The delays and rows of each group that has a seizure, several delays, and one row a cell at most."""
    seizing = [row for row in rows if "seizure_stopped" in row.values and row.cells["regimen"] not in ("", "none")]
    for group in _groups(seizing, gene, times=True):
        cells = [(row.cells[gene], _delay(row)) for row in group]
        delays = sorted({delay for _, delay in cells})
        if len(delays) > 1 and len(set(cells)) == len(cells):
            yield delays, group


def _map(gene: str, groups: list[tuple[list[float], list[_Row]]]) -> Picture:
    """The maps of a gene: shares of subjects where there are several, else minutes to off."""
    share = any(row.values["seizure_stopped"] not in (0.0, 1.0) for _, group in groups for row in group)
    maps = []
    for delays, group in groups:
        genotypes = list(dict.fromkeys(row.cells[gene] for row in group))
        values = np.full((len(genotypes), len(delays)), np.nan)
        for row in group:
            stopped = row.values["seizure_stopped"]
            minutes = row.values.get("time_to_cessation_min", np.nan) if stopped else np.nan
            values[genotypes.index(row.cells[gene]), delays.index(_delay(row))] = 100.0 * stopped if share else minutes
        title = " ".join(_TIMES.sub("", group[0].cells["regimen"]).split())
        maps.append(DelayMap(title, tuple(genotypes), tuple(delays), values))
    said = "subjects who are off at the end (%)" if share else "minutes from the first order to off"
    return delay_maps(f"{gene} and delay: {said}", maps, share=share)
