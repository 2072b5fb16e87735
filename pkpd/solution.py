"""What happens: concentrations, exact metrics, what was given, and what was assumed, of one simulation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pkpd.assumption import Assumption
from pkpd.library.catalogue import load_drug
from pkpd.library.receptor_file import load_receptors
from pkpd.metrics import collect_metrics
from pkpd.models.receptors import chord_potential
from pkpd.patients.population import Subject
from pkpd.pris import DRUG as PROPOFOL
from pkpd.pris import PrisResult, pris_columns
from pkpd.provenance import provenance
from pkpd.seizure.inputs import layer_constants
from pkpd.seizure.layer import LayerRun
from pkpd.seizure.outcome import SeizureResult, seizure_result
from pkpd.systems.dosing import Administration
from pkpd.systems.groups import DrugSystem
from pkpd.systems.plausible import implausible

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from pkpd.library.drug import Range
    from pkpd.patients.patient import Patient
    from pkpd.regimen.regimen import Regimen
    from pkpd.scenario import Scenario

__all__ = ["Solution", "SubjectResult"]

FloatArray = NDArray[np.float64]
#: The value of one subject in a warning such as "weight_kg 121 is outside the range 7.8 to 74.4".
_VALUE = re.compile(r" -?\d[\d.e+-]*(?: [^ ]+)?(?= is (?:outside|below|above))")


@dataclass
class SubjectResult:
    """One subject: what was given, the solved systems, the run of the receptor layer and how often it was drawn."""

    subject: Subject
    given: list[Administration]
    systems: list[DrugSystem] = field(default_factory=list)
    run: LayerRun | None = None
    draws: int = 0
    seizure: SeizureResult | None = None
    pris: PrisResult | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of this subject has to know, each once."""
        found = implausible(self.given, self.subject.patient.covariates.get("weight_kg"))
        found += [warning for system in self.systems for warning in system.person.warnings]
        found += self.seizure.warnings if self.seizure else ()
        found += self.pris.warnings if self.pris else ()
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True, eq=False)
class Solution:
    """The result of `simulate`.

    Attributes
    ----------
    ids : list
        Of the subjects.
    time_h : ndarray, shape (n_times,), hours
    outputs : dict of str to ndarray, shape (n_subjects, n_times), mg/L
        By column name; at a bolus the value after it.
    drugs : tuple of str
        Drugs and metabolites that are reported.
    metric_values : dict of str to ndarray, shape (n_subjects,)
        Exact, whatever the grid; NaN where a metric has no value.
    metric_reasons : dict of str to str
        Why a metric has no value.
    warnings : tuple of str
    regimen : Regimen
    until_h : float, hours
    evidence : str
    seizure : str
        Preset of the receptor layer, or ``none``.
    onset_h : float, hours
    ranges : dict of str to Range
        The range that the time in range counts, by drug.
    provenance : dict
        Versions, hashes of the library files, engine, seeds.
    """

    ids: list[Any]
    time_h: FloatArray
    outputs: dict[str, FloatArray]
    drugs: tuple[str, ...]
    metric_values: dict[str, FloatArray]
    metric_reasons: dict[str, str]
    warnings: tuple[str, ...]
    regimen: Regimen
    until_h: float
    evidence: str
    seizure: str
    onset_h: float
    ranges: dict[str, Range]
    provenance: dict[str, Any]
    _results: list[SubjectResult] = field(repr=False, default_factory=list)

    @classmethod
    def collect(cls, scenario: Scenario, results: list[SubjectResult], grid: FloatArray) -> Solution:
        """Put the solved systems of a scenario together."""
        reasons: dict[str, str] = {}
        for result in results:
            if result.run is not None:
                result.seizure = seizure_result(scenario, result, grid)
            if any(system.person.drug.name == PROPOFOL for system in result.systems):
                result.pris = pris_columns(result.given, result.subject.patient, grid, scenario.until_h)
        return cls(
            ids=[result.subject.id for result in results],
            time_h=grid,
            outputs=_outputs(results, len(grid)) if len(grid) else {},
            drugs=_drugs(results),
            metric_values=collect_metrics(results, reasons),
            metric_reasons=reasons,
            warnings=_warnings(scenario, results),
            regimen=scenario.regimen,
            until_h=scenario.until_h,
            evidence=scenario.evidence,
            seizure=scenario.seizure,
            onset_h=scenario.onset_h,
            ranges=_ranges(results),
            provenance=provenance(scenario, results),
            _results=results,
        )

    def to_frame(self, *, chord: bool = False) -> pd.DataFrame:
        """Return a table: id, time_h, then one column per output, each ending in its unit.

        Parameters
        ----------
        chord : bool
            Add ``e_gaba_chord_mV``, the GABA-A potential as a chord conductance, beside that of Goldman, Hodgkin, Katz.
        """
        import pandas as pd

        n, count = len(self.ids), len(self.time_h)
        columns: dict[str, Any] = {"id": np.repeat(np.array(self.ids, dtype=object), count)}
        columns["time_h"] = np.tile(self.time_h, n)
        columns.update({name: values.reshape(-1) for name, values in self.outputs.items()})
        if chord and "chloride_mM" in columns:
            columns["e_gaba_chord_mV"] = chord_potential(columns["chloride_mM"], layer_constants(load_receptors()))
        return pd.DataFrame(columns).infer_objects()

    def metrics(self) -> pd.DataFrame:
        """Return one row per id; the same columns as in batch."""
        import pandas as pd

        return pd.DataFrame({"id": self.ids, **self.metric_values})

    @cached_property
    def orders(self) -> pd.DataFrame:
        """What was given to whom, when, and why not: one row a dose."""
        import pandas as pd

        rows = [(result.subject.id, *dose) for result in self._results for dose in result.given]
        return pd.DataFrame(rows, columns=["id", *Administration._fields])

    @cached_property
    def assumptions(self) -> pd.DataFrame:
        """Every choice behind the numbers: applied, withheld, default or imputed, with grade and source."""
        import pandas as pd

        rows = []
        for result in self._results:
            who = result.subject.id
            for default in result.subject.patient.defaults:
                action = "imputed" if default.reason.startswith("derived") else "default"
                evidence = (action, "assumption", "", "project", default.reason)
                rows.append((who, default.item, default.value, default.unit, *evidence))
            rows += [(who, *line) for system in result.systems for line in system.person.assumptions]
            rows += [(who, *line) for line in (result.seizure.assumptions if result.seizure else ())]
            for reason in (*result.pris.drivers, *result.pris.evidence) if result.pris else ():
                rows.append(
                    (who, "infusion syndrome (PRIS)", "", "", "applied", "assumption", "D", "pris.toml", reason)
                )
        return pd.DataFrame(rows, columns=["id", *Assumption._fields])

    @property
    def patients(self) -> list[Patient]:
        """The patient of each id."""
        return [result.subject.patient for result in self._results]

    def plot(self, what: str = "concentrations", **options: Any) -> Figure:
        """Draw the result; bands for several subjects.

        Parameters
        ----------
        what : {"concentrations", "receptors", "pris"}
            Concentrations with range and dose marks, one panel a drug (``log=True`` for a logarithmic axis); seizure,
            receptors, chloride and potentials on one clock (needs a seizure); or rate, risk and laboratory values of a
            propofol infusion (needs propofol).
        **options
            ``title``, and those of the picture.

        Raises
        ------
        ParameterError
            If there is no such picture, or the result has nothing to show in it.
        """
        from pkpd.pictures.solution import draw

        return draw(self, what, **options)

    def report(self) -> str:
        """Return a page (HTML) with question, inputs, table, pictures, assumptions and warnings."""
        from pkpd.report.solution import solution_page

        return solution_page(self)


