"""`simulate`: a regimen in patients becomes a `Solution`; the arguments are read and checked here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pkpd.errors import ParameterError, PkpdError
from pkpd.individual.model_choice import read_model_choice
from pkpd.options import keywords_explained, one_of
from pkpd.patients.population import Population, subjects_of
from pkpd.regimen.regimen import Regimen, parse_regimen
from pkpd.scenario import CONDITIONS, EVIDENCE, NO_SEIZURE, SEIZURES, Scenario, checked_times
from pkpd.solution import Solution
from pkpd.solve import solve_scenarios
from pkpd.units import parse_time

if TYPE_CHECKING:
    import pandas as pd

    from pkpd.patients.patient import Patient

__all__ = ["simulate"]


@keywords_explained
def simulate(
    regimen: str | Regimen,
    patients: Patient | Population | pd.DataFrame | Sequence[Patient] | None = None,
    *,
    until: str | float,
    every: str | float | None = None,
    times: Sequence[float] | None = None,
    seizure: str = NO_SEIZURE,
    seizure_onset: str | float = 0,
    condition: str = "treatment",
    models: str | Mapping[str, str] | None = None,
    evidence: str = "established",
    seed: int | None = None,
) -> Solution:
    """Simulate a regimen in one patient, several, or a population.

    Parameters
    ----------
    regimen : str
        Orders separated by ``;``, such as ``"lorazepam 0.1 mg/kg iv max 4 mg at 5 min"``; ``""`` or ``"none"`` is an
        untreated run.
    patients : Patient, list of Patient, Population or DataFrame, optional
        Default one adult of 35 y, 70 kg, 170 cm. A Population draws its random effects; the others are typical.
    until : str or float, hours
        End of the simulation: ``"24 h"``, or a number of hours.
    every : str or float, hours, optional
        Spacing of the output; default 1 min up to 24 h, else 1440 intervals.
    times : sequence of float, hours, optional
        Output times in place of a grid, increasing.
    seizure : {"none", "status", "status-rodent", "status-fast"}
        Preset of the receptor layer: none, the clinical one, the experimental one, or the clinical one at the fastest
        receptor change. A patient is the preset's representative one (his ``seizure_drive`` and
        ``receptor_plasticity`` go first), a population is drawn.
    seizure_onset : str or float, hours
        May be negative: the seizure has then been running when the orders begin.
    condition : {"treatment", "none"}
        ``treatment`` draws the subjects of a population again until they seize just before the first order (5 min after
        the onset if there is none); the number of draws is among the assumptions.
    models : str or mapping, optional
        ``"midazolam=midazolam_swart2004_icu; binding=hennig"``.
    evidence : {"established", "exploratory"}
    seed : int, optional
        In place of the population's seed.

    Returns
    -------
    Solution

    Raises
    ------
    RegimenError, ParameterError, DataError, UnitError
        If something cannot be read or cannot be; the message says where, what was expected and what to do.
    SolverError
        If a subject has no solution.

    Notes
    -----
    Linear systems are solved exactly; saturable ones by series to a relative tolerance of 3e-10 a step. Peaks, troughs
    and areas do not depend on the grid. The receptor layer takes second-order steps of 0.1 min from the onset, finer
    where the seizure turns, driven by the unbound brain levels of all drugs; ``if seizing`` is judged on the way, for
    each subject.
    """
    one_of("seizure: ", seizure, SEIZURES)
    one_of("evidence: ", evidence, EVIDENCE)
    one_of("condition: ", condition, CONDITIONS)
    until_h = _positive("until", until)
    scenario = Scenario(
        name="",
        regimen=parse_regimen(regimen),
        until_h=until_h,
        every_h=None if every is None else _positive("every", every),
        times=None if times is None else checked_times(times, until_h),
        subjects=subjects_of(patients, seed),
        models=read_model_choice(models),
        evidence=evidence,
        seizure=seizure,
        onset_h=parse_time(seizure_onset, allow_bare=not isinstance(seizure_onset, str), where="seizure_onset"),
        condition=condition,
    )
    (answer,) = solve_scenarios([scenario], profiles=True)
    if isinstance(answer, PkpdError):
        raise answer
    return answer


def _positive(name: str, value: str | float) -> float:
    # A number is hours, a text carries its unit.
    hours = parse_time(value, allow_bare=not isinstance(value, str), where=name)
    if not 0.0 < hours < math.inf:
        raise ParameterError(f"{name}: '{value}' is not possible; expected a time above 0, such as '24 h'. Correct it.")
    return hours
