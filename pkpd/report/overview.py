"""Pictures of a whole table of scenarios: peaks against the range, response over delay and dose, what a gene does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pkpd.pictures.multiples import Profile, small_multiples
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
_MOST_PANELS = 32
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
    known, profiles = list_drugs(), _profiles(batch, names)
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
        if 1 < len(profiles.get(drug, ())) <= _MOST_PANELS:
            made[f"overview_{drug}_profiles"] = small_multiples(drug, profiles[drug], low=low, high=high)
    return made | _response(batch) | genotype_pictures(batch)


def _profiles(batch: Batch, names: list[str]) -> dict[str, list[Profile]]:
    """Plasma of each drug in the scenarios whose profiles were kept."""
    found: dict[str, list[Profile]] = {}
    for result in batch.results:
        if result.shown is None:
            continue
        parts = {key: part for key, part in result.shown.profile.groupby("id", sort=False)}
        low, middle, high = (parts.get(mark, next(iter(parts.values()))) for mark in ("p05", "p50", "p95"))
        for drug in filter(None, map(drug_of, result.values)):
            column = f"{drug}_plasma_mg_L"
            if middle[column].max() > 0.0:  # a drug that was not given has nothing to show
                lines = (part[column].to_numpy() for part in (low, middle, high))
                row = Profile(names[result.position], middle["time_h"].to_numpy(), *lines)
                found.setdefault(drug, []).append(row)
    return found


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
