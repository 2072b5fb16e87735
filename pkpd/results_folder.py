"""The results folder of a run: table, profiles, pictures, page and manifest; and single result files.

Every file is written beside its place and then moved there, so that an interrupted run leaves whole files only.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata, util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pkpd.errors import ParameterError, did_you_mean
from pkpd.scenario_results import RowResult

if TYPE_CHECKING:
    from pkpd.evaluate import Batch

__all__ = ["FORMATS", "check_file", "prepare_folder", "write_folder", "write_table", "write_text"]

FORMATS = (".csv", ".parquet", ".json")
_PACKAGES = ("numpy", "scipy", "pandas", "numba", "matplotlib", "pyarrow")


def prepare_folder(path: str | os.PathLike[str]) -> Path:
    """Make the folder if need be, and make sure that it can be written before any work is done.

    Raises
    ------
    ParameterError
        If it cannot be made or written, or is a file.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        why = "it is a file" if folder.is_file() else (error.strerror or str(error)).lower()
        raise ParameterError(
            f"output folder '{path}': it cannot be written ({why}); expected a folder that can be made and written. "
            "Choose another, or change its permissions."
        ) from None
    return folder


def check_file(path: str | os.PathLike[str], formats: Sequence[str] = FORMATS) -> Path:
    """Make sure, before any work is done, that a result file has a known format and can be written.

    Raises
    ------
    ParameterError
        If its suffix is unknown, its folder does not exist or cannot be written, or it is a folder.
    """
    file = Path(path)
    suffix = file.suffix.lower()
    if suffix not in formats:
        hint = did_you_mean(suffix, formats) if suffix else f" For a folder, write '{path}/'."
        raise ParameterError(
            f"output '{path}': the ending '{suffix}' is no known format; expected {', '.join(formats)}, or a folder "
            f"ending in '/'. Change the ending.{hint}"
        )
    if suffix == ".parquet" and util.find_spec("pyarrow") is None:
        raise ParameterError(
            f"output '{path}': Parquet needs the package pyarrow, which is missing; expected it to be installed. "
            "Install pkpd[parquet], or write .csv."
        )
    try:
        if file.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        with tempfile.TemporaryFile(dir=file.parent):
            pass
        if file.exists():
            with file.open("ab"):
                pass
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ParameterError(
            f"output '{path}': it cannot be written ({why}); expected a file in a folder that exists and can be "
            "written. Choose another path, or make the folder."
        ) from None
    return file


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table in the format of its suffix: CSV, Parquet, or JSON (a list of rows)."""
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        _whole(path, lambda place: frame.to_parquet(place, index=False))
    elif suffix == ".json":
        _whole(path, lambda place: place.write_text(json_rows(frame) + "\n", encoding="utf-8"))
    else:
        _whole(path, lambda place: frame.to_csv(place, index=False, lineterminator="\n", encoding="utf-8"))


def write_text(content: str, path: Path) -> None:
    """Write a text in UTF-8."""
    _whole(path, lambda place: place.write_text(content, encoding="utf-8"))


def json_rows(frame: pd.DataFrame) -> str:
    """A table as a JSON list of rows; a missing value is null."""
    return frame.to_json(orient="records", double_precision=15, force_ascii=False, indent=1)


def _whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside the place, then move: readers see the old file or the new one, never half of it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


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
    from pkpd.report import batch_page

    _remove_earlier(folder)
    frame = batch.to_frame()
    write_table(frame, folder / "results.csv")
    files = ["results.csv"]
    shown = [result for result in batch.results if result.solution is not None]
    if shown:
        files.append(_write_profiles(folder, batch, shown))
    pictures = _draw(batch, shown)
    for name, text in pictures.items():
        (folder / "figures").mkdir(exist_ok=True)
        write_text(text, folder / name)
        files.append(name)
    record = _manifest(batch, files, options)
    if "profiles" not in options or options["profiles"]:
        write_text(batch_page(batch, pictures, record), folder / "report.html")
        record["files"].append("report.html")
    record["sha256"] = {name: _sha256(folder / name) for name in record["files"] if not name.startswith("figures/")}
    write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", folder / "manifest.json")
    return _parts(frame, record)


def _remove_earlier(folder: Path) -> None:
    """Delete what an earlier run wrote here, as its manifest lists it: old pictures beside new results mislead."""
    try:
        earlier = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    for name in [*earlier, "manifest.json"]:
        path = folder / str(name)
        if folder.resolve() in path.resolve().parents:
            path.unlink(missing_ok=True)


def _write_profiles(folder: Path, batch: Batch, shown: Sequence[RowResult]) -> str:
    """Profiles of the shown scenarios in one table; of a population the percentiles, with p05 p50 p95 as id."""
    names = batch.table.column("scenario")
    frames = []
    for result in shown:
        frame = profile_frame(result)
        frame.insert(0, "scenario", names[result.position].strip())
        frame["id"] = frame["id"].astype(str)  # numbers of subjects and p05 stand in one column
        frames.append(frame)
    table = pd.concat(frames, ignore_index=True)
    if util.find_spec("pyarrow") is not None:
        write_table(table, folder / "profiles.parquet")
        return "profiles.parquet"
    _whole(
        folder / "profiles.csv", lambda place: table.to_csv(place, index=False, float_format="%.8g", encoding="utf-8")
    )
    return "profiles.csv"


def profile_frame(result: RowResult) -> pd.DataFrame:
    """Profile of one scenario: id, time_h and the outputs; several subjects become p05, p50 and p95."""
    solution = result.solution
    assert solution is not None  # the caller chose the rows that have one
    if len(solution.ids) == 1:
        return solution.to_frame()
    count = len(solution.time_h)
    columns: dict[str, Any] = {"id": np.repeat(["p05", "p50", "p95"], count), "time_h": np.tile(solution.time_h, 3)}
    for name, values in solution.outputs.items():
        columns[name] = np.percentile(values, [5, 50, 95], axis=0).ravel()
    return pd.DataFrame(columns)


def _draw(batch: Batch, shown: Sequence[RowResult]) -> dict[str, str]:
    """File name to SVG text: the overview of each drug, then one picture a scenario."""
    from pkpd.picture import svg_text
    from pkpd.plot import profiles
    from pkpd.report import overview

    names = batch.table.column("scenario")
    pictures = {f"figures/{name}.svg": svg_text(figure) for name, figure in overview(batch).items()}
    for result in shown:
        name = names[result.position].strip()
        assert result.solution is not None
        pictures[figure_name(result.position, name)] = svg_text(profiles(result.solution, log=True, title=name))
    return pictures


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
        if result.solution is not None:
            hashes.update(result.solution.provenance.get("library", {}))
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


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


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
