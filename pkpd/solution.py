"""What happens: concentrations, exact metrics, what was given, and what was assumed, of one simulation."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pkpd.assumption import Assumption
from pkpd.dosing import Administration
from pkpd.groups import Unit
from pkpd.library.catalogue import load_drug
from pkpd.population import Subject
from pkpd.pris import DRUG as PROPOFOL
from pkpd.pris import PrisResult, pris_columns

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from pkpd.library.drug import Range
    from pkpd.regimen import Regimen
    from pkpd.simulate import Scenario

__all__ = ["Solution", "SubjectResult"]

FloatArray = NDArray[np.float64]
#: The value of one subject in a warning such as "weight_kg 121 is outside the range 7.8 to 74.4".
_VALUE = re.compile(r" -?\d[\d.e+-]*(?: [^ ]+)?(?= is (?:outside|below|above))")
RESEARCH_USE = "Research and teaching software: it never says what to give a patient."
METRICS = (("cmax_mg_L", "cmax"), ("tmax_h", "tmax"), ("auc_mg_h_L", "auc"), ("cmin_mg_L", "cmin"))


@dataclass
class SubjectResult:
    """One subject: what was given, and the solved systems."""

    subject: Subject
    given: list[Administration]
    units: list[Unit] = field(default_factory=list)
    pris: PrisResult | None = None


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
    ranges: dict[str, Range]
    provenance: dict[str, Any]
    _results: list[SubjectResult] = field(repr=False, default_factory=list)

    @classmethod
    def collect(cls, scenario: Scenario, results: list[SubjectResult], grid: FloatArray) -> Solution:
        """Put the solved units of a scenario together."""
        reasons: dict[str, str] = {}
        for result in results:
            if any(unit.person.drug.name == PROPOFOL for unit in result.units):
                result.pris = pris_columns(result.given, result.subject.patient, grid, scenario.until_h)
        return cls(
            ids=[result.subject.id for result in results],
            time_h=grid,
            outputs=_outputs(results, len(grid)) if len(grid) else {},
            drugs=_drugs(results),
            metric_values=_metrics(results, reasons),
            metric_reasons=reasons,
            warnings=_warnings(scenario, results),
            regimen=scenario.regimen,
            until_h=scenario.until_h,
            evidence=scenario.evidence,
            ranges=_ranges(results),
            provenance=_provenance(scenario, results),
            _results=results,
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a table: id, time_h, then one column per output, each ending in its unit."""
        import pandas as pd

        n, count = len(self.ids), len(self.time_h)
        columns: dict[str, Any] = {"id": np.repeat(np.array(self.ids, dtype=object), count)}
        columns["time_h"] = np.tile(self.time_h, n)
        columns.update({name: values.reshape(-1) for name, values in self.outputs.items()})
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
            rows += [(who, *line) for unit in result.units for line in unit.person.assumptions]
            for reason in (*result.pris.drivers, *result.pris.evidence) if result.pris else ():
                rows.append(
                    (who, "infusion syndrome (PRIS)", "", "", "applied", "assumption", "D", "pris.toml", reason)
                )
        return pd.DataFrame(rows, columns=["id", *Assumption._fields])

    def plot(self, **options: Any) -> Figure:
        """Draw concentrations with range and dose marks, one panel a drug; bands for several subjects."""
        from pkpd.plot import profiles

        return profiles(self, **options)

    def report(self) -> str:
        """Return a page (HTML) with question, inputs, table, pictures, assumptions and warnings."""
        from pkpd.report import solution_page

        return solution_page(self)


def _outputs(results: list[SubjectResult], n_times: int) -> dict[str, FloatArray]:
    """Columns of all subjects; a drug's unbound level stands after its total one."""
    columns: dict[str, FloatArray] = {}
    for index, result in enumerate(results):
        for unit in result.units:
            assert unit.profile is not None
            for o, output in enumerate(unit.shape.outputs):
                _column(columns, output.name, len(results), n_times)[index] = unit.profile[o]
                if o == 0:
                    name = f"{unit.person.drug.name}_unbound_mg_L"
                    _column(columns, name, len(results), n_times)[index] = unit.profile[0] * unit.person.fu
    for index, result in enumerate(results):
        for name, values in result.pris.columns.items() if result.pris else ():
            _column(columns, name, len(results), n_times)[index] = values
    return columns


