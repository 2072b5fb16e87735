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
  pkpd doctor --json

states: ok; missing (optional: the rest works without it); error (the last column says what to do).
exit codes: 0 sound; 1 something needed is broken"""

_NEEDED = {
    "numpy": "arrays",
    "scipy": "statistics, numerical routines",
    "pandas": "tables",
    "lmfit": "pkpd fit",
    "matplotlib": "pictures",
    "numba": "compiles the engine",
    "tqdm": "progress bars",
}
_OPTIONAL = {
    "pyarrow": ("Parquet files", "without it profiles are written as CSV; install pkpd[parquet]"),
    "dask": ("--cluster", "work across machines; install pkpd[cluster]"),
    "distributed": ("--cluster", "work across machines; install pkpd[cluster]"),
    "shtab": ("--print-completion", "completion in the shell; install pkpd[completion]"),
}


class Finding(NamedTuple):
    """One thing that was looked at; `state` is ok, missing (optional) or error; `purpose` is what needs it."""

    what: str
    state: str
    purpose: str
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
        print(text_table(("what", "state", "needed for", "found, or what to do"), [tuple(each) for each in findings]))
    broken = [finding for finding in findings if finding.state == "error"]
    if not arguments.json:
        print(_verdict(broken, [finding.what for finding in findings if finding.state == "missing"]))
    return 1 if broken else 0


def _verdict(broken: list[Finding], missing: list[str]) -> str:
    """What the table means, in a sentence."""
    if broken:
        many = f"{len(broken)} problem{'' if len(broken) == 1 else 's'}"
        return f"{many} ({', '.join(finding.what for finding in broken)}): the last column says what to do."
    optional = f" Missing are {', '.join(missing)}, which only what they are needed for misses." if missing else ""
    return f"The installation is sound: every verb works.{optional}"


def _python() -> Finding:
    import pkpd

    good = sys.version_info >= (3, 11)
    detail = (
        f"pkpd {pkpd.__version__}, {platform.python_implementation()} {platform.python_version()}, {sys.executable}"
    )
    return Finding(
        "python", "ok" if good else "error", "everything", detail if good else f"{detail}; install Python 3.11 or newer"
    )


def _packages() -> list[Finding]:
    findings = []
    needed = {name: (purpose, "") for name, purpose in _NEEDED.items()}
    for name, (purpose, without) in (needed | _OPTIONAL).items():
        if util.find_spec(name) is not None:
            findings.append(Finding(name, "ok", purpose, metadata.version(name)))
        elif without:
            findings.append(Finding(name, "missing", purpose, f"optional: {without}"))
        else:
            findings.append(Finding(name, "error", purpose, "it is missing; install pkpd again with pip"))
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
        use = "models, routes, ranges" if what == "drug files" else "genotypes"
        said = "; ".join(broken) or f"{len(names)}: {', '.join(names)}"
        findings.append(Finding(what, "error" if broken else "ok", use, said))
    try:
        findings.append(Finding("interactions", "ok", "comedication", f"{len(load_interactions())} of pairs of drugs"))
    except PkpdError as error:
        findings.append(Finding("interactions", "error", "comedication", str(error)))
    return findings


def _cache() -> Finding:
    from pkpd import compile_cache

    use = "fast starts"
    folder = compile_cache.prepare()
    stated = os.environ.get("PKPD_CACHE_DIR")
    if stated and os.path.realpath(stated) != os.path.realpath(folder.parent):
        return Finding(
            "compiler cache", "error", use, f"PKPD_CACHE_DIR '{stated}' cannot be written; set another folder"
        )
    return Finding("compiler cache", "ok", use, str(folder))


def _kernel() -> Finding:
    """One small simulation: does the compiled code run here?"""
    try:
        from pkpd.simulate import simulate

        peak = float(simulate("levetiracetam 1000 mg iv", until="1 h").metrics()["levetiracetam_cmax_mg_L"].iloc[0])
    except Exception as error:  # whatever it is, doctor is the place that reports it
        said = f"{type(error).__name__}: {error}. Install pkpd again; if it stays, report this line"
        return Finding("engine", "error", "every number", said)
    said = f"levetiracetam 1000 mg iv peaks at {peak:.1f} mg/L"
    return Finding("engine", "ok" if peak > 0 else "error", "every number", said)
