"""The page of a trial: what was simulated, the arms beside what was published, and what to know when reading it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pkpd.pictures.picture import svg_text
from pkpd.pictures.trial import forest
from pkpd.report.page import Html, definitions, page, paragraph, picture, section, table, text, time
from pkpd.report.tables import plain, warning_list

if TYPE_CHECKING:
    from pkpd.patients.distributions import Distribution
    from pkpd.trial.design import Endpoint, Trial
    from pkpd.trial.trial import TrialResult

__all__ = ["arm_rows", "trial_page"]

_QUESTION = (
    "Question: of virtual patients who are enrolled, treated and counted as in the trial, how many meet its end point "
    "in each arm, and how does that stand beside what was published?"
)
_ANCHORS = {"start": "the start", "first": "the first stage", "arrival": "arrival"}


def trial_page(result: TrialResult) -> str:
    """The page of a trial.

    Parameters
    ----------
    result : TrialResult

    Returns
    -------
    str
        HTML that needs no other file.
    """
    design = result.design
    header, rows = arm_rows(result)
    notes = Html("<ul>" + "".join(f"<li>{text(note)}</li>" for note in design.notes) + "</ul>")
    sources = [[source.key, str(source), source.status or "–"] for source in design.sources.values()]
    counted = 100 * result.reached / max(1, result.drawn)
    parts: list[str] = [
        paragraph(_QUESTION),
        definitions(
            {
                "enrolled": design.n,
                "onsets drawn": f"{result.drawn}, of which {counted:.3g} % reached the start",
                "kinetics": "drawn for each subject"
                if design.pk_variability
                else "typical: the sensitivities carry all differences",
                "end point": _endpoint(design.endpoint),
                "preset": design.seizure,
                "evidence": design.evidence,
                "seed": design.seed,
            }
        ),
        section("Result", table(header, rows, numeric=range(1, len(header) - 1)), paragraph(_reading(result), "quiet")),
        section("Beside what was published", picture(svg_text(forest(result)), "simulated and published shares", "f")),
        section("What is done", table(["", "when (min)", "who goes on", "orders"], _steps(design), long=[1, 3])),
        section("Notes", notes if design.notes else paragraph("None.")),
        section("Warnings", warning_list((warning, "") for warning in result.warnings)),
        section(
            "Sources", table(["key", "source", "status"], sources, long=[1]) if sources else paragraph("None is named.")
        ),
        section("Versions", definitions({k: plain(v) for k, v in result.provenance.items() if k != "use"})),
    ]
    return page(design.name, parts)


def _reading(result: TrialResult) -> str:
    said = (
        "Simulated: share with the exact binomial 95 % interval of the simulation, which knows nothing of what is "
        "wrong with the model. Published: share with its exact 95 % interval, or the one that the file states. Inside: "
        "the simulated share lies in the published interval. The model was fitted to trials like these, so that "
        "agreeing is no test."
    )
    if result.posterior is not None:
        draws = result.posterior["draw"].nunique()
        said += f" Predictive: 2.5 to 97.5 percentiles over {draws} joint draws of the parameters, each simulated anew."
    return said


def _percent(*shares: float) -> str:
    low = shares[0]
    if low != low:  # nothing published
        return "–"
    return "–".join(f"{100 * share:.1f}" for share in shares) + " %"


def arm_rows(result: TrialResult) -> tuple[list[str], list[list[str]]]:
    """Header and one row an arm, as people read them."""
    more = result.posterior is not None
    header = [
        "arm",
        "n",
        "simulated",
        "95 % of it",
        *(["predictive"] if more else []),
        "published",
        "95 % of it",
        "inside",
    ]
    rows = []
    for arm in result.arms.to_dict("records"):
        inside = {True: "yes", False: "no"}.get(arm["inside"], "–") if arm["published"] == arm["published"] else "–"
        rows.append(
            [arm["arm"], str(arm["n"]), _percent(arm["share"]), _percent(arm["mc_low"], arm["mc_high"])]
            + ([_percent(arm["predictive_low"], arm["predictive_high"])] if more else [])
            + [_percent(arm["published"]), _percent(arm["published_low"], arm["published_high"]), inside]
        )
    return header, rows


def _when(moment: float | Distribution) -> str:
    """A time as people read it."""
    if isinstance(moment, int | float):
        return f"{moment:g}"
    if moment.form == "uniform":
        return f"uniform, {moment.low:g} to {moment.high:g}"
    centre, spread = ("median", "CV") if moment.form == "lognormal" else ("mean", "SD")
    window = f", within {moment.low:g} to {moment.high:g}" if math.isfinite(moment.high) else ""
    return f"{moment.form}, {centre} {moment.centre:.3g}, {spread} {moment.spread:.2g}{window}"


def _steps(design: Trial) -> list[list[Any]]:
    """Stages, start and arms, in order."""
    rows: list[list[Any]] = []
    for number, stage in enumerate(design.stages, start=1):
        since = " after onset" if number == 1 else f" after stage {number - 1}"
        rows.append([f"stage {number}", _when(stage.time) + since, stage.entry, str(stage.regimen)])
    since = f" after stage {len(design.stages)}" if design.stages else " after onset"
    rows.append(["start", _when(design.start.time) + since, design.start.entry, ""])
    for arm in design.arms:
        missed = f", {100 * arm.not_received:.3g} % never" if arm.not_received else ""
        end = design.endpoint
        own = arm.off_from is not None or arm.off_until is not None
        start, stop = (one if one is not None else all_ for one, all_ in
                       ((arm.off_from, end.off_from), (arm.off_until, end.off_until)))  # fmt: skip
        window = f"; end point {_window(start, stop)}" if own else ""
        rows.append([arm.name, f"{_when(arm.delay)} after the start{missed}{window}", "", str(arm.regimen)])
    return rows


def _window(start: float, end: float) -> str:
    return f"at {end:g} min" if start == end else f"from {start:g} to {end:g} min"


def _quiet(endpoint: Endpoint) -> str:
    """When the window begins in which nobody may seize again."""
    begin = endpoint.quiet_from or 0.0
    if endpoint.quiet_after:
        return f"from {begin:g} min after the treatment of the arm " + ", else ".join(endpoint.quiet_after)
    return "from then" if endpoint.quiet_from is None else f"from {begin:g} min"


def _endpoint(endpoint: Endpoint) -> str:
    if endpoint.kind == "duration":
        return f"length of untreated episodes, followed for {time(endpoint.observed / 60)}"
    said = {
        "off": "no seizure",
        "reached": "of those who enter the first stage, those who reach the start",
        "failed-of-first": "of those who enter the first stage, those who reach the start and fail: no seizure",
        "not-given": "no order of the arm is given",
    }[endpoint.kind]
    if endpoint.off_from == endpoint.off_from:
        said += f" {_window(endpoint.off_from, endpoint.off_until)} counted from {_ANCHORS[endpoint.counted_from]}"
    if endpoint.arrival is not None:
        said += f" ({_when(endpoint.arrival)} min after the start)"
    if endpoint.quiet_until is not None:
        said += f"; nor any {_quiet(endpoint)} up to {endpoint.quiet_until:g} min"
    if endpoint.mimic_share:
        said += (
            f"; {100 * endpoint.mimic_share:g} % are no seizures, {100 * endpoint.mimic_success:g} % of these succeed"
        )
    return said
