"""What another person needs to get the same fit: versions, hashes, options, and the line that runs it again."""

from __future__ import annotations

import hashlib
import math
import platform
import shlex
from collections.abc import Mapping
from importlib import metadata, util
from typing import TYPE_CHECKING, Any

import pkpd
from pkpd.dataset.columns import covariate_columns
from pkpd.research_use import RESEARCH_USE
from pkpd.result_files import json_value

if TYPE_CHECKING:
    from pkpd.fit.result import Fit

__all__ = ["DATA", "data_text", "manifest", "rerun"]

#: The copy of the data in the folder.
DATA = "fitted_data.csv"
_PACKAGES = ("numpy", "scipy", "pandas", "lmfit", "numba", "matplotlib")
#: Options that change no number, and those that are said otherwise.
_SILENT = ("workers", "cluster", "progress", "units", "columns", "model")
_DEFAULTS: Mapping[str, Any] = {
    "method": "individual", "error": "proportional", "interval": "wald", "n_boot": 200, "blq": "M1", "ties": "record",
    "check": True,
}  # fmt: skip


def manifest(fit: Fit, files: list[str]) -> dict[str, Any]:
    """Return the record of a fit.

    Parameters
    ----------
    fit : Fit
    files : list of str
        Names of what stands beside it.
    """
    model = fit.fitted.setup.model if fit.fitted is not None else None
    drug = model.cohort.known.drug if model is not None and model.cohort is not None else None
    text = data_text(fit)
    return {
        "pkpd": pkpd.__version__,
        "use": RESEARCH_USE,
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in _PACKAGES if util.find_spec(name) is not None},
        "rerun": rerun(fit),
        "input": {
            "name": fit.data.source,
            "rows": len(fit.data),
            "units": dict(fit.data.units),
            "columns": dict(fit.data.covariates),
            "copy": DATA,
            "copy_sha256": hashlib.sha256(text.encode()).hexdigest(),
        },
        "library_sha256": {} if drug is None else {drug.name: drug.sha256},
        "model": fit.model,
        "options": {name: json_value(value) for name, value in _chosen(fit).items()},
        "seeds": [str(fit.options.get("seed") or 0)],
        "result": {
            "fits": len(fit.subjects),
            "failed": int((~fit.subjects["success"]).sum()),
            "ofv": json_value(fit.ofv),
            "aic": json_value(fit.aic),
            "bic": json_value(fit.bic),
            "success": fit.success,
            "message": fit.message,
        },
        "warnings": list(fit.warnings),
        "files": files,
    }


def data_text(fit: Fit) -> str:
    """Return the data as a file that `read_data` reads: standard names, and the units in a comment."""
    names = {label: name for name, label in fit.data.names.items()}
    units = ", ".join(f"{name}={text}" for name, text in fit.data.units.items())
    head = f"# copy of {fit.data.source}, as it was fitted\n" + (f"# units: {units}\n" if units else "")
    return head + fit.data.frame.rename(columns=names).to_csv(index=False, lineterminator="\n")


def _chosen(fit: Fit) -> dict[str, Any]:
    """The options that somebody set."""
    return {
        name: value
        for name, value in fit.options.items()
        if name not in _SILENT and value is not None and not (name in _DEFAULTS and value == _DEFAULTS[name])
    }


def rerun(fit: Fit) -> str:
    """Return the line that runs the fit again in its folder: a command, or Python where no command can say it."""
    columns = {str(label): meaning for label, meaning in fit.data.covariates.items()}
    known = covariate_columns(list(fit.data.frame.columns), None)
    more = {label: meaning for label, meaning in columns.items() if known.get(label) != meaning}
    model = fit.options.get("model", fit.model)
    options = _chosen(fit)
    try:
        words = ["pkpd", "fit", DATA, "--model", _word(model)]
        for name, value in options.items():
            words += (
                ["--no-check"] if name == "check" else [f"--{name.replace('_', '-')}", _FORMS.get(name, _word)(value)]
            )
        if more:
            words += ["--columns", _pairs(more)]
        return shlex.join([*words, "-o", "again/"])
    except _NotAWordError:
        said = "".join(f", {name}={value!r}" for name, value in options.items())
        said += f", columns={more!r}" if more else ""
        named = repr(model) if isinstance(model, str) else f"pkpd.{model!r}"
        return f"pkpd.fit({DATA!r}, {named}{said})"


class _NotAWordError(Exception):
    """An option has no form on the command line."""


def _word(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _NotAWordError
    return value if isinstance(value, str) else repr(value)


def _pairs(value: Any) -> str:
    if not isinstance(value, Mapping):
        return _word(value)
    return ",".join(f"{_word(name)}={_word(item)}" for name, item in value.items())


def _listed(value: Any) -> str:
    return _pairs(value) if isinstance(value, str | int | float | Mapping) else ",".join(_word(item) for item in value)


def _ranges(value: Any) -> str:
    def end(limit: float | None) -> str:
        return "" if limit is None or math.isinf(limit) else _word(limit)

    return _pairs({name: ":".join(end(limit) for limit in pair) for name, pair in value.items()})


_FORMS = {
    "vary": _listed, "start": _pairs, "fixed": _pairs, "omega": _pairs, "sigma": _pairs, "bounds": _ranges,
    "dvid": _listed, "by": _listed,
}  # fmt: skip
