"""The self-contained page of one solution: tables, pictures, orders, assumptions and warnings.

Repeats what was computed, rounded for reading; the files beside the page hold every digit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkpd.batch.results import summarise
from pkpd.pictures.solution import TITLES, svgs_of
from pkpd.report.page import definitions, page, paragraph, picture, section, table, time
from pkpd.report.tables import assumptions, metric_rows, orders, plain, seizure_cells, warning_list

if TYPE_CHECKING:
    from pkpd.solution import Solution

__all__ = ["solution_page"]


def solution_page(solution: Solution, *, title: str | None = None) -> str:
    """The page of one solution.

    Parameters
    ----------
    solution : Solution
    title : str, optional
        Default: the regimen.

    Returns
    -------
    str
        HTML that needs no other file.
    """
    several = len(solution.ids) > 1
    header, rows = metric_rows(solution)
    parts: list[str] = [
        definitions(
            {
                "regimen": str(solution.regimen) or "none",
                "until": time(solution.until_h),
                "subjects": len(solution.ids),
                "evidence": solution.evidence,
                "seizure": solution.seizure,
            }
        )
    ]
    note = paragraph("Median and 5th to 95th percentile over the subjects.", "quiet") if several else ""
    parts.append(section("Result", table(header, rows, numeric=range(1, len(header))), note))
    cells = seizure_cells(summarise(solution))
    if cells:
        parts.append(section("Seizure and risk", table(("", "value"), cells, numeric=[1]), note))
    for name, svg in svgs_of(solution).items():
        parts.append(section(TITLES[name], picture(svg, TITLES[name], name)))
    parts.append(section("Orders of the first subject", orders(solution)))
    parts.append(section("Warnings", warning_list((warning, "") for warning in solution.warnings)))
    parts.append(section("Assumptions", *assumptions([("", solution.assumptions)])))
    parts.append(section("Versions", definitions({k: plain(v) for k, v in solution.provenance.items()})))
    return page(title or str(solution.regimen) or "Untreated", parts)
