"""Tables of a page: metrics as people read them, orders, warnings, and assumptions with their evidence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pkpd.library.evidence import GRADES, STATUSES
from pkpd.pris import ALERTS
from pkpd.report.page import Html, breakable, clock, concentration, number, paragraph, table, text, time
from pkpd.seizure.outcome import FLAGS
from pkpd.seizure.stage import STAGES

if TYPE_CHECKING:
    import pandas as pd

    from pkpd.solution import Solution

__all__ = [
    "METRICS",
    "METRICS_NOTE",
    "SEIZURE_METRICS",
    "assumption_table",
    "assumptions",
    "drug_of",
    "metric_cells",
    "metric_rows",
    "orders",
    "plain",
    "seizure_cells",
    "seizure_note",
    "two_lines",
    "warning_list",
]


def share(value: float) -> str:
    """A share as a percentage."""
    if not np.isfinite(value):
        return "–"
    return "below 0.01 %" if 0.0 < value < 1e-4 else f"{100.0 * value:.3g} %"


def flag(value: float) -> str:
    """A flag of one subject."""
    return ("yes" if value else "no") if np.isfinite(value) else "–"


def stage(code: float) -> str:
    """The stage of the illness in words."""
    return f"{round(code)} {STAGES[round(code)]}" if np.isfinite(code) else "–"


def alert(code: float) -> str:
    """The alert in words."""
    return ALERTS[round(code)] if np.isfinite(code) else "–"


_SHA256, _HASH = re.compile("[0-9a-f]{64}"), 12  # so many digits of a hash tell files apart; the manifest has all
_DRUG = re.compile(r"^(?P<drug>\w+?)(?<!_brain)_cmax_mg_L(_p50)?$")
METRICS: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("cmax_mg_L", "peak", concentration),
    ("tmax_h", "time of peak", time),
    ("cmin_mg_L", "lowest after", concentration),
    ("auc_mg_h_L", "AUC (mg h/L)", number),
    ("half_life_h", "half-life", time),
    ("time_in_range_h", "time in range", time),
    ("brain_cmax_mg_L", "brain peak, unbound", concentration),
)
SEIZURE_METRICS: tuple[tuple[str, str, Callable[[float], str]], ...] = (
    ("seizure_stopped", "off at the end", share),
    ("time_to_cessation_min", "first order to off (min)", number),
    ("relapsed", "on again", share),
    ("gaba_a_surface_min", "lowest GABA-A at the surface", number),
    ("chloride_max_mM", "highest chloride (mM)", number),
    ("injury_end", "injury index", number),
    ("stage_end", "stage at the end", stage),
    ("pris_risk", "PRIS risk", share),
    ("pris_alert", "PRIS alert", alert),
)
METRICS_NOTE = (
    "Peak, lowest level after the peak and area are those of the total concentration in plasma; time in range counts "
    "the time within the drug's default range, which the pictures show. Exact, whatever the times of the profile."
)
_SEIZURE_NOTE = (
    "Off: seizure activity below 0.2. First order to off: minutes from the first order that was given. On again: a "
    "seizure after it was off. GABA-A receptors at the surface: 1 at rest. Injury index: 1 after 30 min of seizing. "
)
_MOST_VALUES = 5  # of one item; a list of more says less than their span
_ASSUMPTION_COLUMNS = ("item", "value", "unit", "action", "status", "grade", "source", "reason")


def drug_of(metric: str) -> str | None:
    """The drug whose peak in plasma a metric is, or None for any other metric."""
    found = _DRUG.match(metric)
    return found["drug"] if found else None


def metric_rows(solution: Solution) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and one row a drug, rounded for reading; several subjects as median and percentiles."""
    from pkpd.batch.results import summarise

    header = ("drug", *(title for _, title, _ in METRICS))
    return header, [(drug, *cells) for drug, cells in metric_cells(summarise(solution))]


def metric_cells(values: Mapping[str, float]) -> Iterator[tuple[str, list[str]]]:
    """Drug and its metrics as text, for each drug that has a peak."""
    for name in values:
        drug = drug_of(name)
        if drug is not None:
            yield drug, [_cell(values, f"{drug}_{metric}", form) for metric, _, form in METRICS]


def seizure_cells(values: Mapping[str, float]) -> list[tuple[str, str]]:
    """Title and text of each metric of the seizure and of propofol's risk that a row has."""
    one = "chloride_max_mM" in values  # several subjects have percentiles instead
    found = (
        (title, _cell(values, name, flag if one and name in FLAGS else form)) for name, title, form in SEIZURE_METRICS
    )
    return [(title, cell) for title, cell in found if cell]


def seizure_note(titles: Iterable[str]) -> str:
    """What the words of a table of outcomes mean; nothing where it has the risk of propofol alone."""
    return _SEIZURE_NOTE if SEIZURE_METRICS[0][1] in titles else ""


