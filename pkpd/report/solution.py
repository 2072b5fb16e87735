"""The self-contained page of one solution: tables, pictures, orders, assumptions and warnings.

Repeats what was computed, rounded for reading; the files beside the page hold every digit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkpd.batch.results import summarise
from pkpd.patients.columns import COLUMNS
from pkpd.pictures.solution import TITLES, svgs_of
from pkpd.report.page import Html, clock, definitions, page, paragraph, picture, section, table
from pkpd.report.tables import (
    METRICS_NOTE,
    assumptions,
    metric_rows,
    orders,
    plain,
    seizure_cells,
    seizure_note,
    two_lines,
    warning_list,
)
from pkpd.scenario import NO_SEIZURE

if TYPE_CHECKING:
    from pkpd.solution import Solution

__all__ = ["solution_page"]

_LONG_TITLE = 60
_QUESTION = (
    "Question: what does this regimen reach in plasma and brain, how does it stand against the therapeutic range and "
    "the seizure, and which assumptions and evidence carry the answer?"
)


def solution_page(solution: Solution, *, title: str | None = None) -> str:
    """The page of one solution.

    Parameters
    ----------
    solution : Solution
    title : str, optional
        Default: the regimen, or its drugs if it is long.

    Returns
    -------
    str
        HTML that needs no other file.
    """
    several = len(solution.ids) > 1
    header, found = metric_rows(solution)
    rows = [(drug, *map(two_lines, cells)) for drug, *cells in found]
    parts: list[str] = [paragraph(_QUESTION), definitions(_inputs(solution))]
    note = "Median and 5th to 95th percentile over the subjects. " if several else ""
    parts.append(
        section("Result", table(header, rows, numeric=range(1, len(header))), paragraph(note + METRICS_NOTE, "quiet"))
    )
    cells = seizure_cells(summarise(solution))
    if cells:
        made = table(("", "value"), cells, numeric=[1])
        parts.append(section("Seizure and risk", made, paragraph(note + seizure_note(dict(cells)), "quiet")))
    drawn = [
        f"<div><h3>{TITLES[name]}</h3>{picture(svg, TITLES[name], name)}</div>"
        for name, svg in svgs_of(solution).items()
    ]
    parts.append(section("Pictures", Html(f'<div class="grid">{"".join(drawn)}</div>')))
    parts.append(section("Orders of the first subject", orders(solution)))
    parts.append(section("Warnings", warning_list((warning, "") for warning in solution.warnings)))
    parts.append(section("Assumptions and evidence", *assumptions([("", solution.assumptions)])))
    versions = {name: plain(value) for name, value in solution.provenance.items() if name != "use"}
    parts.append(section("Versions", definitions(versions)))
    return page(title or _title(solution), parts)


def _title(solution: Solution) -> str:
    """The regimen, or its drugs where it is too long for a title."""
    regimen = str(solution.regimen)
    drugs = dict.fromkeys(dose.drug for dose in solution.regimen)
    return regimen if len(regimen) <= _LONG_TITLE else ", ".join(drugs)


def _inputs(solution: Solution) -> dict[str, object]:
    """What was asked, of whom, and under which assumptions on evidence and seizure."""
    several = len(solution.ids) > 1
    first = {
        name: plain(value)
        for name, value in vars(solution.patients[0]).items()
        if name in (*COLUMNS, "genotype", "comedication") and value not in (None, {}, ())
    }
    stated = "; ".join(f"{name} {value}" for name, value in first.items())
    seizing = f"{solution.seizure}, from {clock(solution.onset_h) if solution.onset_h else 'the start'}"
    return {
        "regimen": str(solution.regimen) or "none",
        "until": clock(solution.until_h),
        "subjects": len(solution.ids),
        "first subject" if several else "patient": stated or "nothing stated: the defaults below",
        "evidence": solution.evidence,
        "seizure": "none" if solution.seizure == NO_SEIZURE else seizing,
    }
