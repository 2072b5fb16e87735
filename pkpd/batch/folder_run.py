"""A run into a folder: who may write, what is done already, what is left to do, and what stands there at the end.

A table of moderate work becomes one file; a larger one, or one that may have to be resumed, is written in parts, each
of them recorded in the manifest when the disk has it.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pkpd.batch.folder_lock import folder_lock
from pkpd.batch.manifest import (
    describe,
    file_sha256,
    hashes_of,
    read_manifest,
    refuse_other_run,
    remove_earlier,
    write_manifest,
)
from pkpd.batch.part_files import give_same_columns, join_parts, part_name, part_suffix, table_columns, write_part
from pkpd.batch.parts_run import PartsRun, chunk_size
from pkpd.batch.pieces import Piece
from pkpd.batch.run import Batch, run_table
from pkpd.batch.table import ScenarioTable, TableRow
from pkpd.distribute import Distribute, distributed
from pkpd.errors import ParameterError, PkpdWarning
from pkpd.result_files import prepare_folder, undisturbed, write_table

if TYPE_CHECKING:
    import pandas as pd

    from pkpd.batch.results import Shown
    from pkpd.solution import Solution

__all__ = ["FolderRun", "how_many_shown", "run_into_folder"]

#: Up to so many rows there is also one file that a spreadsheet program opens.
MOST_ROWS_IN_ONE_FILE = 20_000
MOST_SHOWN_IN_PARTS = 2000
SHOWN_BY_DEFAULT = 200


@dataclass
class FolderRun:
    """How a run into a folder went: its manifest, the first rows that failed (name, place, reason), and its end."""

    record: dict[str, Any]
    failures: list[tuple[str, str, str]] = field(default_factory=list)
    interrupted: bool = False

    def parts(self) -> pd.DataFrame:
        """The manifest as a table, one row a part: part rows ok error first last sha256."""
        import pandas as pd

        columns = ["part", "rows", "ok", "error", "first", "last", "sha256"]
        return pd.DataFrame(self.record["parts"], columns=columns)


def run_into_folder(
    table: ScenarioTable,
    out: str | os.PathLike[str],
    *,
    profiles: int | str | None = None,
    seed: int | None = None,
    resume: bool = False,
    progress: bool | None = None,
    workers: int | None = None,
    cluster: str | None = None,
) -> FolderRun:
    """Run a table into a folder.

    Parameters
    ----------
    table : ScenarioTable
    out, resume, progress, workers, cluster
        As in `evaluate`.
    profiles, seed : optional
        As in `evaluate`, and the seed of rows that state none; when a run is resumed, by default as it began.

    Returns
    -------
    FolderRun

    Raises
    ------
    ParameterError
        If the folder cannot be written, another run holds it or has left it unfinished, or there is something to
        resume and it does not fit.
    """
    folder = Path(out)
    if resume and folder.is_dir():
        began = (read_manifest(folder) or {}).get("options", {})
        profiles = began.get("profiles") if profiles is None else profiles
        seed = began.get("seed") if seed is None else seed
    shown = how_many_shown(profiles, table.count)
    # The number of workers changes no result, hence it is no option of the manifest.
    record = describe(table, {"profiles": shown, "seed": seed or 0})
    in_parts = len(table.spans) > 1 or resume
    prepare_folder(folder)
    with folder_lock(folder), distributed(workers=workers, cluster=cluster) as spread:
        if not resume:
            _refuse_unfinished(folder)
        size = chunk_size(table.count, workers)
        if in_parts:
            return _Parts(folder, table, record, size, seed).run(spread, resume, progress)
        batch = run_table(table, spread=spread, shown=shown, keep=_keep, seed=seed, progress=progress, chunk_rows=size)
        with undisturbed():
            return _write_at_once(folder, batch, record)


# Pages and pictures stand on a floor above, and load what draws: they are looked up when a folder is written.
def _keep(name: str, solution: Solution) -> Shown:
    from pkpd.report.results_folder import keep_for_folder

    return keep_for_folder(name, solution)


def _write_pages(folder: Path, batch: Batch, record: dict[str, Any]) -> None:
    from pkpd.report.results_folder import write_pages

    write_pages(folder, batch, record)


def how_many_shown(profiles: int | str | None, rows: int) -> int:
    """Number of scenarios with profiles, pictures and an entry on the page.

    Raises
    ------
    ParameterError
        If `profiles` is neither None, ``"all"``, ``"none"`` nor a whole number from 0.
    """
    if profiles is None:
        return min(rows, SHOWN_BY_DEFAULT)
    if profiles in ("all", "none"):
        return rows if profiles == "all" else 0
    text = str(profiles).strip()
    if not text.isdecimal():
        raise ParameterError(f"profiles: '{profiles}' is not possible; expected all, none or a number. Correct it.")
    return min(rows, int(text))


def _refuse_unfinished(folder: Path) -> None:
    """Refuse to throw away what an unfinished run has done."""
    try:
        earlier = read_manifest(folder)
    except ParameterError:
        return  # of whatever it was, nothing can be resumed
    if earlier and not earlier["rows"].get("complete", True) and earlier.get("parts"):
        raise ParameterError(
            f"output folder '{folder}': it holds an unfinished run ({earlier['rows']['run']} of "
            f"{earlier['input'].get('rows')} rows of '{earlier['input'].get('path')}'); expected an empty folder, or a "
            "finished run. Finish it with --resume (resume=True), or delete the folder."
        )


def _write_at_once(folder: Path, batch: Batch, record: dict[str, Any]) -> FolderRun:
    """One table, and what is shown of it."""
    remove_earlier(folder)
    write_table(batch.to_frame(), folder / "results.csv")
    count, bad = len(batch.results), batch.errors
    record["rows"] = {"run": count, "ok": count - bad, "error": bad, "complete": not batch.interrupted}
    record["files"].append("results.csv")
    if record["options"]["profiles"]:
        _write_pages(folder, batch, record)
    record["sha256"] = hashes_of(folder, record["files"])
    write_manifest(folder, record)
    part = {"part": "results.csv", "rows": count, "ok": count - bad, "error": bad, "first": min(1, count)}
    part |= {"last": count, "sha256": record["sha256"]["results.csv"]}
    return FolderRun({**record, "parts": [part]}, batch.failures(), batch.interrupted)


class _Parts:
    """A run in parts."""

    def __init__(self, folder: Path, table: ScenarioTable, record: dict[str, Any], size: int, seed: int | None) -> None:
        self.folder, self.table, self.record, self.size, self.seed = folder, table, record, size, seed
        self.suffix = part_suffix()
        record |= {"format": self.suffix[1:], "parts": []}
        self.shown: int = record["options"]["profiles"]
        if self.shown > MOST_SHOWN_IN_PARTS:
            raise ParameterError(
                f"profiles: '{self.shown}' scenarios are too many for a run in parts; expected at most "
                f"{MOST_SHOWN_IN_PARTS}. Give a smaller number; the table holds the metrics of every row."
            )

    def run(self, spread: Distribute, resume: bool, progress: bool | None) -> FolderRun:
        """Work what is left to do."""
        if resume and self._take_up():
            return FolderRun(self.record)
        if not self.record["parts"]:
            remove_earlier(self.folder)
        (self.folder / "results").mkdir(exist_ok=True)
        write_manifest(self.folder, self.record)
        todo = set(range(len(self.table.spans))) - {self._number(part) for part in self.record["parts"]}
        run = PartsRun(self.table, todo, self._write, self.size, self.seed, self.shown, _keep if self.shown else None)
        run.run(spread, progress=progress)
        if not run.interrupted:
            with undisturbed():
                self._finish(run)
        return FolderRun(self.record, run.failures, run.interrupted)

    def _take_up(self) -> bool:
        """Take over what an earlier run has done, and say whether nothing is left to do."""
        earlier = read_manifest(self.folder)
        if earlier is None:
            return False
        refuse_other_run(self.folder, earlier, self.table, self.record["options"], self.suffix[1:])
        for left in self.folder.glob("results/.part-*.tmp"):
            left.unlink(missing_ok=True)
        if not earlier.get("parts"):
            return False
        sound = [part for part in earlier["parts"] if self._is_sound(part["part"], part["sha256"])]
        whole = len(sound) == len(self.table.spans) and earlier["rows"]["complete"]
        if whole and all(self._is_sound(name, sha256) for name, sha256 in earlier["sha256"].items()):
            self.record = earlier
            return True
        self.record["parts"] = sound
        if "columns" in earlier:
            self.record["columns"] = earlier["columns"]
        self._count()
        return False

    def _is_sound(self, name: str, sha256: str) -> bool:
        path = self.folder / name
        if path.is_file() and file_sha256(path) == sha256:
            return True
        what = "is not as it was written" if path.is_file() else "is missing"
        warnings.warn(f"'{path}' {what}; it is made again", PkpdWarning, stacklevel=2)
        return False

    def _number(self, part: dict[str, Any]) -> int:
        return [span.first + 1 for span in self.table.spans].index(part["first"])

    def _count(self) -> None:
        parts = self.record["parts"]
        rows = {name: sum(part[name] for part in parts) for name in ("rows", "ok", "error")}
        self.record["rows"] = {"run": rows["rows"], "ok": rows["ok"], "error": rows["error"], "complete": False}

    def _write(self, number: int, rows: Sequence[TableRow], piece: Piece) -> None:
        """Write a part, then its record: a part without one is made again."""
        span, name = self.table.spans[number], part_name(number + 1, self.suffix)
        write_part(self.folder / name, self.table, rows, piece)
        part = {
            "part": name,
            "rows": len(rows),
            "ok": len(rows) - piece.errors,
            "error": piece.errors,
            "first": span.first + 1,
            "last": span.stop,
            "input_sha256": span.sha256,
            "sha256": file_sha256(self.folder / name),
        }
        self.record["parts"] = sorted([*self.record["parts"], part], key=lambda part: part["first"])
        self._count()
        write_manifest(self.folder, self.record)

    def _finish(self, run: PartsRun) -> None:
        """Same columns for all parts; then one file of a table of moderate size, the pages, and the last manifest."""
        record, parts = self.record, {self.folder / part["part"]: part for part in self.record["parts"]}
        record.setdefault("columns", table_columns(list(parts), len(self.table.columns)))
        write_manifest(self.folder, record)
        for path in give_same_columns(list(parts), record["columns"]):
            parts[path]["sha256"] = file_sha256(path)
            write_manifest(self.folder, record)
        record["files"] = [part["part"] for part in record["parts"]]
        record["rows"]["complete"] = True
        if self.table.count <= MOST_ROWS_IN_ONE_FILE:
            join_parts(list(parts), self.folder / "results.csv")
            record["files"].insert(0, "results.csv")
        if self.shown:
            _write_pages(self.folder, Batch(replace(self.table, count=self.shown), run.head), record)
        record["sha256"] = hashes_of(self.folder, [name for name in record["files"] if not name.startswith("results/")])
        write_manifest(self.folder, record)
