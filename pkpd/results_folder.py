"""The results folder of a run: table, profiles, pictures, page and manifest.

Repeats no computation: it arranges what a batch has, and what its rows kept for it.
"""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Mapping, Sequence
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pkpd.picture import svg_text
from pkpd.plot import profiles
from pkpd.report import batch_page, overview
from pkpd.result_files import remove_earlier, sha256_of, write_table, write_text, write_whole
from pkpd.scenario_results import Shown

if TYPE_CHECKING:
    from pkpd.evaluate import Batch
    from pkpd.solution import Solution

__all__ = ["keep_for_folder", "write_folder"]

_PACKAGES = ("numpy", "scipy", "pandas", "numba", "matplotlib", "pyarrow")


def write_folder(folder: Path, batch: Batch, *, options: Mapping[str, Any]) -> pd.DataFrame:
    """Write results, profiles, pictures, page and manifest of a run.

    Parameters
    ----------
    folder : Path
        As `prepare_folder` returns it.
    batch : Batch
        Rows with a solution get profiles, a picture and an entry on the page.
    options : mapping
        Kept in the manifest.

    Returns
    -------
    DataFrame
        The manifest, one row a part: part rows ok error first last sha256.
    """
    remove_earlier(folder)
    frame = batch.to_frame()
    write_table(frame, folder / "results.csv")
    files = ["results.csv"]
    names = [name.strip() for name in batch.table.column("scenario")]
    shown = {result.position: result.shown for result in batch.results if result.shown is not None}
    if shown:
        files.append(_write_profiles(folder, {names[position]: kept for position, kept in shown.items()}))
    pictures = {f"figures/{name}.svg": svg_text(figure) for name, figure in overview(batch).items()}
    pictures |= {figure_name(position, names[position]): kept.svg for position, kept in shown.items()}
    for name, text in pictures.items():
        (folder / "figures").mkdir(exist_ok=True)
        write_text(text, folder / name)
        files.append(name)
    record = _manifest(batch, files, options)
    if "profiles" not in options or options["profiles"]:
        write_text(batch_page(batch, pictures, record), folder / "report.html")
        record["files"].append("report.html")
    record["sha256"] = {name: sha256_of(folder / name) for name in record["files"] if not name.startswith("figures/")}
    write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", folder / "manifest.json")
    return _parts(frame, record)


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
    """Profile, assumptions and picture of one scenario; several subjects become p05, p50 and p95."""
    return Shown(
        profile=_profile(solution),
        assumptions=solution.assumptions,
        svg=svg_text(profiles(solution, log=True, title=name)),
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


def figure_name(position: int, scenario: str) -> str:
    """File name of a scenario's picture, unique by the row number whatever the name contains."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", scenario).strip("._")[:60]
    return f"figures/{position + 1:04d}_{plain or 'scenario'}.svg"


def _manifest(batch: Batch, files: Sequence[str], options: Mapping[str, Any]) -> dict[str, Any]:
    """What another person needs to get the same numbers."""
    import pkpd

    seeds = batch.table.column("seed") if "seed" in batch.table.names else []
    hashes: dict[str, str] = {}
    for result in batch.results:
        if result.shown is not None:
            hashes.update(result.shown.library)
    return {
        "pkpd": pkpd.__version__,
        "use": "research and teaching; it never says what to give a patient",
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in _PACKAGES if util.find_spec(name) is not None},
        "input": {"path": batch.table.where, "sha256": batch.table.sha256, "rows": len(batch.table.rows)},
        "library_sha256": dict(sorted(hashes.items())),
        "seeds": sorted({text.strip() for text in seeds if text.strip()} or {str(options.get("seed") or 0)}),
        "options": dict(options),
        "rows": {
            "run": len(batch.results),
            "ok": len(batch.results) - batch.errors,
            "error": batch.errors,
            "complete": not batch.interrupted,
        },
        "files": list(files),
    }


def _parts(frame: pd.DataFrame, record: Mapping[str, Any]) -> pd.DataFrame:
    rows = record["rows"]
    return pd.DataFrame(
        {
            "part": ["results.csv"],
            "rows": [rows["run"]],
            "ok": [rows["ok"]],
            "error": [rows["error"]],
            "first": [1 if len(frame) else 0],
            "last": [len(frame)],
            "sha256": [record["sha256"]["results.csv"]],
        }
    )
