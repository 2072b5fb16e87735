"""What a results folder holds for reading: profiles, pictures and page.

Repeats no computation: it arranges what a batch has, and what its rows kept for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pkpd.batch.results import Shown
from pkpd.pictures.picture import svg_text
from pkpd.pictures.solution import svgs_of
from pkpd.report.batch import batch_page
from pkpd.report.overview import overview
from pkpd.result_files import write_table, write_text, write_whole

if TYPE_CHECKING:
    from pkpd.batch.run import Batch
    from pkpd.solution import Solution

__all__ = ["keep_for_folder", "write_pages"]


def write_pages(folder: Path, batch: Batch, record: dict[str, Any]) -> None:
    """Write profiles, pictures and page of the rows that have a solution, and list them in the manifest.

    Parameters
    ----------
    folder : Path
        As `prepare_folder` returns it.
    batch : Batch
        All rows, or the first ones of a large table.
    record : dict
        The manifest, with the counts of the whole table.
    """
    names = [name.strip() for name in batch.table.column("scenario")]
    shown = {result.position: result.shown for result in batch.results if result.shown is not None}
    for kept in shown.values():
        record["library_sha256"].update(kept.library)
    record["library_sha256"] = dict(sorted(record["library_sha256"].items()))
    if shown:
        record["files"].append(_write_profiles(folder, {names[position]: kept for position, kept in shown.items()}))
    drawn = {name: svg_text(figure) for name, figure in overview(batch).items()}
    pictures = {f"figures/{name}.svg": svg for name, svg in drawn.items()}
    for position, kept in shown.items():
        pictures |= {figure_name(position, names[position], kind): svg for kind, svg in kept.svgs.items()}
    for name, text in pictures.items():
        (folder / "figures").mkdir(exist_ok=True)
        write_text(text, folder / name)
        record["files"].append(name)
    write_text(batch_page(batch, drawn, record), folder / "report.html")
    record["files"].append("report.html")


def _write_profiles(folder: Path, shown: Mapping[str, Shown]) -> str:
    """Profiles of the shown scenarios in one table; numbers of subjects and p05 p50 p95 stand in the column id."""
    frames = [kept.profile.assign(scenario=name) for name, kept in shown.items()]
    table = pd.concat(frames, ignore_index=True)
    table.insert(0, "scenario", table.pop("scenario"))
    if util.find_spec("pyarrow") is not None:
        write_table(table, folder / "profiles.parquet")
        return "profiles.parquet"
    write_whole(
        folder / "profiles.csv", lambda place: table.to_csv(place, index=False, float_format="%.8g", encoding="utf-8")
    )
    return "profiles.csv"


def keep_for_folder(name: str, solution: Solution) -> Shown:
    """Profile, assumptions and pictures of one scenario; several subjects become p05, p50 and p95."""
    return Shown(
        profile=_profile(solution),
        assumptions=solution.assumptions,
        svgs=svgs_of(solution, name),
        library=dict(solution.provenance["library"]),
    )


def _profile(solution: Solution) -> pd.DataFrame:
    if len(solution.ids) == 1:
        return solution.to_frame().astype({"id": str})
    count = len(solution.time_h)
    columns: dict[str, Any] = {"id": np.repeat(["p05", "p50", "p95"], count), "time_h": np.tile(solution.time_h, 3)}
    for name, values in solution.outputs.items():
        columns[name] = np.percentile(values, [5, 50, 95], axis=0).ravel()
    return pd.DataFrame(columns)


def figure_name(position: int, scenario: str, kind: str) -> str:
    """File name of a scenario's picture, unique by the row number whatever the name contains."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", scenario).strip("._")[:60]
    return f"figures/{position + 1:04d}_{plain or 'scenario'}{'' if kind == 'concentrations' else '_' + kind}.svg"
