"""`pkpd fit`: concentrations in, parameters with their uncertainty, pictures and a page out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pkpd.cli.fit_words import fixed_values, kinds, limits, numbers, numbers_or_one
from pkpd.cli.shared import (
    add_data_options,
    add_json,
    add_seed,
    is_folder,
    names_of,
    pairs,
    print_json,
    say,
    say_research_use,
    worded,
)
from pkpd.research_use import RESEARCH_USE

if TYPE_CHECKING:
    from pkpd.fit import Fit

HELP = "fit a model to concentration data with NONMEM columns"
EXAMPLES = """examples:
  pkpd fit data/observed/midazolam.csv --model midazolam --method individual -o fit/
  pkpd fit data/observed/theophylline.csv --model "1cmt oral"            the report on stdout
  pkpd fit data.csv --model "2cmt" --method pooled --error combined -o params.csv
  pkpd fit data.csv --model "1cmt oral" --start CL=3,V=30,KA=1.5 --fixed F1=0.8 --bounds KA=0.1:10
  pkpd fit data.csv --model propofol --method map --units TIME=min,RATE=mg/min -o map/
  pkpd fit levels.csv --model "1cmt" --method map --start CL=5,V=50 --omega CL=0.09,V=0.04 --sigma 0.02

MODEL: a drug or a model of `pkpd drugs`, or a short form: 1cmt, 2cmt, 3cmt, with "oral", with "mm" (saturable).
The folder gets the tables, report.html (opens offline), pictures, a copy of the data, and manifest.json with the line
that runs the fit again.
exit codes: 0 all fitted; 1 some subjects were not fitted or did not converge; 2 wrong usage or unusable data"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `pkpd fit`."""
    parser.add_argument("file", metavar="FILE", help="data set: CSV, tab or blanks, in UTF-8")
    parser.add_argument(
        "--model", metavar="MODEL", required=True, help="drug, catalogue model, or a form such as '2cmt oral'"
    )
    parser.add_argument("-o", "--output", metavar="PATH", help="folder (ending in '/'), or a file for the estimates")
    add_json(parser, "print estimates, counts and warnings as JSON; with -o too")
    parser.add_argument("--log", action="store_true", help="logarithmic concentration axes in the pictures")
    how = parser.add_argument_group("how it is fitted")
    how.add_argument(
        "--method", metavar="WORD", default="individual", help="individual (default), pooled, two-stage, map"
    )
    how.add_argument(
        "--error", metavar="WORD", default="proportional", help="proportional (default), additive, combined, log"
    )
    how.add_argument(
        "--vary", metavar="LIST", help="parameters to estimate, such as CL,V1; default: those of the model"
    )
    how.add_argument("--start", metavar="LIST", help="where to begin, such as CL=3,V1=30; the program finds the others")
    how.add_argument("--fixed", metavar="LIST", help="held: a number or a column, such as F1=0.8,KA=KACOL")
    how.add_argument("--bounds", metavar="LIST", help="limits, such as KA=0.1:10,V1=3: (an end may be empty)")
    how.add_argument("--omega", metavar="LIST", help="map: prior variances of log parameters; default: the model's")
    how.add_argument("--sigma", metavar="VALUE", help="map: residual variance, or additive=..,proportional=..")
    how.add_argument("--ties", metavar="WORD", default="record", help="rows of one time: record (default), dose-first")
    sure = parser.add_argument_group("uncertainty")
    sure.add_argument("--interval", metavar="WORD", default="wald", help="wald (default), profile, bootstrap")
    sure.add_argument("--n-boot", type=int, metavar="N", default=200, help="bootstrap replicates (default 200)")
    add_seed(sure, "seed of the bootstrap (default 0)")
    sure.add_argument("--workers", type=int, metavar="N", help="threads of the bootstrap (default: all)")
    sure.add_argument(
        "--cluster", metavar="ADDRESS", help="bootstrap on the Dask cluster whose scheduler is there (tcp://host:8786)"
    )
    data = parser.add_argument_group("the data")
    add_data_options(data)
    data.add_argument("--dvid", metavar="LIST", help="kind of observation: 1, or 1,2, or 1=plasma,2=hydroxymidazolam")
    data.add_argument("--lloq", type=float, metavar="X", help="limit of quantification, in the unit of DV")
    data.add_argument("--blq", metavar="WORD", default="M1", help="below the limit: M1 (default), M3, M5, M6")
    data.add_argument("--no-check", action="store_true", help="fit in spite of errors that `pkpd check` finds")


def run(arguments: argparse.Namespace) -> int:
    """Fit the file and write the result."""
    from pkpd.fit import fit
    from pkpd.result_files import check_file, prepare_folder, write_table

    folder = is_folder(arguments.output)
    options = _options(arguments)
    place = None
    if arguments.output:
        place = Path(arguments.output)
        place = prepare_folder(place) if folder else check_file(place)
    found = fit(arguments.file, arguments.model, **options)
    if place is not None and folder:
        found.save(place, log=arguments.log)
    elif place is not None:
        write_table(found.params.assign(id=found.params["id"].astype(str)), place)
    if arguments.json:
        print_json(_everything(found))
    elif place is None:
        print(worded(found.report()), end="")
    _say_summary(found, arguments.output)
    return 0 if found.success else 1


def _options(given: argparse.Namespace) -> dict[str, Any]:
    """The keyword arguments of `pkpd.fit`."""
    return {
        "method": given.method,
        "error": given.error,
        "vary": given.vary,
        "start": numbers(given.start, "--start"),
        "fixed": fixed_values(given.fixed, "--fixed"),
        "bounds": limits(given.bounds, "--bounds"),
        "omega": numbers(given.omega, "--omega"),
        "sigma": numbers_or_one(given.sigma, "--sigma"),
        "interval": given.interval,
        "n_boot": given.n_boot,
        "lloq": given.lloq,
        "blq": given.blq,
        "dvid": kinds(given.dvid, "--dvid"),
        "by": names_of(given.by),
        "ties": given.ties,
        "units": pairs(given.units, "--units") or None,
        "columns": pairs(given.columns, "--columns") or None,
        "check": not given.no_check,
        "seed": given.seed,
        "workers": given.workers,
        "cluster": given.cluster,
    }


def _everything(found: Fit) -> dict[str, Any]:
    return {
        "use": RESEARCH_USE,
        "model": found.model,
        "method": found.method,
        "error": found.error,
        "success": found.success,
        "message": found.message,
        "ofv": found.ofv,
        "aic": found.aic,
        "bic": found.bic,
        "params": found.params.to_dict("records"),
        "subjects": found.subjects.to_dict("records"),
        "left_out": found.left_out.to_dict("records"),
        "warnings": list(found.warnings),
    }


def _say_summary(found: Fit, output: str | None) -> None:
    """How it went, for the person at the terminal; the report says the rest."""
    from pkpd.fit.summary import failures

    if output is not None:
        for who, why in failures(found)[:5]:
            say(f"pkpd: {who}: {why}")
    n, done = len(found.subjects), int(found.subjects["success"].sum())
    fits = (
        "all subjects together in one fit"
        if found.method == "pooled"
        else f"{n} subject{'' if n == 1 else 's'}, {done} fitted"
    )
    n_warnings = len(found.warnings)
    warned = f", {n_warnings} warning{'' if n_warnings == 1 else 's'} in the report" if n_warnings else ""
    where = f" Results: {output}" if output else ""
    say(f"pkpd: {found.model}: {fits}, {n - done} failed{warned}.{where}")
    say_research_use()
