"""The report of a fit as text, for a terminal or a log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from pkpd.fit.summary import failures, head_rows, left_out_rows, spreads, who
from pkpd.research_use import RESEARCH_USE

if TYPE_CHECKING:
    import pandas as pd

    from pkpd.fit.result import Fit

__all__ = ["assumption_lines", "grouped_warnings", "report_text"]

#: The first so many entries of a list are printed; fits up to this number are printed with their intervals.
MOST_LINES, FEW_FITS = 40, 3
CORRELATED = 0.8


def report_text(fit: Fit) -> str:
    """Return what was fitted, the estimates, what was left out, warnings and assumptions."""
    several = len(fit.subjects) > FEW_FITS
    parts = [
        _section("Fit", _aligned([*head_rows(fit)], gap="  ")),
        _section("Estimates over the subjects", _spreads(fit)) if several else "",
        _section("Mean and spread", _long(fit.params[fit.params["id"].isin(["mean", "sd"])])) if several else "",
        _section("Estimates of each subject (relative standard error; intervals: params)", _wide(fit))
        if several
        else _section("Estimates", _long(fit.params)),
        _section("Derived (intervals by the delta method)", _derived(fit)),
        _section(f"Correlations of estimates beyond {CORRELATED} (log scale)", _correlations(fit)),
        _section("Not fitted or not converged", [f"{ids}: {why}" for ids, why in failures(fit)]),
        _section("Left out", _left_out(fit)),
        _section("Warnings", [f"! {sentence}" for sentence in grouped_warnings(fit.warnings)]),
        _section("Assumptions", assumption_lines(fit)),
        RESEARCH_USE,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    shown = (
        list(lines) if len(lines) <= MOST_LINES + 1 else [*lines[:MOST_LINES], f"... {len(lines) - MOST_LINES} more"]
    )
    folded = [part for line in shown for part in _folded(line)]
    return "\n".join([f"[[{title}]]", *(f"    {line}" for line in folded)])


def _folded(line: str) -> list[str]:
    """A sentence in lines that fit a screen; the lines of a table stay as they are."""
    if "  " in line.strip() or len(line) <= 116:
        return [line]
    return wrap(line, 116, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _aligned(rows: Sequence[Sequence[str]], right: Sequence[int] = (), gap: str = "  ") -> list[str]:
    """Rows as lines with aligned columns; those of `right` are set to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        gap.join(c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths))).rstrip()
        for row in rows
    ]


def _number(value: float) -> str:
    return "-" if not np.isfinite(value) else f"{value:.4g}"


def _spreads(fit: Fit) -> list[str]:
    rows = [
        (
            s.parameter,
            _number(s.median),
            _number(s.low),
            _number(s.high),
            "" if s.unit == "1" else s.unit,
            str(s.subjects),
        )
        for s in spreads(fit)
    ]
    head = ("parameter", "median", "lowest", "highest", "unit", "subjects")
    return _aligned([head, *rows], right=(1, 2, 3, 5)) if rows else []


def _long(table: pd.DataFrame) -> list[str]:
    """One line a parameter, with its interval."""
    rows = []
    each: list[Any] = list(table.itertuples(index=False))
    for row in each:
        known = np.isfinite(row.stderr)
        share = f"{100.0 * row.stderr / abs(row.estimate):.1f}" if known and row.estimate else ""
        ends = np.isfinite([row.ci_low, row.ci_high]).any()
        interval = f"{_number(row.ci_low)} to {_number(row.ci_high)}" if ends else ""
        note = f"({row.reason})" if row.reason else ""
        rows.append(
            (str(row.id), row.parameter, _number(row.estimate), "" if row.unit == "1" else row.unit,
             _number(row.stderr) if known else "", share, f"{interval} {note}".strip())
        )  # fmt: skip
    head = ("id", "parameter", "estimate", "unit", "stderr", "%", "95 % interval")
    return _aligned([head, *rows], right=(2, 4, 5)) if rows else []


