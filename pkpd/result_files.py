"""Result files: is the place writable, which formats there are, and how a file is written whole or not at all.

Every file is written beside its place and then moved there, so that an interrupted run leaves whole files only.
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
import signal
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pkpd.errors import ParameterError, did_you_mean
from pkpd.options import as_path

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FORMATS",
    "check_file",
    "json_value",
    "prepare_folder",
    "undisturbed",
    "write_table",
    "write_text",
    "write_whole",
]

FORMATS = (".csv", ".parquet", ".json")


def prepare_folder(path: str | os.PathLike[str]) -> Path:
    """Make the folder if need be, and make sure that it can be written before any work is done.

    Raises
    ------
    ParameterError
        If it cannot be made or written, or is a file.
    """
    folder = as_path(path, "output folder")
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
    file = as_path(path, "output")
    suffix = file.suffix.lower()
    if suffix not in formats:
        or_folder = ", or a folder ending in '/'" if formats == FORMATS else ""
        hint = f" For a folder, write '{path}/'." if or_folder and not suffix else did_you_mean(suffix, formats)
        raise ParameterError(
            f"output '{path}': the ending '{suffix}' is no known format; expected {', '.join(formats)}{or_folder}. "
            f"Change the ending.{hint}"
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
        write_whole(path, lambda place: frame.to_parquet(place, index=False))
    elif suffix == ".json":
        write_whole(path, lambda place: place.write_text(json_rows(frame) + "\n", encoding="utf-8"))
    else:
        write_whole(path, lambda place: frame.to_csv(place, index=False, lineterminator="\n", encoding="utf-8"))


def write_text(content: str, path: Path) -> None:
    """Write a text in UTF-8."""
    write_whole(path, lambda place: place.write_text(content, encoding="utf-8"))


def json_rows(frame: pd.DataFrame) -> str:
    """A table as a JSON list of rows; a missing value is null."""
    return frame.to_json(orient="records", double_precision=15, force_ascii=False, indent=1)


def json_value(value: Any) -> Any:
    """A value as JSON knows it: no NaN or infinity, which become null, no numpy types, no tuples."""
    if hasattr(value, "to_dict"):
        value = value.to_dict()
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(name): json_value(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [json_value(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ctrl-C waits while results are written: what is done shall not be lost by impatience."""
    try:
        earlier = signal.signal(signal.SIGINT, signal.SIG_IGN)
    except ValueError:  # not in the main thread: nobody can interrupt there
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, earlier)


def write_whole(path: Path, write: Callable[[Path], object], *, durable: bool = False) -> None:
    """Write beside the place, then move: readers see the old file or the new one, never half of it.

    Parameters
    ----------
    path : Path
    write : callable
        Writes a file at the path that it is given.
    durable : bool
        Return only when the disk has it, so that it also survives a power cut.

    Raises
    ------
    ParameterError
        If it cannot be written: the disk is full, or the folder is gone or may no longer be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(beside)
        if durable:
            _to_disk(beside)
        os.replace(beside, path)
        if durable and os.name == "posix":
            _to_disk(path.parent)
    except OSError as error:
        raise _cannot_write(path, error) from None
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _cannot_write(path: Path, error: OSError) -> ParameterError:
    why = (error.strerror or str(error)).lower()
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return ParameterError(
            f"output '{path}': the disk is full ({why}); expected room for the results. Free some space and run again; "
            "what was written before is whole."
        )
    return ParameterError(
        f"output '{path}': it cannot be written ({why}); expected a folder that stays there and can be written. Check "
        "the folder and its permissions, and run again; what was written before is whole."
    )