def _outputs(results: list[SubjectResult], n_times: int) -> dict[str, FloatArray]:
    """Columns of all subjects; a drug's unbound level stands after its total one."""
    columns: dict[str, FloatArray] = {}
    for index, result in enumerate(results):
        for system in result.systems:
            assert system.profile is not None
            for o, output in enumerate(system.shape.outputs):
                _column(columns, output.name, len(results), n_times)[index] = system.profile[o]
                if o == 0:
                    name = f"{system.person.drug.name}_unbound_mg_L"
                    _column(columns, name, len(results), n_times)[index] = system.profile[0] * system.person.fu
    for kind in ("seizure", "pris"):
        for index, result in enumerate(results):
            found = getattr(result, kind)
            for name, values in found.columns.items() if found else ():
                _column(columns, name, len(results), n_times)[index] = values
    return columns


def _column(columns: dict[str, FloatArray], name: str, n: int, n_times: int) -> FloatArray:
    if name not in columns:
        columns[name] = np.full((n, n_times), np.nan)
    return columns[name]


def _drugs(results: list[SubjectResult]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for result in results:
        for system in result.systems:
            names.update(dict.fromkeys(o.name.removesuffix("_plasma_mg_L") for o in system.shape.outputs if o.volume))
    return tuple(names)


def _warnings(scenario: Scenario, results: list[SubjectResult]) -> tuple[str, ...]:
    """Each warning once; where several subjects have it, with their number and without their single values."""
    n = len(results)
    counts: dict[str, int] = {}
    for result in results:
        for warning in result.warnings:
            text = warning if n == 1 else _VALUE.sub("", warning)
            counts[text] = counts.get(text, 0) + 1
    lines = [text if n == 1 else f"{text} ({count} of {n} subjects)" for text, count in counts.items()]
    doses = results[0].given if results else []
    if doses and not any(dose.given for dose in doses):
        lines.insert(0, f"no order is reached: the simulation ends at {scenario.until_h:g} h, before the first dose")
    return tuple(lines)


def _ranges(results: list[SubjectResult]) -> dict[str, Range]:
    names = dict.fromkeys(system.person.drug.name for result in results for system in result.systems)
    found = {name: load_drug(name).default_range for name in names}
    return {name: shown for name, shown in found.items() if shown is not None}
