"""The manifest of a results folder: what another person needs to get the same numbers, and what a later run needs to
go on where an earlier one was ended."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata, util
from pathlib import Path
from typing import Any

from pkpd.batch.table import ScenarioTable
from pkpd.errors import ParameterError
from pkpd.identity import differences, identity
from pkpd.research_use import RESEARCH_USE
from pkpd.result_files import write_whole

__all__ = [
    "describe",
    "file_sha256",
    "hashes_of",
    "read_manifest",
    "refuse_other_run",
    "remove_earlier",
    "write_manifest",
]

MANIFEST = "manifest.json"
_PACKAGES = ("numpy", "scipy", "pandas", "numba", "matplotlib", "pyarrow")


def describe(table: ScenarioTable, options: Mapping[str, Any]) -> dict[str, Any]:
    """A manifest before any row is done: program, input, options."""
    program = identity()
    return {
        "pkpd": program["pkpd"],
        "use": RESEARCH_USE,
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in _PACKAGES if util.find_spec(name) is not None},
        "code_sha256": program["code"],
        "input": {"path": table.where, "sha256": table.sha256, "rows": table.count},
        "library_sha256": {},
        "library_files_sha256": program["library"],
        "seeds": list(table.seeds) or [str(options.get("seed") or 0)],
        "options": dict(options),
        "rows": {"run": 0, "ok": 0, "error": 0, "complete": False},
        "files": [],
        "sha256": {},
    }


def write_manifest(folder: Path, record: Mapping[str, Any]) -> None:
    """Write the manifest; when the function returns, the disk has it."""
    text = json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    write_whole(folder / MANIFEST, lambda place: place.write_text(text, encoding="utf-8"), durable=True)


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of an earlier run, or None where there is none.

    Raises
    ------
    ParameterError
        If there is one that cannot be read.
    """
    path = folder / MANIFEST
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(record["input"], dict) or not isinstance(record["rows"], dict):
            raise TypeError
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise ParameterError(
            f"'{path}': this is not a manifest that can be read; expected the one that a run writes. Delete it, or "
            "choose another folder."
        ) from None
    return dict(record)


def refuse_other_run(
    folder: Path, record: Mapping[str, Any], table: ScenarioTable, options: Mapping[str, Any], suffix: str
) -> None:
    """Refuse to go on with a run of another input, other options, or another program, and say which it is.

    Raises
    ------
    ParameterError
    """
    given = record["input"]
    if given.get("sha256") != table.sha256:
        raise ParameterError(
            f"resume: the input '{table.where}' is not the one with which the run in '{folder}' began "
            f"('{given.get('path')}', {given.get('rows')} rows){_where_changed(record, table)}; expected the same "
            "input. Restore it, or run into another folder."
        )
    # Of two versions of pyarrow the files differ, not the numbers; the promise is the same bytes.
    writing = {"pyarrow": metadata.version("pyarrow")} if suffix == "parquet" else {}
    here = {**identity(), "packages": {**identity()["packages"], **writing}}
    there = {
        "pkpd": record.get("pkpd"),
        "code": record.get("code_sha256"),
        "library": record.get("library_files_sha256", {}),
        "packages": {name: record.get("packages", {}).get(name) for name in here["packages"]},
    }
    found = differences(there, here)
    if found:
        raise ParameterError(
            f"resume: the run in '{folder}' was begun by another program: {'; '.join(found[:5])}; expected the same "
            "program, or its parts would not fit together. Finish it with the program that began it, or run into "
            "another folder."
        )
    wanted = {**options, "format": suffix}
    began = {**record.get("options", {}), "format": record.get("format", suffix)}
    for name in wanted:
        if began.get(name) != wanted[name]:
            raise ParameterError(
                f"resume: the option {name} is '{wanted[name]}', but the run in '{folder}' began with "
                f"'{began.get(name)}'; expected the same options. Give that one, or run into another folder."
            )


def _where_changed(record: Mapping[str, Any], table: ScenarioTable) -> str:
    """The first part whose rows differ, in words."""
    for part, span in zip(record.get("parts", ()), table.spans):
        if part["input_sha256"] != span.sha256:
            return f"; the first difference is in rows {part['first']} to {part['last']}"
    return ""


def remove_earlier(folder: Path) -> None:
    """Delete what an earlier run wrote here, as its manifest lists it: old pictures beside new results mislead."""
    try:
        record = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        names = [*record["files"], *(part["part"] for part in record.get("parts", ()))]
    except (OSError, ValueError, KeyError, TypeError):
        return
    for name in [*names, MANIFEST]:
        path = folder / str(name)
        if folder.resolve() in path.resolve().parents:
            path.unlink(missing_ok=True)


def file_sha256(path: Path) -> str:
    """sha256 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hashes_of(folder: Path, files: Sequence[str]) -> dict[str, str]:
    """sha256 of the files that are not pictures."""
    return {name: file_sha256(folder / name) for name in files if not name.startswith("figures/")}
