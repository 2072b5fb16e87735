"""What one patient is given: orders become doses in time, resolved for size, with repeats, ends and reasons."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from pkpd.patients.patient import Patient
from pkpd.regimen.regimen import Dose, Given, Regimen

__all__ = ["MICROSECONDS_PER_H", "Administration", "Decision", "Pending", "administer", "pending", "whole_microseconds"]

MICROSECONDS_PER_H = 3.6e9


class Administration(NamedTuple):
    """One dose or infusion as it was given, or why it was not; `rate` is 0 for a bolus, mg/h else."""

    order: int
    drug: str
    route: str
    time_h: float
    amount: float
    amount_unit: str
    rate: float
    duration_h: float
    given: bool
    reason: str
    text: str


class Pending(NamedTuple):
    """A conditional dose that is still to be judged: when, of which order, which repeat."""

    time_h: float
    order: int
    repeat: int
    waits: bool  # "when seizing" waits for the first moment of seizing


class Decision(NamedTuple):
    """What was decided of a conditional dose, at which time."""

    given: bool
    time_h: float
    reason: str


def pending(regimen: Regimen, until_h: float) -> list[Pending]:
    """Return the conditional doses of a regimen up to `until_h`, in the order of time."""
    found = []
    for dose in regimen:
        if dose.condition:
            times = (_time_of(dose, repeat) for repeat in range(dose.repeats))
            waits = dose.condition.startswith("when")
            found += [Pending(t, dose.index, repeat, waits) for repeat, t in enumerate(times) if t <= until_h]
    return sorted(found)


def administer(
    regimen: Regimen,
    patient: Patient,
    until_h: float,
    decisions: Mapping[tuple[int, int], Decision] | None = None,
) -> list[Administration]:
    """Return what `patient` is given up to `until_h`, in the order of time.

    Parameters
    ----------
    regimen : Regimen
    patient : Patient
    until_h : float, hours
        Later doses are listed as not reached, repeats of one order by a single line.
    decisions : mapping of (order, repeat) to Decision, optional
        Of the conditional doses; one that is not decided yet is left out.

    Raises
    ------
    RegimenError
        If a dose per kg or per m2 meets a patient without weight or height.
    """
    doses: list[Administration] = []
    infusions: list[Administration] = []
    for dose in regimen:
        if dose.kind == "infusion":
            infusions += _infusion(dose, patient, until_h, decisions or {})
        else:
            doses += _doses(dose, patient, until_h, decisions or {})
    rows = doses + _end_infusions(infusions, until_h)
    rows.sort(key=lambda row: (row.time_h, row.order))
    return rows


def whole_microseconds(hours: float) -> float:
    """Return the time at a whole microsecond, so that 3 x 6 min and 18 min are the same number."""
    return round(hours * MICROSECONDS_PER_H) / MICROSECONDS_PER_H


def _unit(dose: Dose) -> str:
    return "mg PE" if dose.pe else "mg"


def _time_of(dose: Dose, repeat: int) -> float:
    return whole_microseconds(dose.at_h + repeat * (dose.every_h or 0.0))


def _doses(
    dose: Dose, patient: Patient, until_h: float, decisions: Mapping[tuple[int, int], Decision]
) -> list[Administration]:
    given = _resolve(dose, patient)
    rows = []
    for repeat in range(dose.repeats):
        time = _time_of(dose, repeat)
        reached, reason = time <= until_h, "; ".join(given.capped)
        if reached and dose.condition:
            decision = decisions.get((dose.index, repeat))
            if decision is None:
                continue
            time, reached = decision.time_h, decision.given
            reason = "; ".join(part for part in (decision.reason, reason) if part)
        elif not reached:
            left = dose.repeats - repeat
            reason = f"not reached: the simulation ends at {until_h:g} h" + (f" ({left} doses)" if left > 1 else "")
        rows.append(
            Administration(
                dose.index, dose.drug, dose.route, time, given.amount_mg, _unit(dose), given.rate_mg_h,
                given.duration_h, reached, reason, dose.text or str(dose),
            )
        )  # fmt: skip
        if time > until_h:
            break
    return rows


def _infusion(
    dose: Dose, patient: Patient, until_h: float, decisions: Mapping[tuple[int, int], Decision]
) -> list[Administration]:
    given = _resolve(dose, patient)
    time, reached, reason = dose.at_h, dose.at_h <= until_h, "; ".join(given.capped)
    if reached and dose.condition:
        decision = decisions.get((dose.index, 0))
        if decision is None:
            return []
        time, reached = decision.time_h, decision.given
        reason = "; ".join(part for part in (decision.reason, reason) if part)
    elif not reached:
        reason = f"not reached: the simulation ends at {until_h:g} h"
    length = given.duration_h if given.rate_mg_h else 0.0
    return [
        Administration(
            dose.index, dose.drug, dose.route, time, given.amount_mg, _unit(dose), given.rate_mg_h, length, reached,
            reason, dose.text or str(dose),
        )
    ]  # fmt: skip


def _resolve(dose: Dose, patient: Patient) -> Given:
    known = patient.covariates
    return dose.resolve(known.get("weight_kg"), known.get("height_cm"))


def _end_infusions(infusions: list[Administration], until_h: float) -> list[Administration]:
    """One infusion a drug: a new one that is given ends the older; one that runs on ends with the simulation."""
    starts = sorted((row for row in infusions if row.given), key=lambda row: (row.time_h, row.order))
    finished = [row for row in infusions if not row.given]
    for number, row in enumerate(starts):
        end, reason = row.time_h + row.duration_h, row.reason
        ending = next((later for later in starts[number + 1 :] if later.drug == row.drug and later.time_h < end), None)
        if ending is not None:
            end, reason = ending.time_h, "; ".join(part for part in (reason, f"ended by order {ending.order}") if part)
        elif math.isinf(end):
            end, reason = until_h, "; ".join(part for part in (reason, "runs on") if part)
        length = end - row.time_h
        finished.append(row._replace(duration_h=length, amount=row.rate * length, reason=reason))
    return finished
