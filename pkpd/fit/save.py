"""A fit as a folder: its tables, its report, the data and every option, so that it can be read and run again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pkpd import __version__

if TYPE_CHECKING:
    import pandas as pd

    from pkpd.fit.result import Fit

__all__ = ["data_hash", "save"]


def save(fit: Fit, folder: str | Path) -> Path:
    """Write the tables as CSV, the report as text, the data with their units and the options as JSON.

    Returns
    -------
    pathlib.Path
        The folder.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    for name in ("params", "predictions", "subjects", "left_out", "assumptions"):
        getattr(fit, name).to_csv(target / f"{name}.csv", index=False)
    (target / "report.txt").write_text(fit.report(), encoding="utf-8")
    _write_data(fit, target / "data.csv")
    manifest = {
        "pkpd": __version__,
        "call": 'pkpd.fit("data.csv", **options)',
        "options": {name: _plain(value) for name, value in fit.options.items()},
        "data": {"source": fit.data.source, "sha256": data_hash(fit.data.frame), "units": dict(fit.data.units)},
        "result": {"ofv": fit.ofv, "aic": fit.aic, "bic": fit.bic, "success": fit.success, "message": fit.message},
        "warnings": list(fit.warnings),
    }
    (target / "fit.json").write_text(json.dumps(manifest, indent=2, allow_nan=True) + "\n", encoding="utf-8")
    return target


def data_hash(frame: pd.DataFrame) -> str:
    """Return the SHA-256 of a table as CSV."""
    return hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest()


def _write_data(fit: Fit, path: Path) -> None:
    """The data with their standard names; units stand in a comment that `read_data` reads."""
    units = ", ".join(f"{name}={text}" for name, text in fit.data.units.items())
    head = f"# units: {units}\n" if units else ""
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(head)
        fit.data.frame.to_csv(file, index=False)


def _plain(value: Any) -> Any:
    """An option as JSON holds it."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | None) else repr(value)
