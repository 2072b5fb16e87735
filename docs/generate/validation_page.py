"""The validation page: every comparison with what stands outside this package, run when the page is written.

The words stand in validation.md beside this file; a line `@name` there is replaced by the table of that name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from docs.generate.checks import given, tolerance
from docs.generate.markdown import code, page, table
from docs.generate.measured import Section, speed_text, trial_section
from validation import nonmem, winnonlin
from validation.closed_forms import CASES as CLOSED_FORMS
from validation.evaluator import Row, answer
from validation.infusion_syndrome import EXPOSURES, OUTPUTS
from validation.observed_fits import QUANTITIES
from validation.published import read_rows, reasons, within
from validation.receptor_targets import TARGETS

__all__ = ["bound", "validation_page"]

WORDS = Path(__file__).with_name("validation.md")


def validation_page() -> str:
    """Run the comparisons and return the page."""
    sections = [
        _nonmem(),
        _closed_forms(),
        _winnonlin(),
        _fits(),
        *_check_points(),
        _receptors(),
        _pris(),
        trial_section(),
    ]
    rows = [
        (f"[{part.title}](#{part.name})", part.against, part.met + part.missed, part.met, _missed(part.missed))
        for part in sections
    ]
    parts = {part.name: part.text for part in sections}
    parts |= {"summary": table(("part", "against", "comparisons", "met", "missed"), rows), "speed": speed_text()}
    words = WORDS.read_text(encoding="utf-8")
    return page("Validation", re.sub(r"^@([\w-]+)$", lambda match: parts[match[1]], words, flags=re.MULTILINE))


def bound(deviation: float) -> str:
    """A deviation at two digits; what is rounding alone, by a bound that holds on any machine."""
    for limit in (1e-12, 1e-9):
        if deviation < limit:
            return f"below {limit:.0e}"
    return f"{deviation:.1e}"


def _missed(count: int) -> str:
    return f"**{count}**" if count else "0"


def _yes(met: bool) -> str:
    return "yes" if met else "**no**"


def _section(title: str, against: str, text: str, met: Sequence[bool]) -> Section:
    return Section(title, against, text, sum(met), len(met) - sum(met))


def _nonmem() -> Section:
    cases = nonmem.cases()
    rows, met = [], []
    for case in cases.index:
        deviation = nonmem.compare(case, nonmem.records(case), nonmem.AS_IT_STANDS).deviation
        met.append(deviation < nonmem.RTOL)
        rows.append((case, cases.DESCRIPTION[case], int(cases.N_OBS[case]), bound(deviation), _yes(met[-1])))
    head = ("case", "what", "observations", "largest relative deviation", "met")
    return _section("Dosing events", "NONMEM", table(head, rows), met)


def _closed_forms() -> Section:
    rows, met = [], []
    for case in CLOSED_FORMS:
        deviation = case.deviation
        met.append(deviation < 1e-9)
        rows.append((case.title, code(case.formula), bound(deviation), _yes(met[-1])))
    head = ("question", "formula", "largest relative deviation", "met")
    return _section("Closed forms", "textbook formulas", table(head, rows), met)


def _winnonlin() -> Section:
    rows, met = [], []
    for case in winnonlin.CASES:
        expected, found = winnonlin.published(*case), winnonlin.analysed(*case)
        deviation = winnonlin.deviation(found, expected)
        numbers = len(expected) * len(winnonlin.quantities(expected))
        met.append(deviation < winnonlin.RTOL)
        rows.append((*case, len(expected), numbers, bound(deviation), _yes(met[-1])))
    head = ("data", "route", "method", "subjects", "numbers", "largest relative deviation", "met")
    return _section("Non-compartmental analysis", "WinNonlin", table(head, rows), met)


def _fits() -> Section:
    rows, met = [], []
    for row in QUANTITIES:
        value = row.ours()
        met.append(row.low <= value <= row.high)
        ours, counts = f"{value:.2g}" if row.low == 0 else f"{value:.3g}", f"{row.low:.4g} to {row.high:.4g}"
        rows.append((row.data, row.model, row.quantity, row.published, ours, counts, row.source, _yes(met[-1])))
    head = ("data", "model", "quantity", "published", "ours", "counts as met", "source", "met")
    return _section("Fits of real data", "published estimates", table(head, rows), met)


def _check_points() -> tuple[Section, Section]:
    judged = []
    for row in read_rows():
        value = answer(Row(row))
        judged.append((row, value, within(value, row["expected"], row["tolerance"])))
    head = ("drug", "asked", "published", "ours", "unit", "tolerance", "why it is missed", "given", "source")
    why = reasons()
    published = [entry for entry in judged if entry[0]["kind"] == "published"]
    missed, met = ([_line(row, value, why) for row, value, met in published if met is good] for good in (False, True))
    text = f"### Missed\n\n{table(head, missed)}\n\n### Met\n\n{table(head, met)}"
    against = "papers, guidelines, open programs"
    by_drug: dict[str, list[bool]] = {}
    for row, _, good in judged:
        if row["kind"] == "derived":
            by_drug.setdefault(row["drug"] or "formulas", []).append(good)
    counts = [(name, len(flags), sum(flags), _missed(len(flags) - sum(flags))) for name, flags in by_drug.items()]
    return (
        _section("Published drug values", against, text, [good for _, _, good in published]),
        _section("Drug values by hand", "published equations", table(("drug", "rows", "met", "missed"), counts),
                 [good for flags in by_drug.values() for good in flags]),
    )  # fmt: skip


def _line(row: dict[str, str], value: float | str, why: Mapping[str, str]) -> tuple[str, ...]:
    ours = value if isinstance(value, str) else f"{value:.4g}"
    unit = "" if row["unit"] == "1" else row["unit"]
    return (row["drug"], code(row["quantity"]), row["expected"], ours, unit, tolerance(row["tolerance"]),
            why.get(row["id"], ""), given(row), row["source"])  # fmt: skip


def _receptors() -> Section:
    rows, met = [], []
    for target in TARGETS:
        value = float(target.ours())
        met.append(target.low <= value <= target.high)
        rows.append((target.quantity, target.published, f"{target.low:g} to {target.high:g}", f"{value:.3g}",
                     target.unit, target.source, target.status, _yes(met[-1])))  # fmt: skip
    head = ("quantity", "published", "counts as met", "ours", "unit", "source", "read", "met")
    return _section("Receptors", "experiments", table(head, rows), met)


def _pris() -> Section:
    rows, met = [], []
    for exposure in EXPOSURES:
        printed, ours, good = exposure.printed, exposure.ours(), exposure.met()
        met += good.values()
        pairs = [f"{printed[name]} / {ours[name]}" for name in OUTPUTS]
        cells = [pair if good[name] else f"**{pair}**" for name, pair in zip(OUTPUTS, pairs)]
        rows.append((f"{exposure.rate:g}", exposure.hours, f"{exposure.modifiers:g}", *cells))
    head = ("rate (mg/kg/h)", "hours", "modifiers", *OUTPUTS.values())
    return _section("Infusion syndrome", "the model's reference", table(head, rows), met)
