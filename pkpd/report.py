"""Self-contained pages: of one solution, and of a batch with its table, pictures, assumptions and warnings.

Repeats what was computed, rounded for reading; the files beside the page hold every digit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.page import Html, definitions, page, paragraph, picture, section, table, text, time
from pkpd.picture import Picture, limits_of, svg_text
from pkpd.plot import Peak, peaks, profiles
from pkpd.report_tables import (
    METRICS,
    assumption_table,
    assumptions,
    drug_of,
    metric_cells,
    metric_rows,
    orders,
    plain,
    warning_list,
)

if TYPE_CHECKING:
    from pkpd.evaluate import Batch
    from pkpd.scenario_results import RowResult
    from pkpd.solution import Solution

__all__ = ["batch_page", "overview", "solution_page"]

_PEAKS_A_PICTURE = 40
_MOST_IN_OVERVIEW = 200
_NOT_SHOWN = ("scenario", "regimen", "until")


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
            }
        )
    ]
    note = paragraph("Median and 5th to 95th percentile over the subjects.", "quiet") if several else ""
    parts.append(section("Result", table(header, rows, numeric=range(1, len(header))), note))
    parts.append(
        section("Concentrations", picture(svg_text(profiles(solution, log=True)), "concentration against time", "p"))
    )
    parts.append(section("Orders of the first subject", orders(solution)))
    parts.append(section("Warnings", warning_list((warning, "") for warning in solution.warnings)))
    parts.append(section("Assumptions", *assumptions([("", solution.assumptions)])))
    parts.append(section("Versions", definitions({k: plain(v) for k, v in solution.provenance.items()})))
    return page(title or str(solution.regimen) or "Untreated", parts)


def batch_page(batch: Batch, pictures: Mapping[str, str], record: Mapping[str, Any]) -> str:
    """The page of a batch.

    Parameters
    ----------
    batch : Batch
    pictures : mapping of str to str
        File name to SVG text: overviews, and one a shown scenario.
    record : mapping
        The manifest.

    Returns
    -------
    str
        HTML that needs no other file.
    """
    title = _title(batch.table.where)
    shown = [result for result in batch.results if result.shown is not None]
    names = [name.strip() for name in batch.table.column("scenario")]
    by_number = {int(name[8:12]): svg for name, svg in pictures.items() if name[8:12].isdigit()}
    overviews = [svg for name, svg in pictures.items() if name.startswith("figures/overview")]
    drawn = [picture(svg, "peak concentrations against the range", f"o{place}") for place, svg in enumerate(overviews)]
    articles = [
        _scenario(batch, result, names[result.position], by_number.get(result.position + 1)) for result in shown
    ]
    assumed = [(names[r.position], r.shown.assumptions) for r in shown if r.shown is not None]
    listed = batch.results[:_MOST_IN_OVERVIEW] if len(shown) < _MOST_IN_OVERVIEW else batch.results[: len(shown)]
    return page(
        title,
        [
            _summary(record, len(shown)),
            Html(
                '<nav><a href="#results">Results</a><a href="#peaks">Peaks</a><a href="#scenarios">Scenarios</a>'
                '<a href="#warnings">Warnings</a><a href="#assumptions">Assumptions</a>'
                '<a href="#versions">Versions</a></nav>'
            ),
            section("Results", _main_table(names, listed, record), anchor="results"),
            section("Peaks against the range", Html(f'<div class="grid">{"".join(drawn)}</div>'), anchor="peaks"),
            section("Scenarios", *articles, anchor="scenarios"),
            section(
                "Warnings",
                warning_list((w, names[r.position]) for r in batch.results for w in r.warnings),
                anchor="warnings",
            ),
            section("Assumptions and evidence", *assumptions(assumed), anchor="assumptions"),
            section("Input and versions", _versions(record), anchor="versions"),
        ],
    )


def _title(where: str) -> str:
    """``data/scenarios/status_epilepticus.csv`` reads "Status epilepticus"."""
    stem = re.sub(r"\.\w+$", "", re.split(r"[/\\]", where)[-1]).replace("_", " ").strip()
    return stem[:1].upper() + stem[1:] or "Scenarios"


def _summary(record: Mapping[str, Any], shown: int) -> Html:
    rows = record["rows"]
    said = f"{rows['run']} scenarios: {rows['ok']} ok, {rows['error']} with an error."
    if not rows["complete"]:
        said += f" The run was interrupted: {record['input']['rows'] - rows['run']} more rows were not run."
    if shown < rows["ok"]:
        said += f" Profiles and pictures cover the first {shown}; {_where_all_are(record)} holds all."
    return paragraph(
        said
        + " Question: which concentrations does each regimen reach in plasma and brain in this patient, how do they "
        "stand against the therapeutic range, and which assumptions and evidence carry the answer?"
    )


def _where_all_are(record: Mapping[str, Any]) -> str:
    return "results.csv" if "results.csv" in record["files"] else "the folder results/"


def _main_table(names: Sequence[str], results: Sequence[RowResult], record: Mapping[str, Any]) -> Html:
    rows: list[list[object]] = []
    for result in results:
        name = names[result.position]
        label = text(name).replace("_", "_<wbr>")  # long names break where words end
        label = Html(f'<a href="#s{result.position + 1}">{label}</a>' if result.shown is not None else label)
        if result.reason:
            rows.append([label, Html('<span class="bad">error</span>'), result.reason])
            continue
        cells = list(metric_cells(result.values)) or [("no drug", [""] * len(METRICS))]
        for place, (drug, values) in enumerate(cells):
            status = Html('<span class="good">ok</span>') if place == 0 else ""
            rows.append([label if place == 0 else "", status, drug, *map(_two_lines, values)])
    made = table(["scenario", "status", "drug", *(m[1] for m in METRICS)], rows, numeric=range(3, 3 + len(METRICS)))
    more = (
        paragraph(f"The first {len(results)} of {total} rows; {_where_all_are(record)} holds all.", "quiet")
        if (total := record["rows"]["run"]) > len(results)
        else ""
    )
    return Html(
        made
        + more
        + paragraph(
            "Total plasma concentrations unless said otherwise; several subjects: median (5th–95th percentile). "
            "“Time in range” counts the time within the drug's default range.",
            "quiet",
        )
    )


def _two_lines(cell: str) -> Html:
    """A median with its percentiles below, which keeps the table narrow."""
    middle, mark, rest = cell.partition(" (")
    return Html(f"{text(middle)}<br><small>({text(rest)}</small>") if mark else text(cell)


def _in_words(drug: str, values: Sequence[str]) -> Html:
    """The metrics of a drug as a line that needs no table, for narrow screens."""
    said = [f"{title} {value}" for (_, title, _), value in zip(METRICS, values) if value not in ("", "–")]
    return Html(f"<strong>{text(drug)}</strong>: {text('; '.join(said))}")


def _scenario(batch: Batch, result: RowResult, name: str, svg: str | None) -> str:
    """One scenario: what was asked, the picture, and the effects of genes and other drugs."""
    assert result.shown is not None  # the caller chose the rows that have one
    cells = dict(zip(batch.table.names, batch.table.rows[result.position].cells))
    notes = [cells[key] for key in ("note", "why", "question", "comment") if cells.get(key)]
    others = {
        k: v for k, v in cells.items() if v.strip() and k not in (*_NOT_SHOWN, "note", "why", "question", "comment")
    }
    parts = [f"<h3>{text(name)}</h3>", *(paragraph(note) for note in notes)]
    parts.append(paragraph(Html(f"<code>{text(cells['regimen'] or 'none')}</code> until {text(cells['until'])}")))
    if others:
        parts.append(paragraph("; ".join(f"{key} {value}" for key, value in others.items()), "quiet"))
    parts += [paragraph(_in_words(drug, values)) for drug, values in metric_cells(result.values)]
    if svg:
        parts.append(picture(svg, f"concentrations of {name}", f"s{result.position + 1}"))
    effects = result.shown.assumptions
    effects = effects[effects["action"].isin(["applied", "withheld"])] if len(effects) else effects
    if len(effects):
        parts.append(assumption_table(effects.drop(columns="id").drop_duplicates()))
    if result.warnings:
        parts.append(warning_list((warning, "") for warning in result.warnings))
    return f'<article id="s{result.position + 1}">' + "\n".join(parts) + "</article>"


def _versions(record: Mapping[str, Any]) -> Html:
    given = record["input"]
    return definitions(
        {
            "input": given["path"],
            "sha256 of the input": given["sha256"],
            "pkpd": record["pkpd"],
            "Python": record["python"],
            "packages": ", ".join(f"{name} {version}" for name, version in record["packages"].items()),
            "seeds": ", ".join(record["seeds"][:20]) + (", …" if len(record["seeds"]) > 20 else ""),
            "options": ", ".join(f"{name} {value}" for name, value in record["options"].items()),
            "library files (sha256)": ", ".join(
                f"{name} {hash_[:12]}" for name, hash_ in record["library_sha256"].items()
            ),
        }
    )


def overview(batch: Batch) -> dict[str, Picture]:
    """Peaks of each drug against its range, by file stem; 40 scenarios a picture, of the first 200 rows.

    Parameters
    ----------
    batch : Batch

    Returns
    -------
    dict of str to Picture
    """
    from pkpd.library.catalogue import list_drugs, load_drug

    names = [name.strip() for name in batch.table.column("scenario")]
    rows: dict[str, list[Peak]] = {}
    for result in batch.results[:_MOST_IN_OVERVIEW]:
        for name, value in result.values.items():
            drug = drug_of(name)
            if drug is not None and np.isfinite(value):
                key = f"{drug}_cmax_mg_L"
                least, most = (result.values.get(f"{key}{mark}", value) for mark in ("_p05", "_p95"))
                rows.setdefault(drug, []).append(Peak(names[result.position], least, value, most))
    made = {}
    known = list_drugs()
    for drug, all_peaks in rows.items():
        stated = load_drug(drug).default_range if drug in known else None
        low, high = limits_of(stated) if stated else (None, None)
        label = stated.label if stated else ""
        for start in range(0, len(all_peaks), _PEAKS_A_PICTURE):
            stem = f"overview_{drug}" + (
                f"_{start // _PEAKS_A_PICTURE + 1}" if len(all_peaks) > _PEAKS_A_PICTURE else ""
            )
            chosen = all_peaks[start : start + _PEAKS_A_PICTURE]
            made[stem] = peaks(drug, chosen, low=low, high=high, label=label)
    return made
