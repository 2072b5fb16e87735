"""`pkpd simulate`: one regimen in one patient or a population, from the words of the command line."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pkpd.cli.shared import (
    add_json,
    add_seed,
    is_folder,
    pairs,
    print_json,
    print_table,
    say,
    say_research_use,
    say_warning,
    text_table,
)
from pkpd.errors import ParameterError
from pkpd.research_use import RESEARCH_USE

if TYPE_CHECKING:
    from pkpd.solution import Solution

HELP = "simulate one regimen in one patient or a population"
EXAMPLES = """examples:
  pkpd simulate "midazolam 10 mg im" --patient age_y=30,weight_kg=80 --genotype 'CYP3A4=*1/*22' --until "8 h" -o out.csv
  pkpd simulate "lorazepam 4 mg iv; levetiracetam 60 mg/kg iv over 10 min at 20 min" --until "24 h" --plot out.png
  pkpd simulate "lorazepam 4 mg iv at 10 min; lorazepam 4 mg iv at 15 min if seizing" --seizure status --until "2 h"
  pkpd simulate "phenytoin 20 mg/kg iv over 30 min" --n 200 --seed 1 --until "48 h" -o results/
  pkpd simulate "midazolam 5 mg iv" --comedication "carbamazepine; rifampicin" --until "12 h" --json

Without -o the profile goes to stdout as CSV; the metrics are shown on stderr. A folder gets profile, metrics, page and
picture."""

_PICTURES = (".png", ".svg", ".pdf")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `pkpd simulate`."""
    parser.add_argument("regimen", metavar="REGIMEN", help="orders separated by ';', in quotes")
    parser.add_argument("--until", required=True, metavar="TIME", help="end of the simulation, such as '24 h'")
    parser.add_argument("--every", metavar="TIME", help="distance of the output times (default: 1 min up to 24 h)")
    parser.add_argument("--patient", metavar="NAME=VALUE,...", help="patient columns, such as age_y=30,weight_kg=80")
    parser.add_argument("--genotype", metavar="GENE=TEXT,...", help="such as 'CYP3A4=*1/*22,ABCB1=CC'")
    parser.add_argument("--comedication", metavar="DRUG;...", help="drugs taken before and throughout")
    parser.add_argument(
        "--n", type=int, default=1, metavar="N", help="number of subjects; 1 (default) is the typical patient"
    )
    parser.add_argument(
        "--models", metavar="DRUG=MODEL;...", help="model of a drug in place of the one its age class has"
    )
    parser.add_argument(
        "--evidence", default="established", metavar="LEVEL", help="established (default) or exploratory"
    )
    parser.add_argument(
        "--seizure", default="none", metavar="KIND", help="none (default), status, status-rodent, status-fast"
    )
    parser.add_argument("--onset", default="0 h", metavar="TIME", help="onset of the seizure, such as '-30 min'")
    parser.add_argument(
        "--condition",
        default="treatment",
        metavar="WORD",
        help="treatment (default: subjects that seize at the first order) or none",
    )
    add_seed(parser, "seed of the random streams (default 0)")
    parser.add_argument("-o", "--output", metavar="PATH", help="folder (ending in '/') or file .csv, .parquet, .json")
    parser.add_argument("--plot", metavar="PATH", help="picture: .png, .svg or .pdf")
    parser.add_argument(
        "--picture", default=None, metavar="NAME", help="what --plot shows: concentrations (default), receptors or pris"
    )
    add_json(parser, "print metrics, orders, assumptions and (without -o) the profile as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Simulate, and write what was asked for."""
    from pkpd.result_files import check_file, prepare_folder, write_table
    from pkpd.simulate import simulate

    output, folder = arguments.output, is_folder(arguments.output)
    if output:
        _ = prepare_folder(output) if folder else check_file(output)
    if arguments.picture and not arguments.plot:
        raise ParameterError(
            f"--picture: '{arguments.picture}' says what --plot shows, and there is no --plot; expected a file to draw "
            "it in. Add --plot picture.png."
        )
    if arguments.plot:
        check_file(arguments.plot, _PICTURES)
    _need_units(arguments)
    solution = simulate(
        arguments.regimen,
        _who(arguments),
        until=arguments.until,
        every=arguments.every,
        seizure=arguments.seizure,
        seizure_onset=arguments.onset,
        condition=arguments.condition,
        models=arguments.models,
        evidence=arguments.evidence,
        seed=arguments.seed,
    )
    if arguments.plot:
        solution.plot(arguments.picture or "concentrations").savefig(arguments.plot, dpi=150)
    if folder:
        _write_folder(Path(output), solution)
    elif output:
        write_table(solution.to_frame(), Path(output))
    if arguments.json:
        print_json(_everything(solution, with_profile=not output))
    elif not output:
        print_table(solution.to_frame())
    _say_summary(solution)
    return 0


def _need_units(arguments: argparse.Namespace) -> None:
    """Times of the command line are text, and a text carries its unit."""
    from pkpd.units import parse_time

    for name in ("until", "every", "onset"):
        text = getattr(arguments, name)
        if text is not None:
            parse_time(text, where=name)


def _who(arguments: argparse.Namespace) -> Any:
    """The patient or population of the command line."""
    from pkpd.patients.patient import Patient
    from pkpd.patients.population import population_of

    if arguments.n < 1:
        raise ParameterError(f"--n: '{arguments.n}' is not possible; expected a whole number from 1. Correct it.")
    values = pairs(arguments.patient, "--patient")
    genotype = pairs(arguments.genotype, "--genotype")
    # Cells of the command line are text as those of a file are; the patient reads both alike.
    patient = Patient(genotype=genotype, comedication=arguments.comedication, **values)
    return patient if arguments.n == 1 else population_of(patient, arguments.n, arguments.seed)


def _write_folder(folder: Path, solution: Solution) -> None:
    from pkpd.pictures.solution import svgs_of
    from pkpd.report.solution import solution_page
    from pkpd.result_files import write_table, write_text

    write_table(solution.metrics(), folder / "results.csv")
    write_table(solution.to_frame(), folder / "profiles.csv")
    write_table(solution.orders, folder / "orders.csv")
    write_table(solution.assumptions, folder / "assumptions.csv")
    (folder / "figures").mkdir(exist_ok=True)
    for name, svg in svgs_of(solution).items():
        write_text(svg, folder / "figures" / f"{name}.svg")
    write_text(solution_page(solution), folder / "report.html")


def _everything(solution: Solution, with_profile: bool) -> dict[str, Any]:
    content: dict[str, Any] = {
        "use": RESEARCH_USE,
        "metrics": solution.metrics().to_dict("records"),
        "orders": solution.orders.to_dict("records"),
        "assumptions": solution.assumptions.to_dict("records"),
        "warnings": list(solution.warnings),
        "provenance": solution.provenance,
    }
    if with_profile:
        content["profile"] = solution.to_frame().to_dict("list")
    return content


def _say_summary(solution: Solution) -> None:
    from pkpd.batch.results import summarise
    from pkpd.report.tables import metric_rows, seizure_cells

    header, rows = metric_rows(solution)
    if rows:
        say(text_table(header, rows))
    if cells := seizure_cells(summarise(solution)):
        say(text_table(("seizure and risk", ""), cells))
    for warning in solution.warnings:
        say_warning(warning)
    lines = solution.assumptions
    for item in lines[lines["action"] == "withheld"]["item"].drop_duplicates():
        say(f"pkpd: withheld: {item}")
    say_research_use()
