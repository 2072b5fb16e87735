"""What stands behind a seizure's numbers: the preset and its constants with their evidence, and what to be wary of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkpd.assumption import Assumption

if TYPE_CHECKING:
    from pkpd.library.parameter import Value
    from pkpd.library.receptor_file import Preset, Receptors
    from pkpd.patients.patient import Patient
    from pkpd.scenario import Scenario
    from pkpd.solution import SubjectResult

__all__ = ["seizure_assumptions", "seizure_warnings"]

#: Outputs without data behind them, and why; reference: sanity results for the parts without data.
UNVALIDATED = {
    "sedation": ("B", "EC50 of Barr 2001 for lorazepam and midazolam, the only drugs it counts; slope 3 is assumed"),
    "respiratory_risk": ("D", "fitted to the complications of one trial; unvalidated"),
    "burst_suppression": ("D", "EC50 and slope assumed; counts propofol and midazolam; unvalidated"),
    "bis": ("B", "published function of propofol at its effect site; counts no other drug"),
    "tolerance_sedation": ("D", "rates assumed; unvalidated"),
    "tolerance_anticonvulsant": ("D", "rates assumed; unvalidated"),
    "inflammation": ("D", "order of magnitude; unvalidated"),
}
_SPREAD = 3.0  # a stated drive or speed further from the preset's median than so many sd is pointed out


def seizure_assumptions(scenario: Scenario, result: SubjectResult, receptors: Receptors) -> tuple[Assumption, ...]:
    """Return the lines of one subject: preset, drive, plasticity, chance, and the outputs without data."""
    preset, patient, run = receptors.preset(scenario.seizure), result.subject.patient, result.run
    assert run is not None
    random = result.subject.random
    chosen = Assumption("seizure preset", preset.name, "", "applied", "fitted", "C", "receptors.toml", preset.title)
    own = run.constitution
    drive = preset.values["drive" if random else "representative_drive"]
    speed = preset.values["plasticity" if random else "representative_plasticity"]
    lines = [
        chosen,
        _constant("seizure_drive", own.drive, patient.seizure_drive, drive, _drawn(random, preset.drive_sd)),
        _constant("receptor_plasticity", own.plasticity, patient.receptor_plasticity, speed,
                  _drawn(random, preset.plasticity_log_sd)),
    ]  # fmt: skip
    if random:
        lines += _chance(scenario, result, preset)
    else:
        reason = "the representative patient: sensitivities 1, no noise"
        lines.append(Assumption("seizure noise", 0.0, "1", "default", drive.status, drive.grade, drive.source, reason))
    if scenario.evidence == "exploratory" and patient.pgp_fold is None:
        law = receptors.values["pgp_induction_max"]
        reason = "seizure-driven P-gp: from 4 h after onset towards this fold while seizing, back in 72 h"
        lines.append(Assumption("P-gp fold", law.raw, "1", "applied", law.status, law.grade, law.source, reason))
    for name, (grade, reason) in UNVALIDATED.items():
        lines.append(Assumption(f"{name} (output)", "", "", "applied", "assumption", grade, "receptors.toml", reason))
    return tuple(lines)


def _drawn(random: bool, spread: float) -> str:
    return f"drawn, spread {spread:g}" if random and spread else "the preset's"


def _constant(item: str, value: float, stated: float | None, known: Value, reason: str) -> Assumption:
    if stated is not None:
        return Assumption(item, value, "1", "applied", "assumption", "D", "project", "stated")
    return Assumption(item, value, "1", "default", known.status, known.grade, known.source, reason)


def _chance(scenario: Scenario, result: SubjectResult, preset: Preset) -> list[Assumption]:
    """What is drawn for a random subject, and how often until it seized at the first order."""
    reasons = {
        "noise_sd": "noise on the drive, stationary sd",
        "sensitivity_log_sd": "one factor a drug, its log sd reduced by that of the kinetics",
        "non_responder_share": "episodes that hardly respond to benzodiazepines",
    }
    lines = []
    for name, reason in reasons.items():
        known = preset.values[name]
        evidence = (known.status, known.grade, known.source, reason)
        lines.append(Assumption(f"seizure {name}", known.raw, "1", "applied", *evidence))
    reason = (
        "no condition: subjects are taken as they are drawn"
        if scenario.condition == "none"
        else "drawn until seizing just before the first order"
    )
    lines.append(Assumption("seizure draws", result.draws, "1", "applied", "assumption", "", "project", reason))
    return lines


def seizure_warnings(scenario: Scenario, result: SubjectResult, receptors: Receptors) -> tuple[str, ...]:
    """Return what a reader of one subject's seizure has to know."""
    lines = []
    limit, length = receptors["calibrated_until"] / 60.0, scenario.until_h - scenario.onset_h
    if length < 0.0:
        lines.append(f"seizure_onset: {scenario.onset_h:g} h is after the end of the simulation; there is no seizure")
    elif length > limit * (1.0 + 1e-9):
        lines.append(
            f"seizure outputs later than {limit:g} h after the onset lie beyond the calibration, which covers the "
            f"first {limit:g} h"
        )
    orders = [dose.at_h + (dose.repeats - 1) * (dose.every_h or 0.0) for dose in scenario.regimen]
    if orders and scenario.onset_h > max(orders):
        lines.append(
            f"seizure_onset: {scenario.onset_h:g} h comes after the last order ({max(orders):g} h): nothing is ordered "
            "while the seizure runs"
        )
    run = result.run
    assert run is not None
    first = min((dose.at_h for dose in scenario.regimen if dose.at_h >= scenario.onset_h), default=None)
    if first is not None and not result.subject.random:
        before = run.transitions[run.transitions[:, 0] < (first - scenario.onset_h) * 60.0 - 1e-6]
        if len(before) % 2:
            lines.append(f"the seizure had stopped by itself before the first order at {first * 60.0:.4g} min")
    return (*lines, *_odd_constants(result.subject.patient, receptors.preset(scenario.seizure)))


def _odd_constants(patient: Patient, preset: Preset) -> list[str]:
    """Stated constants that no episode of the preset has."""
    lines = []
    drive, speed = patient.seizure_drive, patient.receptor_plasticity
    top = max(preset.drive, preset.representative_drive) + _SPREAD * preset.drive_sd
    low = min(preset.drive - _SPREAD * preset.drive_sd, preset.representative_drive)
    if drive is not None and not low <= drive <= top:
        lines.append(f"seizure_drive {drive:g} is outside the range of the preset's episodes, {low:.3g} to {top:.3g}")
    fastest = 2.0  # the worst case of the source reviews: receptors halve in about 15 min
    if speed is not None and speed > fastest:
        lines.append(
            f"receptor_plasticity {speed:g} is above {fastest:g}, the worst case of the reviews (receptors halve in "
            "about 15 min)"
        )
    return lines