def _column(columns: dict[str, FloatArray], name: str, n: int, n_times: int) -> FloatArray:
    if name not in columns:
        columns[name] = np.full((n, n_times), np.nan)
    return columns[name]


def _drugs(results: list[SubjectResult]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for result in results:
        for unit in result.units:
            names.update(dict.fromkeys(o.name.removesuffix("_plasma_mg_L") for o in unit.shape.outputs if o.volume))
    return tuple(names)


def _metrics(results: list[SubjectResult], reasons: dict[str, str]) -> dict[str, FloatArray]:
    values: dict[str, FloatArray] = {}
    for index, result in enumerate(results):
        for unit in result.units:
            for name, value in _unit_metrics(unit, reasons).items():
                values.setdefault(name, np.full(len(results), np.nan))[index] = value
    for index, result in enumerate(results):
        if result.pris is not None:
            for name, value in (("pris_risk", result.pris.risk), ("pris_alert", float(result.pris.alert))):
                values.setdefault(name, np.full(len(results), np.nan))[index] = value
    for name, column in values.items():
        if name not in reasons and np.isnan(column).any():
            reasons[name] = "the models of some subjects do not have this output"
    return values


def _unit_metrics(unit: Unit, reasons: dict[str, str]) -> dict[str, float]:
    """Metrics of one drug in one subject, metabolites after it."""
    drug, found = unit.person.drug, {}
    for output in unit.shape.outputs:
        if not output.volume:
            continue
        name = output.name.removesuffix("_plasma_mg_L")
        summary = unit.summary[output.name]
        found.update({f"{name}_{metric}": summary[key] for metric, key in METRICS})
        if summary["cmax"] == 0.0:
            found[f"{name}_tmax_h"] = math.nan
            reasons[f"{name}_tmax_h"] = "nothing was given"
        half_life = f"{name}_half_life_h"
        found[half_life] = unit.half_life.get(output.name, math.nan)
        if math.isinf(found[half_life]):
            found[half_life] = math.nan
            reasons[half_life] = "no elimination: clearance is 0"
        elif math.isnan(found[half_life]):
            reasons[half_life] = "saturable elimination: the half-life depends on the concentration"
        if name != drug.name:
            continue
        inside = f"{name}_time_in_range_h"
        found[inside] = math.nan if math.isnan(unit.range_mg_L[0]) else summary["in_range"]
        if math.isnan(found[inside]):
            reasons[inside] = "the library has no range"
        if unit.person.brain is not None:
            found[f"{name}_brain_cmax_mg_L"] = unit.summary[f"{name}_brain_mg_L"]["cmax"]
    return found


def _warnings(scenario: Scenario, results: list[SubjectResult]) -> tuple[str, ...]:
    """Each warning once; where several subjects have it, with their number and without their single values."""
    n = len(results)
    counts: dict[str, int] = {}
    for result in results:
        own = [w for unit in result.units for w in unit.person.warnings]
        for warning in dict.fromkeys([*own, *(result.pris.warnings if result.pris else ())]):
            text = warning if n == 1 else _VALUE.sub("", warning)
            counts[text] = counts.get(text, 0) + 1
    lines = [text if n == 1 else f"{text} ({count} of {n} subjects)" for text, count in counts.items()]
    doses = results[0].given if results else []
    if doses and not any(dose.given for dose in doses):
        lines.insert(0, f"no order is reached: the simulation ends at {scenario.until_h:g} h, before the first dose")
    return tuple(lines)


def _ranges(results: list[SubjectResult]) -> dict[str, Range]:
    names = dict.fromkeys(unit.person.drug.name for result in results for unit in result.units)
    found = {name: load_drug(name).default_range for name in names}
    return {name: shown for name, shown in found.items() if shown is not None}


def _provenance(scenario: Scenario, results: list[SubjectResult]) -> dict[str, Any]:
    from pkpd import __version__

    drugs = {unit.person.drug.name: unit.person.drug.sha256 for result in results for unit in result.units}
    return {
        "pkpd": __version__,
        "engine": "linear: exact; saturable: series of order 14, tolerance 3e-10 a step",
        "evidence": scenario.evidence,
        "seeds": sorted({result.subject.seed for result in results}),
        "library": drugs,
        "use": RESEARCH_USE,
    }