def _wide(fit: Fit) -> list[str]:
    """One line a subject."""
    own = fit.params[~fit.params["id"].isin(["mean", "sd"])] if fit.method == "two-stage" else fit.params
    names = list(dict.fromkeys(own["parameter"]))
    units = own.drop_duplicates("parameter").set_index("parameter")["unit"]
    rows = [("id", *names), ("", *("" if units[name] == "1" else units[name] for name in names))]
    for name, table in own.groupby("id", sort=False):
        cells = table.set_index("parameter")
        rows.append((str(name), *(_cell(cells.loc[p]) if p in cells.index else "-" for p in names)))
    return _aligned(rows, right=range(1, len(names) + 1))


def _cell(row: pd.Series) -> str:
    if not np.isfinite(row["estimate"]):
        return "-"
    share = row["stderr"] / abs(row["estimate"]) if row["estimate"] else float("nan")
    if not np.isfinite(share):
        word = next((word for word in ("fixed", "held") if row["reason"].startswith(word)), "-")
        return f"{_number(row['estimate'])} ({word})"
    return (
        f"{_number(row['estimate'])} ({100 * share:.0f}%)" if share < 9.995 else f"{_number(row['estimate'])} (>999%)"
    )


def _derived(fit: Fit) -> list[str]:
    """Half-life and volume: with their intervals for a few fits, over the subjects for many."""
    table = fit.derived()
    if table.empty:
        return []
    if len(fit.subjects) <= FEW_FITS:
        return _long(table.rename(columns={"quantity": "parameter"}).assign(reason=""))
    rows = [
        (str(name), *(_number(value) for value in own["estimate"].quantile([0.5, 0.0, 1.0])), own["unit"].iloc[0])
        for name, own in table.groupby("quantity", sort=False)
    ]
    return _aligned([("quantity", "median", "lowest", "highest", "unit"), *rows], right=(1, 2, 3))


def _correlations(fit: Fit) -> list[str]:
    """One line a fit, the strongest first."""
    if fit.fitted is None or len(fit.subjects) > FEW_FITS:
        return []
    names, lines = fit.fitted.setup.choice.estimated, []
    for unit in fit.fitted.units:
        found = fit.fitted.uncertainty[int(unit)].correlation()
        pairs = [(i, j) for i in range(len(names)) for j in range(i) if abs(found[i, j]) > CORRELATED]
        said = [f"{names[j]}, {names[i]} {found[i, j]:.3f}" for i, j in sorted(pairs, key=lambda p: -abs(found[p]))]
        if said:
            lines.append(f"{who([fit.fitted.setup.unit_ids[unit]])}: {'; '.join(said)}")
    return lines


def _left_out(fit: Fit) -> list[str]:
    rows = [
        (f"line {line}", f"ID {name}", f"TIME {time}", f"DV {dv or '-'}", why)
        for line, name, time, dv, why in left_out_rows(fit)
    ]
    return _aligned(rows) if rows else []


def grouped_warnings(warnings: Sequence[str]) -> list[str]:
    """Return the warnings, those that say the same of several subjects as one."""
    groups: dict[str, list[str]] = {}
    for sentence in warnings:
        found = re.match(r"ID (.+?): (.*)", sentence, re.DOTALL)
        groups.setdefault(found[2] if found else sentence, []).append(found[1] if found else "")
    return [f"{who(ids)}: {sentence}" if ids != [""] else sentence for sentence, ids in groups.items()]


def assumption_lines(fit: Fit) -> list[str]:
    """Return one sentence for each assumption."""
    lines = []
    rows: list[Any] = list(fit.assumptions.drop_duplicates(["item", "value", "reason"]).itertuples(index=False))
    for row in rows:
        value = f"{row.value:.6g}" if isinstance(row.value, float) else row.value
        graded = f" [{row.status}{', grade ' + row.grade if row.grade else ''}; {row.source}]" if row.status else ""
        unit = f" {row.unit}" if row.unit not in ("", "1") else ""
        lines.append(f"{row.item} = {value}{unit} ({row.action}): {row.reason}{graded}")
    return lines
