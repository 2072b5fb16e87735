"""Reading TOML tables with errors that name file, table, key and word; knows nothing about drugs."""

from __future__ import annotations

import hashlib
import math
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from pkpd.errors import DrugFileError, PkpdError, did_you_mean
from pkpd.library.evidence import GRADES, STATUSES, Source

__all__ = ["Table", "read_evidence", "read_sources", "read_toml"]

_REQUIRED: Any = object()


class Table:
    """A table of a TOML file that knows where it stands.

    Parameters
    ----------
    data : dict
        The parsed table.
    file : str
        Name of the file, for messages.
    path : str
        Dotted name of the table in the file; empty for the file itself.
    """

    __slots__ = ("data", "file", "path")
    #: Class of the errors; files of another kind have their own.
    fault: ClassVar[type[PkpdError]] = DrugFileError

    def __init__(self, data: dict[str, Any], file: str, path: str = "") -> None:
        self.data, self.file, self.path = data, file, path

    def __contains__(self, key: str) -> bool:
        return key in self.data

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    @property
    def where(self) -> str:
        """Where the table stands, for messages: `file [path]`."""
        return f"{self.file} [{self.path}]" if self.path else self.file

    def error(self, problem: str, expected: str, todo: str) -> PkpdError:
        """Make (not raise) the four-part error of something wrong in this table."""
        return self.fault(f"{self.where}: {problem}; expected {expected}. {todo.strip()}")

    def only(self, known: Collection[str]) -> None:
        """Refuse keys that are not in `known`, offering the nearest."""
        for key in self.data:
            if key not in known:
                hint = did_you_mean(key, known) or "Take it out, or correct its spelling."
                raise self.error(f"the key '{key}' is not known", f"one of {', '.join(sorted(known))}", hint)

    def _get(self, key: str, default: Any) -> Any:
        if key in self.data:
            return self.data[key]
        if default is _REQUIRED:
            hint = did_you_mean(key, self.data)
            todo = f"The table has '{hint[15:-2]}': is that the key?" if hint else f"Add {key} = ..."
            raise self.error(f"the key '{key}' is missing", f"'{key}' in this table", todo)
        return default

    def text(self, key: str, default: Any = _REQUIRED, *, choices: Collection[str] = ()) -> Any:
        """Read a text, one of `choices` if there are any; an absent key gives `default`, else an error."""
        value = self._get(key, default)
        if value is default and key not in self.data:
            return default
        if not isinstance(value, str):
            raise self.error(f"'{key}' is {value!r}", "a text in quotes", f'Write {key} = "...".')
        if choices and value not in choices:
            hint = did_you_mean(value, choices) or "Choose one of these."
            raise self.error(f"'{key}' is '{value}'", f"one of {', '.join(choices)}", hint)
        return value

    def texts(self, key: str, default: Any = ()) -> tuple[str, ...]:
        """Read a list of texts; one text alone counts as a list of one."""
        value = self._get(key, default)
        value = [value] if isinstance(value, str) else value
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
            raise self.error(f"'{key}' is {value!r}", "a list of texts", f'Write {key} = ["...", "..."].')
        return tuple(value)

    def number(self, key: str, default: Any = _REQUIRED) -> Any:
        """Read a finite number as float; an absent key gives `default`, else an error."""
        value = self._get(key, default)
        if value is default and key not in self.data:
            return default
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise self.error(f"'{key}' is {value!r}", "a finite number", f"Write {key} = 1.0, without quotes.")
        return float(value)

    def flag(self, key: str, default: bool = False) -> bool:
        """Read true or false."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise self.error(f"'{key}' is {value!r}", "true or false", f"Write {key} = true, without quotes.")
        return value

    def whole(self, key: str, choices: Collection[int]) -> int:
        """Read a whole number that is one of `choices`."""
        value = self._get(key, _REQUIRED)
        if isinstance(value, bool) or value not in choices:
            allowed = ", ".join(map(str, choices))
            raise self.error(f"'{key}' is {value!r}", f"one of {allowed}", "Choose one of these.")
        return int(value)

    def table(self, key: str, default: Any = _REQUIRED) -> Self:
        """Read the table below; with `default` None an absent one counts as empty."""
        value = self._get(key, {} if default is None else default)
        if not isinstance(value, dict):
            raise self.error(f"'{key}' is {value!r}", "a table", f"Write [{self._below(key)}] or {key} = {{ ... }}.")
        return type(self)(value, self.file, self._below(key))

    def tables(self, key: str) -> list[Self]:
        """Read an array of tables (none when the key is absent)."""
        value = self.data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.error(f"'{key}' is {value!r}", "an array of tables", f"Write [[{self._below(key)}]].")
        return [type(self)(item, self.file, f"{self._below(key)} {number}") for number, item in enumerate(value, 1)]

    def _below(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key


def read_toml(path: Path) -> tuple[Table, str]:
    """Read a TOML file.

    Returns
    -------
    tuple of (Table, str)
        The whole file and its SHA-256 in hexadecimal.

    Raises
    ------
    DrugFileError
        If the file is not there, not UTF-8, or breaks off.
    """
    try:
        content = path.read_bytes()
        data = tomllib.loads(content.decode("utf-8").replace("\r\n", "\n"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DrugFileError(
            f"{path}: the file cannot be opened ({reason}); expected a readable TOML file. Check the path."
        ) from None
    except UnicodeDecodeError as error:
        raise DrugFileError(
            f"{path.name}: byte {error.start} is not UTF-8; expected a text in UTF-8. Save the file in that encoding."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise DrugFileError(
            f"{path.name}: the TOML is broken or breaks off ({error}); expected a complete TOML file. Look at the "
            "place named for an unclosed bracket, quote or table."
        ) from None
    return Table(data, path.name), hashlib.sha256(content).hexdigest()


def read_sources(top: Table) -> Mapping[str, Source]:
    """Read the ``[sources]`` table of a file."""
    table = top.table("sources", None)
    known = ("cite", "doi", "pmid", "pmcid", "status", "via", "note")
    sources = {}
    for key in table:
        entry = table.table(key)
        entry.only(known)
        facts = {name: entry.text(name, "") for name in known if name != "cite"}
        sources[key] = Source(key=key, cite=entry.text("cite"), **facts)
    return sources


def read_evidence(table: Table, sources: Mapping[str, Source], *, grade: bool = True) -> tuple[str, str, str]:
    """Read and check source, status and grade of a table; returns them in this order."""
    keys = table.texts("source") if "source" in table else ()
    if not keys:
        raise table.error(
            "the key 'source' is missing", "a key of [sources] behind every number", 'Add source = "..." to it.'
        )
    for key in keys:
        if key not in sources:
            hint = did_you_mean(key, sources) or "Add it to [sources]."
            raise table.error(f"the source '{key}' is not in [sources]", "a key of that table", hint)
    status = table.text("status", choices=STATUSES)
    default: Any = _REQUIRED if grade else ""
    return "; ".join(keys), status, table.text("grade", default, choices=GRADES)