def _cell(values: Mapping[str, float], name: str, form: Callable[[float], str]) -> str:
    if name in values:
        return form(values[name])
    if f"{name}_p50" not in values:
        return ""
    low, middle, high = (form(values[f"{name}_{mark}"]) for mark in ("p05", "p50", "p95"))
    return (
        f"{middle} ({low.split(' ')[0] if low.split(' ')[1:] == high.split(' ')[1:] else low}–{high})"
        if middle != "–"
        else "–"
    )


def two_lines(cell: str) -> Html:
    """A median with its percentiles below, which keeps the table narrow."""
    middle, mark, rest = cell.partition(" (")
    return Html(f"{text(middle)}<br><small>({text(rest)}</small>") if mark else text(cell)


def orders(solution: Solution) -> Html:
    """What is given to the first subject, and what is not and why."""
    orders = solution.orders
    if not len(orders):
        return paragraph("No drug is ordered.")
    first = orders[orders["id"] == orders["id"].iloc[0]]
    header = ["drug", "route", "time", "amount", "duration", "given", "reason", "order"]
    rows = [
        [o["drug"], o["route"], clock(o["time_h"]), f"{plain(o['amount'])} {o['amount_unit']}",
         clock(o["duration_h"]) if o["duration_h"] else "at once", "yes" if o["given"] else "no", o["reason"],
         o["text"]]
        for o in first.to_dict("records")
    ]  # fmt: skip
    return table(header, rows, numeric=[2, 3, 4], long=[6, 7])


def warning_list(pairs: Iterable[tuple[str, str]]) -> Html:
    """Each warning once, with the scenarios that have it."""
    where: dict[str, list[str]] = {}
    for warning, name in pairs:
        where.setdefault(warning, []).append(name)
    if not where:
        return paragraph("None.")
    items = []
    for warning, names in where.items():
        known = [name for name in names if name]
        listed = f" ({len(known)}: {', '.join(known[:8])}{', …' if len(known) > 8 else ''})" if known else ""
        items.append(f'<li>{text(warning)}<span class="quiet">{text(listed)}</span></li>')
    return Html("<ul>" + "".join(items) + "</ul>")


def assumptions(given: Sequence[tuple[str, pd.DataFrame]]) -> list[Html]:
    """Each assumption once, by action, with the number of scenarios that rest on it."""
    import pandas as pd

    frames = [frame.drop(columns="id").drop_duplicates().assign(scenario=name) for name, frame in given if len(frame)]
    if not frames:
        return [paragraph("None.")]
    everything = pd.concat(frames, ignore_index=True)
    keys = list(_ASSUMPTION_COLUMNS)
    everything[keys] = everything[keys].astype(object).where(everything[keys].notna(), "")
    everything["value"] = _spans(everything)
    counted = everything.groupby(keys, sort=False, dropna=False)["scenario"].nunique().rename("scenarios").reset_index()
    parts = [
        paragraph("Grade: " + "; ".join(f"{grade} {meaning}" for grade, meaning in GRADES.items()) + ".", "quiet"),
        paragraph("Status: " + "; ".join(f"{word} {meaning}" for word, meaning in STATUSES.items()) + ".", "quiet"),
    ]
    titles = {"applied": "Applied", "withheld": "Withheld", "default": "Defaults", "imputed": "Filled in"}
    for action in [*titles, *sorted(set(counted["action"]) - set(titles))]:
        chosen = counted[counted["action"] == action]
        if len(chosen):
            parts += [
                Html(f"<h3>{text(titles.get(action, action))}</h3>"),
                assumption_table(chosen, len(given) > 1, with_action=False),
            ]
    return parts


def _spans(rows: pd.DataFrame) -> pd.Series:
    """The values; where one item has many numbers, as of drawn subjects, their span in place of each."""
    values = rows["value"].copy()
    for _, own in rows.groupby(["item", "unit", "action", "reason"], sort=False, dropna=False)["value"]:
        numbers = own[[isinstance(value, int | float) and not isinstance(value, bool) for value in own]]
        if len(numbers) == len(own) and numbers.nunique() > _MOST_VALUES:
            values[own.index] = f"{plain(numbers.min())} to {plain(numbers.max())}"
    return values


def assumption_table(rows: pd.DataFrame, with_count: bool = False, *, with_action: bool = True) -> Html:
    """Rows of `Solution.assumptions` as a table, with the number of scenarios where there are several."""
    header = ["item", "value", *(["action"] if with_action else []), "status", "grade", "source", "reason"]
    header += ["scenarios"] if with_count else []
    cells = []
    for r in rows.to_dict("records"):
        value = f"{plain(r['value'])} {r['unit'] if r['unit'] not in ('1', None) else ''}".strip()
        cells.append(
            [r["item"], breakable(value), *([r["action"]] if with_action else []), r["status"], r["grade"],
             r["source"], r["reason"], *([r["scenarios"]] if with_count else [])]
        )  # fmt: skip
    return table(header, cells, long=[header.index("reason")])


def plain(value: object) -> str:
    """A value of any kind, rounded if it is a number."""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | float | np.number):
        return f"{float(value):.4g}" if np.isfinite(value) else ""
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {plain(item)}" for name, item in value.items())
    return str(value)[:_HASH] if _SHA256.fullmatch(str(value)) else str(value)
