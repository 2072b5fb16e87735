"""Where a result comes from: versions, engine, seeds, hashes of the library files, and the line on research use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pkpd.library.receptor_file import load_receptors
from pkpd.models.seizure_steps import STEP_MIN
from pkpd.research_use import RESEARCH_USE
from pkpd.scenario import NO_SEIZURE

if TYPE_CHECKING:
    from pkpd.scenario import Scenario
    from pkpd.solution import SubjectResult

__all__ = ["provenance"]


def provenance(scenario: Scenario, results: Sequence[SubjectResult]) -> dict[str, Any]:
    """Return version, engine, evidence, seeds and hashes of the library files of a solved scenario."""
    from pkpd import __version__

    drugs = {system.person.drug.name: system.person.drug.sha256 for result in results for system in result.systems}
    engine = "linear: exact; saturable: series of order 14, tolerance 3e-10 a step"
    seizure: dict[str, Any] = {}
    if scenario.seizure != NO_SEIZURE:
        engine += f"; receptor layer: second-order steps of {STEP_MIN:g} min, in parts where the seizure turns"
        seizure = {
            "seizure": scenario.seizure,
            "condition": scenario.condition,
            "receptors": load_receptors().sha256,
            "seizures drawn": sum(result.draws for result in results),
        }
    return {
        "pkpd": __version__,
        "engine": engine,
        "evidence": scenario.evidence,
        "seeds": sorted({result.subject.seed for result in results}),
        "library": drugs,
        **seizure,
        "use": RESEARCH_USE,
    }
