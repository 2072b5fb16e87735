"""The report of a fit as text, for a terminal or a log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from pkpd.fit.result import Fit

__all__ = ["report_text"]

#: The first so many entries of a list are printed.
MOST_LINES = 40
ERROR_WORDS = {
    "additive": "additive: sd = sigma",
    "proportional": "proportional: sd = sigma x IPRED",
    "combined": "combined: sd^2 = sigma_additive^2 + (sigma_proportional x IPRED)^2",
    "log": "additive on the logarithms: sd of ln DV = sigma",
}


def report_text(fit: Fit) -> str:
    """Return what was fitted, the estimates, what was left out, warnings and assumptions."""
    parts = [
        _head(fit),
        _section("Estimates", _estimates(fit)),
        _section("Correlations of estimates above 0.8 (log scale)", _correlations(fit)),
        _section("Not fitted or not converged", _failures(fit)),
        _section("Left out", _left_out(fit)),
        _section("Warnings", [f"! {sentence}" for sentence in fit.warnings]),
        _section("Assumptions", _assumptions(fit)),
        "For research and teaching; no dosing advice.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(title: str, lines: list[str]) -> str:
    if not lines:
        return ""
    more = [f"... and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES + 1 else []
    shown = lines[:MOST_LINES] if more else lines
    return "\n".join([f"[[{title}]]", *(f"    {line}" for line in (*shown, *more))])


def _head(fit: Fit) -> str:
    counted = int(fit.subjects["n_obs"].sum())
    ids = fit.predictions["ID"].nunique()
    quantified = int(fit.predictions["IWRES"].notna().sum())
    n_fits, fitted = len(fit.subjects), int(fit.subjects["ofv"].notna().sum())
    rows = [
        ("data", fit.data.source),
        ("model", fit.model),
        ("method", fit.method),
        ("error", ERROR_WORDS[fit.error]),
        ("subjects", f"{ids}, in {n_fits} fit{'s' if n_fits > 1 else ''}, of which {fitted} done"),
        ("observations", f"{counted} count ({quantified} with a weighted residual), {len(fit.left_out)} left out"),
        ("OFV", f"{fit.ofv:.3f}  (sum of res^2/var + ln var; without N ln 2 pi)"),
        ("AIC, BIC", f"{fit.aic:.3f}, {fit.bic:.3f}"),
        ("result", fit.message if len(fit.message) < 200 else f"{fit.message[:197]}..."),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join(["[[Fit]]", *(f"    {name:<{width}}  {value}" for name, value in rows)])


def _estimates(fit: Fit) -> list[str]:
    table = fit.params
    names = [str(name) for name in table["id"]]
    wide = max([2, *map(len, names)])
    long = max([9, *(len(name) for name in table["parameter"])])
    unit = max([4, *(len(text) for text in table["unit"])])
    head = f"{'id':<{wide}}  {'parameter':<{long}}  {'estimate':>10}  {'unit':<{unit}}  {'stderr':>9}  {'%':>5}"
    lines = [f"{head}  95 % interval"]
    rows: list[Any] = list(table.itertuples(index=False))
    for name, row in zip(names, rows):
        line = f"{name:<{wide}}  {row.parameter:<{long}}  {_number(row.estimate):>10}  {row.unit:<{unit}}"
        if np.isfinite(row.stderr):
            share = 100.0 * row.stderr / abs(row.estimate) if row.estimate else float("nan")
            line += f"  {_number(row.stderr):>9}  {share:5.1f}  {_number(row.ci_low)} to {_number(row.ci_high)}"
        if row.reason:
            line += f"  ({row.reason})"
        lines.append(line.rstrip())
    return lines


def _number(value: float) -> str:
    return "-" if not np.isfinite(value) else f"{value:.4g}"


def _correlations(fit: Fit) -> list[str]:
    if fit.fitted is None:
        return []
    names, lines = fit.fitted.setup.choice.estimated, []
    for unit in fit.fitted.units:
        cov = fit.fitted.uncertainty[int(unit)].cov
        with np.errstate(invalid="ignore", divide="ignore"):
            size = np.sqrt(np.diag(cov))
            correlation = cov / np.outer(size, size)
        for i in range(len(names)):
            for j in range(i):
                if abs(correlation[i, j]) > 0.8:
                    lines.append(
                        f"{fit.fitted.setup.unit_ids[unit]}  C({names[j]}, {names[i]}) = {correlation[i, j]:.3f}"
                    )
    return lines


def _failures(fit: Fit) -> list[str]:
    failed: pd.DataFrame = fit.subjects[~fit.subjects["success"]]
    return [f"{row.id}: {row.message}" for row in failed.itertuples(index=False)]


def _left_out(fit: Fit) -> list[str]:
    return [
        f"line {row.line}, ID {row.ID}, TIME {row.TIME:g}, DV {row.DV:g}: {row.reason}"
        for row in fit.left_out.itertuples(index=False)
    ]


def _assumptions(fit: Fit) -> list[str]:
    lines = []
    rows: list[Any] = list(fit.assumptions.drop_duplicates(["item", "value", "reason"]).itertuples(index=False))
    for row in rows:
        value = f"{row.value:.6g}" if isinstance(row.value, float) else row.value
        graded = f" [{row.status}{', grade ' + row.grade if row.grade else ''}; {row.source}]" if row.status else ""
        unit = f" {row.unit}" if row.unit not in ("", "1") else ""
        lines.append(f"{row.item} = {value}{unit} ({row.action}): {row.reason}{graded}")
    return lines
