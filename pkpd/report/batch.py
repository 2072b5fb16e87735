"""The self-contained page of a batch: results, pictures, each scenario, assumptions, warnings, versions.

Repeats what was computed, rounded for reading; the files beside the page hold every digit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pkpd.pictures.solution import TITLES
from pkpd.report.page import Html, breakable, definitions, page, paragraph, picture, section, table, text
from pkpd.report.tables import (
    METRICS,
    METRICS_NOTE,
    SEIZURE_METRICS,
    assumption_table,
    assumptions,
    metric_cells,
    seizure_cells,
    seizure_note,
    two_lines,
    warning_list,
)

if TYPE_CHECKING:
    from pkpd.batch.results import RowResult
    from pkpd.batch.run import Batch

__all__ = ["batch_page"]

_MOST_LISTED, _MOST_QUESTIONS = 200, 20
#: What these files assume of every seizure or infusion alike stands once, under the assumptions of all scenarios.
_OF_ALL = ("receptors.toml", "pris.toml")
_NOT_SHOWN = ("scenario", "regimen", "until")


def batch_page(batch: Batch, pictures: Mapping[str, str], record: Mapping[str, Any]) -> str:
    """The page of a batch.

    Parameters
    ----------
    batch : Batch
    pictures : mapping of str to str
        Title to SVG text of the pictures of the whole table.
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
    drawn = [picture(svg, label, f"o{place}") for place, (label, svg) in enumerate(pictures.items())]
    articles = [_scenario(batch, result, names[result.position]) for result in shown]
    assumed = [(names[r.position], r.shown.assumptions) for r in shown if r.shown is not None]
    listed = batch.results[:_MOST_LISTED] if len(shown) < _MOST_LISTED else batch.results[: len(shown)]
    seizing = any(result.values.get("seizure_stopped") is not None for result in listed)
    return page(
        title,
        [
            _summary(record, len(shown), seizing),
            *_questions(batch),
            Html(
                '<nav><a href="#results">Results</a><a href="#peaks">Overview</a><a href="#scenarios">Scenarios</a>'
                '<a href="#warnings">Warnings</a><a href="#assumptions">Assumptions</a>'
                '<a href="#versions">Versions</a></nav>'
            ),
            section("Results", _main_table(names, listed, record), *_seizure_table(names, listed), anchor="results"),
            section("Overview", Html(f'<div class="grid">{"".join(drawn)}</div>'), anchor="peaks"),
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


def _summary(record: Mapping[str, Any], shown: int, seizing: bool) -> Html:
    rows = record["rows"]
    said = f"{rows['run']} scenarios: {rows['ok']} ok, {rows['error']} with an error."
    if not rows["complete"]:
        said += f" The run was interrupted: {record['input']['rows'] - rows['run']} more rows were not run."
    if shown < rows["ok"]:
        said += f" Profiles and pictures cover the first {shown}; {_where_all_are(record)} holds all."
    asked = "which concentrations does each regimen reach in plasma and brain in this patient, how do they stand "
    asked += "against the therapeutic range, "
    if seizing:
        asked += "does the seizure stop and how soon, "
    return paragraph(f"{said} Question: {asked}and which assumptions and evidence carry the answer?")


def _questions(batch: Batch) -> list[Html]:
    """The questions that a table states in a column of that name, with their number of rows."""
    if "question" not in batch.table.names:
        return []
    counted = Counter(question.strip() for question in batch.table.column("question") if question.strip())
    asked = "".join(f"<li>{text(question)} ({count})</li>" for question, count in counted.items())
    if not 0 < len(counted) <= _MOST_QUESTIONS:
        return []
    return [paragraph("The table asks, with the number of its rows:"), Html(f"<ul>{asked}</ul>")]


def _where_all_are(record: Mapping[str, Any]) -> str:
    return "results.csv" if "results.csv" in record["files"] else "the folder results/"


def _main_table(names: Sequence[str], results: Sequence[RowResult], record: Mapping[str, Any]) -> Html:
    rows: list[list[object]] = []
    for result in results:
        name = names[result.position]
        label = breakable(name)
        label = Html(f'<a href="#s{result.position + 1}">{label}</a>' if result.shown is not None else label)
        if result.reason:
            rows.append([label, Html('<span class="bad">error</span>'), result.reason])
            continue
        cells = list(metric_cells(result.values)) or [("no drug", [""] * len(METRICS))]
        for place, (drug, values) in enumerate(cells):
            status = Html('<span class="good">ok</span>') if place == 0 else ""
            rows.append([label if place == 0 else "", status, drug, *map(two_lines, values)])
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
            METRICS_NOTE + " Several subjects: median (5th–95th percentile).",
            "quiet",
        )
    )


def _seizure_table(names: Sequence[str], results: Sequence[RowResult]) -> list[Html]:
    """Outcome of the seizure and risk of propofol, for the scenarios that have them."""
    found = {result.position: dict(cells) for result in results if (cells := seizure_cells(result.values))}
    titles = [title for _, title, _ in SEIZURE_METRICS if any(title in cells for cells in found.values())]
    if not found:
        return []
    rows = [
        [breakable(names[place]), *(two_lines(cells.get(title, "")) for title in titles)]
        for place, cells in found.items()
    ]
    flags = "Several subjects: flags are the share of subjects, the others median (5th–95th percentile)."
    return [Html("<h3>Seizure and risk</h3>"), table(["scenario", *titles], rows, numeric=range(1, 1 + len(titles))),
            paragraph(seizure_note(titles) + flags, "quiet")]  # fmt: skip


def _in_words(drug: str, values: Sequence[str]) -> Html:
    """The metrics of a drug as a line that needs no table, for narrow screens."""
    said = [f"{title} {value}" for (_, title, _), value in zip(METRICS, values) if value not in ("", "–")]
    return Html(f"<strong>{text(drug)}</strong>: {text('; '.join(said))}")


def _scenario(batch: Batch, result: RowResult, name: str) -> str:
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
    if outcome := seizure_cells(result.values):
        parts.append(paragraph("; ".join(f"{title} {value}" for title, value in outcome)))
    drawn = [
        picture(svg, f"{TITLES[kind]} of {name}", f"s{result.position + 1}{kind}")
        for kind, svg in result.shown.svgs.items()
    ]
    parts.append(Html(f'<div class="grid">{"".join(drawn)}</div>'))
    effects = result.shown.assumptions
    if len(effects):
        effects = effects[effects["action"].isin(["applied", "withheld"]) & ~effects["source"].isin(_OF_ALL)]
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
