"""Who has which seizure: from a scenario's subjects to their runs of the receptor layer, drawn until they fit.

A typical patient is the representative one of the preset. Random subjects are drawn; with ``condition="treatment"`` a
subject that does not seize just before the first order is drawn again, from a stream of its own for each attempt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pkpd.errors import ParameterError
from pkpd.individual.variability import clearance_spreads
from pkpd.library.receptor_file import Preset, Receptors, load_receptors
from pkpd.patients.population import Subject
from pkpd.regimen.regimen import Regimen
from pkpd.seizure.constitution import Constitution, draw_constitution, typical_constitution
from pkpd.seizure.inputs import layer_constants, receptor_inputs
from pkpd.seizure.layer import LayerRun, run_layer

if TYPE_CHECKING:
    from pkpd.scenario import Scenario
    from pkpd.solution import SubjectResult

__all__ = ["judged_at", "plan_seizure"]

FloatArray = NDArray[np.float64]
MOST_DRAWS = 50  # of each subject, on average


def plan_seizure(
    scenario: Scenario, models: Mapping[str, str], results: Sequence[SubjectResult], grid: FloatArray | None
) -> None:
    """Give every subject its run of the receptor layer, ready to start; `run` and `draws` of the results are filled.

    Parameters
    ----------
    scenario : Scenario
        With a seizure.
    models : mapping of str to str
        The choice of models.
    results : sequence of SubjectResult
        With their systems.
    grid : ndarray or None, hours
        Output times; None for the end alone.

    Raises
    ------
    ParameterError
        If too few draws meet the condition; the share accepted is given.
    RegimenError
        If a dose cannot be resolved for a patient.
    """
    receptors = load_receptors()
    preset, constants = receptors.preset(scenario.seizure), layer_constants(receptors)
    drawn = _constitutions(scenario, preset, receptors, constants, models, results)
    shown = np.empty(0) if grid is None else grid[grid >= scenario.onset_h]
    times = (np.append(shown, scenario.until_h) - scenario.onset_h) * 60.0
    for result, (constitution, draws) in zip(results, drawn):
        patient = result.subject.patient
        people = [system.person for system in result.systems]
        inputs = receptor_inputs(people, receptors, constants, patient.pgp_fold, scenario.evidence == "exploratory")
        result.draws = draws
        result.run = LayerRun(
            patient, scenario.regimen, result.systems, constitution, inputs, scenario.onset_h, scenario.until_h, times
        )


def judged_at(scenario: Scenario, receptors: Receptors) -> float:
    """Return when subjects are judged, h: at the first order from the onset on, else 5 min after the onset."""
    later = [dose.at_h for dose in scenario.regimen if dose.at_h >= scenario.onset_h]
    return min(later, default=scenario.onset_h + receptors["untreated_condition"] / 60.0)


def _constitutions(
    scenario: Scenario,
    preset: Preset,
    receptors: Receptors,
    constants: FloatArray,
    models: Mapping[str, str],
    results: Sequence[SubjectResult],
) -> list[tuple[Constitution, int]]:
    """Constitution of each subject, and how often it was drawn (0 for a typical patient)."""
    minutes = max(0.0, (scenario.until_h - scenario.onset_h) * 60.0)
    attempts = _attempts(scenario, preset, receptors, constants, [result.subject for result in results])
    found = []
    for result, attempt in zip(results, attempts):
        subject, drugs = result.subject, {system.person.drug.name for system in result.systems}
        if not subject.random:
            found.append((typical_constitution(preset, subject.patient), 0))
            continue
        spreads = {name: w for name, w in clearance_spreads(subject.patient, models).items() if name in drugs}
        own = draw_constitution(preset, subject.patient, subject.seed, subject.index, spreads, minutes, attempt)
        found.append((own, attempt + 1))
    return found


def _attempts(
    scenario: Scenario, preset: Preset, receptors: Receptors, constants: FloatArray, subjects: Sequence[Subject]
) -> list[int]:
    """Number of the draw with which each subject meets the condition, from 0."""
    attempts = [0] * len(subjects)
    until_h = min(judged_at(scenario, receptors), scenario.until_h)
    if scenario.condition == "none" or until_h <= scenario.onset_h:
        return attempts
    minutes = (until_h - scenario.onset_h) * 60.0
    left = [place for place, subject in enumerate(subjects) if subject.random]
    total, wanted = len(left), len(left)
    while left:
        people = [subjects[place] for place in left]
        # Untreated: sensitivities to drugs play no part, and each has a stream of its own, so they need not be drawn.
        drawn = [
            draw_constitution(preset, one.patient, one.seed, one.index, {}, minutes, attempts[place])
            for place, one in zip(left, people)
        ]
        seizing = _seizing_untreated(scenario.onset_h, until_h, people, drawn, receptors, constants)
        left = [place for place, on in zip(left, seizing) if not on]
        if left and total + len(left) > MOST_DRAWS * wanted:
            raise _nobody(scenario, preset, wanted - len(left), total)
        total += len(left)
        for place in left:
            attempts[place] += 1
    return attempts


def _seizing_untreated(
    onset_h: float,
    until_h: float,
    subjects: Sequence[Subject],
    constitutions: Sequence[Constitution],
    receptors: Receptors,
    constants: FloatArray,
) -> list[bool]:
    """Whether each subject seizes at `until_h` when nothing is given."""
    nothing = receptor_inputs([], receptors, constants, None, False)
    runs = [
        LayerRun(subject.patient, Regimen(()), [], own, nothing, onset_h, until_h, np.empty(0))
        for subject, own in zip(subjects, constitutions)
    ]
    run_layer(runs)
    return [run.flag for run in runs]


def _nobody(scenario: Scenario, preset: Preset, accepted: int, drawn: int) -> ParameterError:
    return ParameterError(
        f"condition 'treatment': {accepted} of {drawn} seizures drawn ({100.0 * accepted / drawn:.2g} %) still ran "
        f"just before the first order, with the preset '{preset.name}'; expected {len(scenario.subjects)} within "
        f"{MOST_DRAWS} draws a subject. Order earlier, raise seizure_drive, or set the condition to 'none'."
    )
