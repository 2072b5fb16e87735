"""Pictures of a whole table of scenarios: peaks against the range, response over delay and dose, what a gene does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.pictures.peaks import Peak, peaks
from pkpd.pictures.picture import Picture, limits_of
from pkpd.pictures.response import response_map
from pkpd.report.genotypes import genotype_pictures
from pkpd.report.tables import drug_of

if TYPE_CHECKING:
    from pkpd.batch.run import Batch

__all__ = ["MAP_COLUMNS", "overview"]

_PEAKS_A_PICTURE = 40
_MOST_IN_OVERVIEW = 200
#: A table with these two columns and a seizure gets a map of the response; a third one makes several panels.
MAP_COLUMNS = ("delay_min", "dose_mg")
PANEL_COLUMN = "receptor_plasticity"


def overview(batch: Batch) -> dict[str, Picture]:
    """Peaks of each drug against its range, by file stem; 40 scenarios a picture, of the first 200 rows.

    Tables with a delay and a dose, or with rows that differ in a gene, get maps and forests as well.

    Parameters
    ----------
    batch : Batch

    Returns
    -------
    dict of str to Picture
    """
    from pkpd.library.catalogue import list_drugs, load_drug

    names = [name.strip() for name in batch.table.column("scenario")]
    rows: dict[str, list[Peak]] = {}
    for result in batch.results[:_MOST_IN_OVERVIEW]:
        for name, value in result.values.items():
            drug = drug_of(name)
            if drug is not None and np.isfinite(value):
                key = f"{drug}_cmax_mg_L"
                least, most = (result.values.get(f"{key}{mark}", value) for mark in ("_p05", "_p95"))
                rows.setdefault(drug, []).append(Peak(names[result.position], least, value, most))
    made = {}
    known = list_drugs()
    for drug, all_peaks in rows.items():
        stated = load_drug(drug).default_range if drug in known else None
        low, high = limits_of(stated) if stated else (None, None)
        label = stated.label if stated else ""
        for start in range(0, len(all_peaks), _PEAKS_A_PICTURE):
            stem = f"overview_{drug}" + (
                f"_{start // _PEAKS_A_PICTURE + 1}" if len(all_peaks) > _PEAKS_A_PICTURE else ""
            )
            chosen = all_peaks[start : start + _PEAKS_A_PICTURE]
            made[stem] = peaks(drug, chosen, low=low, high=high, label=label)
    return made | _response(batch) | genotype_pictures(batch)


def _response(batch: Batch) -> dict[str, Picture]:
    """The map of response of a table that carries delay and dose."""
    if not set(MAP_COLUMNS) <= set(batch.table.names):
        return {}
    frame = batch.to_frame().rename(columns=str.strip)
    if "seizure_stopped" not in frame or frame["seizure_stopped"].isna().all():
        return {}
    panel = PANEL_COLUMN if PANEL_COLUMN in frame else None
    keys = [*MAP_COLUMNS, *([panel] if panel else [])]
    if frame.duplicated(keys).any():
        return {}
    return {"overview_response": response_map(frame, panel=panel)}
