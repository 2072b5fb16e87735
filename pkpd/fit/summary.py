"""The rows of a report, whether text or page: what was fitted, estimates over subjects, and who failed and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from pkpd.fit.result import Fit

__all__ = ["Spread", "failures", "head_rows", "left_out_rows", "spreads", "who"]

ERROR_WORDS = {
    "additive": "additive: sd = sigma",
    "proportional": "proportional: sd = sigma x IPRED",
    "combined": "combined: sd^2 = sigma_additive^2 + (sigma_proportional x IPRED)^2",
    "log": "additive on the logarithms: sd of ln DV = sigma",
}
METHOD_WORDS = {
    "individual": "individual: each subject by itself",
    "pooled": "pooled: all subjects together as if one",
    "two-stage": "two-stage: each subject by itself, then mean and spread",
    "map": "map: the mode of each subject's posterior",
}
BLQ_WORDS = {
    "M1": "M1: values below the limit are left out",
    "M3": "M3: values below the limit count with their likelihood",
    "M5": "M5: values below the limit are taken as half the limit",
    "M6": "M6: the first value below the limit is taken as half the limit, later ones are left out",
}
INTERVAL_WORDS = {"wald": "Wald, t quantiles, log scale", "profile": "profile of the likelihood"}


class Spread(NamedTuple):
    """One parameter over the subjects that have an estimate."""

    parameter: str
    unit: str
    subjects: int
    median: float
    low: float
    high: float


def who(ids: Iterable[object], most: int = 12) -> str:
    """IDs as a phrase: ``ID 3``, or ``IDs 3, 4, 7``."""
    names = [str(name) for name in ids]
    if names == ["pooled"]:
        return "pooled"
    shown = ", ".join(names[:most]) + (f", ... ({len(names)} in all)" if len(names) > most else "")
    return f"ID{'s' if len(names) > 1 else ''} {shown}"


def head_rows(fit: Fit) -> list[tuple[str, str]]:
    """What was fitted, to what, and how it went."""
    counted = int(fit.subjects["n_obs"].sum())
    ids = fit.data.frame[fit.data.names["ID"]].nunique()
    n_fits, done = len(fit.subjects), int(fit.subjects["ofv"].notna().sum())
    fits = "one fit of all" if fit.method == "pooled" else f"{done} of {n_fits} fitted"
    interval, n_boot = fit.options.get("interval", "wald"), fit.options.get("n_boot")
    rows = [
        ("data", f"{fit.data.source}: {len(fit.data)} rows, {ids} subject{'s' if ids > 1 else ''}"),
        ("model", fit.model),
        ("method", METHOD_WORDS[fit.method]),
        ("error", ERROR_WORDS[fit.error]),
        ("subjects", fits),
        ("observations", f"{counted} count, {len(fit.left_out)} left out"),
        ("below the limit", BLQ_WORDS[str(fit.options.get("blq", "M1"))] if _has_limit(fit) else ""),
        ("intervals", f"95 %, {INTERVAL_WORDS.get(interval, f'bootstrap, {n_boot} replicates')}"),
        ("OFV", f"{fit.ofv:.3f} (sum of res^2/var + ln var, without N ln 2 pi)"),
        ("AIC, BIC", f"{fit.aic:.3f}, {fit.bic:.3f}"),
        ("result", fit.message if len(fit.message) < 200 else f"{fit.message[:197]}..."),
    ]
    return [row for row in rows if row[1]]


def _has_limit(fit: Fit) -> bool:
    return fit.options.get("lloq") is not None or bool({"BLQ", "LLOQ"} & set(fit.data.names))


def spreads(fit: Fit) -> list[Spread]:
    """Median and range of every parameter over the subjects; empty for a single fit."""
    own = fit.params[~fit.params["id"].isin(["mean", "sd"])] if fit.method == "two-stage" else fit.params
    found = []
    for name, rows in own.groupby("parameter", sort=False):
        estimated = ~rows["reason"].str.startswith(("fixed", "held"))
        values = rows["estimate"][estimated].dropna().to_numpy(float)
        if len(rows) > 1 and len(values):
            found.append(
                Spread(
                    str(name), str(rows["unit"].iloc[0]), len(values), float(np.median(values)), float(values.min()),
                    float(values.max()),
                )
            )  # fmt: skip
    return found


def failures(fit: Fit) -> list[tuple[str, str]]:
    """Who was not fitted or did not converge, and why; those of one reason together."""
    failed = fit.subjects[~fit.subjects["success"]]
    return [(who(own["id"]), str(message)) for message, own in failed.groupby("message", sort=False)]


def left_out_rows(fit: Fit) -> list[tuple[str, str, str, str, str]]:
    """Line, ID, time, DV and reason of every observation that does not count."""
    rows: list[Any] = list(fit.left_out.itertuples(index=False))
    return [(str(r.line), str(r.ID), f"{r.TIME:g}", "" if r.DV != r.DV else f"{r.DV:g}", r.reason) for r in rows]
