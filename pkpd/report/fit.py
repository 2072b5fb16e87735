"""The page of a fit: question, inputs, estimates, pictures, warnings, what was left out, assumptions, versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.fit.report import grouped_warnings
from pkpd.fit.summary import failures, head_rows, left_out_rows, spreads
from pkpd.pictures.fit import WHAT
from pkpd.report.page import Html, definitions, number, page, paragraph, picture, section, table, text
from pkpd.report.tables import assumptions, warning_list

if TYPE_CHECKING:
    import pandas as pd

    from pkpd.fit.result import Fit

__all__ = ["fit_page"]

#: The first so many entries of a list are shown; the files beside the page hold all.
MOST_SUBJECTS, MOST_LEFT_OUT = 200, 100
_QUESTION = (
    "Question: which parameters of this model describe the observed concentrations, how sure is each of them, and does "
    "the model describe the data?"
)


def fit_page(fit: Fit, pictures: Mapping[str, str], record: Mapping[str, Any], drawn: str = "") -> str:
    """Return the page of a fit.

    Parameters
    ----------
    fit : Fit
    pictures : mapping of str to str
        File name to SVG text.
    record : mapping
        The manifest.
    drawn : str
        Which pictures were left out, if any.

    Returns
    -------
    str
        HTML that needs no other file.
    """
    failed = failures(fit)
    parts = [
        paragraph(_QUESTION),
        definitions(dict(head_rows(fit))),
        Html(
            '<nav><a href="#estimates">Estimates</a><a href="#pictures">Pictures</a><a href="#warnings">Warnings</a>'
            '<a href="#left-out">Left out</a><a href="#assumptions">Assumptions</a><a href="#rerun">Run again</a></nav>'
        ),
        section("Estimates", *_estimates(fit), *_derived(fit), anchor="estimates"),
        section("Pictures", *_pictures(pictures, drawn), anchor="pictures"),
        section(
            "Warnings", warning_list((warning, "") for warning in grouped_warnings(fit.warnings)), anchor="warnings"
        ),
        section("Left out", *_left_out(fit, failed), anchor="left-out"),
        section("Assumptions", *assumptions([("", fit.assumptions)]), anchor="assumptions"),
        section("Run again", *_versions(record), anchor="rerun"),
    ]
    return page(f"{fit.model} fitted to {fit.data.source}", parts)


def _estimates(fit: Fit) -> list[Html]:
    """The main table: of a single fit with everything; of several over the subjects, then one row each."""
    if len(fit.subjects) == 1:
        return [_full(fit.params)]
    own = fit.params[~fit.params["id"].isin(["mean", "sd"])] if fit.method == "two-stage" else fit.params
    rows = [
        [s.parameter, number(s.median, 4), number(s.low, 4), number(s.high, 4), _unit(s.unit), s.subjects]
        for s in spreads(fit)
    ]
    parts = [table(["parameter", "median", "lowest", "highest", "unit", "subjects"], rows, numeric=[1, 2, 3, 5])]
    if fit.method == "two-stage":
        parts += [Html("<h3>Mean and spread</h3>"), _full(fit.params[fit.params["id"].isin(["mean", "sd"])])]
    parts += [Html("<h3>Each subject</h3>"), _wide(own)]
    said = "Estimate with its 95 % interval in brackets; params.csv holds all digits, standard errors and reasons."
    if own["id"].nunique() > MOST_SUBJECTS:
        said += f" The first {MOST_SUBJECTS} of {own['id'].nunique()} subjects."
    return [*parts, paragraph(said, "quiet")]


def _derived(fit: Fit) -> list[Html]:
    """Half-life and volume."""
    found = fit.derived().rename(columns={"quantity": "parameter"}).assign(reason="")
    if found.empty:
        return []
    made = _full(found) if len(fit.subjects) == 1 else _wide(found)
    return [Html("<h3>Terminal half-life and steady-state volume</h3>"), made]


def _unit(unit: object) -> str:
    return "" if unit == "1" else str(unit)


def _interval(low: float, high: float) -> str:
    return f"{number(low)} – {number(high)}" if np.isfinite([low, high]).any() else "–"


def _full(params: pd.DataFrame) -> Html:
    header = ["id", "parameter", "estimate", "unit", "standard error", "%", "95 % interval", "remark"]
    rows = [
        [r["id"], r["parameter"], number(r["estimate"], 4), _unit(r["unit"]), number(r["stderr"]),
         number(100 * r["stderr"] / abs(r["estimate"])) if r["estimate"] else "–",
         _interval(r["ci_low"], r["ci_high"]), r["reason"]]
        for r in params.to_dict("records")
    ]  # fmt: skip
    return table(header, rows, numeric=[2, 4, 5, 6], long=[7])


def _wide(params: pd.DataFrame) -> Html:
    """One row a subject, one column a parameter."""
    names = list(dict.fromkeys(params["parameter"]))
    units = params.drop_duplicates("parameter").set_index("parameter")["unit"]
    header = ["subject", *(f"{name}{f' ({_unit(units[name])})' if _unit(units[name]) else ''}" for name in names)]
    rows = []
    for name, own in list(params.groupby("id", sort=False))[:MOST_SUBJECTS]:
        cells: dict[str, Any] = {r["parameter"]: r for r in own.to_dict("records")}
        rows.append([name, *(_cell(cells[p]) if p in cells else "–" for p in names)])
    return table(header, rows, numeric=range(1, len(header)))


def _cell(row: Mapping[str, Any]) -> Html:
    if not np.isfinite(row["estimate"]):
        return Html("–")
    known = np.isfinite([row["ci_low"], row["ci_high"]]).any()
    short = next((word for word in ("fixed", "held", "at its bound") if row["reason"].startswith(word)), "no interval")
    below = f"({_interval(row['ci_low'], row['ci_high'])})" if known else f"({short})"
    return Html(f"{text(number(row['estimate']))}<br><small>{text(below)}</small>")


def _pictures(pictures: Mapping[str, str], drawn: str) -> list[Html]:
    """Every picture under the words that say what it shows."""
    if not pictures:
        return [paragraph("Nothing was fitted, hence nothing is drawn.")]
    parts: list[Html] = []
    for kind, group in (
        ("", ("profiles",)),
        ("grid", ("observed", "qq")),
        ("", ("residuals", "estimates", "correlation")),
    ):
        drawings = [
            picture(svg, WHAT[what], name.removeprefix("figures/").removesuffix(".svg"))
            for what in group
            for name, svg in pictures.items()
            if name.startswith(f"figures/{what}")
        ]
        parts.append(Html(f'<div class="{kind}">{"".join(drawings)}</div>'))
    return [*parts, paragraph(drawn, "quiet")] if drawn else parts


def _left_out(fit: Fit, failed: Sequence[tuple[str, str]]) -> list[Html]:
    """Subjects without a fit and observations that do not count, with the reasons."""
    rows = left_out_rows(fit)
    parts = []
    if failed:
        parts += [Html("<h3>Not fitted or not converged</h3>"), table(["who", "why"], failed, long=[1])]
    if rows:
        parts += [
            Html("<h3>Observations that do not count</h3>"),
            table(["line", "ID", "TIME", "DV", "why"], rows[:MOST_LEFT_OUT], numeric=[0, 2, 3], long=[4]),
        ]
    if len(rows) > MOST_LEFT_OUT:
        parts.append(paragraph(f"The first {MOST_LEFT_OUT} of {len(rows)}; left_out.csv holds all.", "quiet"))
    return parts or [paragraph("Nothing: every subject was fitted and every observation counts.")]


def _versions(record: Mapping[str, Any]) -> list[Html]:
    given = record["input"]
    how = Html(f"<code>{text(record['rerun'])}</code>")
    options = {name: value for name, value in record["options"].items() if value is not None}
    return [
        paragraph(Html(f"In this folder, which holds a copy of the data: {how}")),
        definitions(
            {
                "input": f"{given['name']}, {given['rows']} rows",
                "units of the input": ", ".join(f"{name} {unit}" for name, unit in given["units"].items()),
                f"sha256 of {given['copy']}": given["copy_sha256"],
                "options": ", ".join(f"{name} {value}" for name, value in options.items()) or "the defaults",
                "seed": ", ".join(record["seeds"]),
                "pkpd": record["pkpd"],
                "python": record["python"],
                "packages": ", ".join(f"{name} {version}" for name, version in record["packages"].items()),
                "library files (sha256)": ", ".join(f"{n} {h[:12]}" for n, h in record["library_sha256"].items()),
            }
        ),
    ]
