"""`pkpd doctor`: is the installation whole, does the library load, and what is missing."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from importlib import metadata, util
from typing import NamedTuple

from pkpd.cli.shared import add_json, print_json, text_table
from pkpd.errors import PkpdError

HELP = "check the installation and the library, and say what is missing"
EXAMPLES = """examples:
  pkpd doctor
  pkpd doctor --json"""

_NEEDED = ("numpy", "scipy", "pandas", "lmfit", "matplotlib", "numba", "tqdm")
_OPTIONAL = {
    "pyarrow": "Parquet files; without it profiles are written as CSV (install pkpd[parquet])",
    "dask": "work across machines (install pkpd[cluster])",
    "distributed": "work across machines (install pkpd[cluster])",
}


class Finding(NamedTuple):
    """One thing that was looked at; `state` is ok, missing (nothing depends on it) or error."""

    what: str
    state: str
    detail: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `pkpd doctor`."""
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Look at everything, print it, and return 1 if something needed is broken."""
    findings = [_python(), *_packages(), *_library(), _cache(), _kernel()]
    if arguments.json:
        print_json([finding._asdict() for finding in findings])
    else:
        print(text_table(("what", "state", "detail"), [tuple(finding) for finding in findings]))
    broken = [finding for finding in findings if finding.state == "error"]
    if broken and not arguments.json:
        print(f"{len(broken)} problem(s); the lines with state error say what to do.")
    return 1 if broken else 0


def _python() -> Finding:
    import pkpd

    good = sys.version_info >= (3, 11)
    detail = (
        f"pkpd {pkpd.__version__}, {platform.python_implementation()} {platform.python_version()}, {sys.executable}"
    )
    return Finding("python", "ok" if good else "error", detail if good else f"{detail}; install Python 3.11 or newer")


def _packages() -> list[Finding]:
    findings = []
    for name in (*_NEEDED, *_OPTIONAL):
        if util.find_spec(name) is not None:
            findings.append(Finding(name, "ok", metadata.version(name)))
        elif name in _OPTIONAL:
            findings.append(Finding(name, "missing", f"optional: {_OPTIONAL[name]}"))
        else:
            findings.append(Finding(name, "error", "needed; install pkpd again with pip"))
    return findings


def _library() -> list[Finding]:
    from pkpd.library.catalogue import list_drugs, list_genes, load_drug, load_gene, load_interactions

    findings = []
    for what, names, load in (("drug files", list_drugs(), load_drug), ("gene files", list_genes(), load_gene)):
        broken = []
        for name in names:
            try:
                load(name)
            except PkpdError as error:
                broken.append(str(error))
        if not names:
            broken.append("none are found; install pkpd again")
        findings.append(
            Finding(what, "error" if broken else "ok", "; ".join(broken) or f"{len(names)}: {', '.join(names)}")
        )
    try:
        findings.append(Finding("interactions", "ok", str(len(load_interactions()))))
    except PkpdError as error:
        findings.append(Finding("interactions", "error", str(error)))
    return findings


def _cache() -> Finding:
    from pkpd import compile_cache

    folder = compile_cache.prepare()
    stated = os.environ.get("PKPD_CACHE_DIR")
    if stated and os.path.realpath(stated) != os.path.realpath(folder.parent):
        return Finding("compiler cache", "error", f"PKPD_CACHE_DIR '{stated}' cannot be written; set another folder")
    return Finding("compiler cache", "ok", str(folder))


def _kernel() -> Finding:
    """One small simulation: does the compiled code run here?"""
    try:
        from pkpd.simulate import simulate

        peak = float(simulate("levetiracetam 1000 mg iv", until="1 h").metrics()["levetiracetam_cmax_mg_L"].iloc[0])
    except Exception as error:  # whatever it is, doctor is the place that reports it
        return Finding("engine", "error", f"{type(error).__name__}: {error}")
    return Finding("engine", "ok" if peak > 0 else "error", f"levetiracetam 1000 mg iv peaks at {peak:.1f} mg/L")
