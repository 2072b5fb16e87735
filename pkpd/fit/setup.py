"""Everything that stands before the first evaluation: model and data brought together into an objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pkpd.dataset.records import number
from pkpd.errors import DataError, ParameterError
from pkpd.fit.arrange import layout_of
from pkpd.fit.case import Case, LeftOut
from pkpd.fit.choice import Choice
from pkpd.fit.estimate import Space
from pkpd.fit.layout import Layout
from pkpd.fit.likelihood import Objective, Observed
from pkpd.fit.maps import DirectMap, eta_map
from pkpd.fit.model import FitModel
from pkpd.fit.problem import ParameterMap, Problem
from pkpd.predict.parameters import check_values, column_values, id_values

__all__ = ["Setup", "active_parameters", "prepare", "without_idle_fractions", "without_zero_predictions"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Setup:
    """A fit that is ready to run.

    Attributes
    ----------
    model, case, choice
    unit_ids : list
        The ID of each unit; ``"pooled"`` for all subjects together.
    objective : Objective
    space : Space
        Of the structural parameters.
    held : dict of str to ndarray, shape (n_sets,)
        Parameters that are not estimated.
    reference : dict of str to ndarray, shape (n_units,)
        Typical values of a library model where an estimate stands; empty for a short form.
    """

    model: FitModel
    case: Case
    choice: Choice
    unit_ids: list[Any]
    objective: Objective
    space: Space
    held: Mapping[str, FloatArray]
    reference: Mapping[str, FloatArray]

    @property
    def layout(self) -> Layout:
        """Where pieces, doses, sets and observations stand."""
        return self.objective.problem.layout


def prepare(model: FitModel, case: Case, choice: Choice, error: str, *, pooled: bool, random: bool = False) -> Setup:
    """Bring model and data together.

    Parameters
    ----------
    model, case, choice
    error : str
    pooled : bool
        One unit of all subjects; else each subject is one.
    random : bool
        Whether estimates are deviations that act where a library model defines their parameters (method map).
    """
    n, cohort = len(case.subjects), model.cohort
    columns = _columns(case, choice)
    new_set = cohort.changes(case) if cohort is not None else None
    for values in columns.values():
        changed = np.append(True, values[1:] != values[:-1])
        new_set = changed if new_set is None else new_set | changed
    layout = layout_of(case, np.zeros(n, dtype=np.int64) if pooled else np.arange(n), model.entries(case), new_set)
    typical = cohort.typical(case, layout) if cohort is not None else {}
    reference = cohort.at_reference(case, layout, pooled) if cohort is not None else {}
    held = _held(case, choice, columns, layout, typical)
    _need_codes(case, model, layout, held)
    if cohort is not None and random:
        chosen = {name: values for name, values in held.items() if name not in choice.defaults}
        parameters: ParameterMap = eta_map(cohort, case, layout, choice.estimated, chosen, model.known.names)
    else:
        parameters = DirectMap(choice.estimated, held | _ratios(choice, layout, typical, reference))
    on_doses = random or any(name in model.system.dose_parameters for name in choice.estimated)
    problem = Problem(model.system, layout, parameters, on_doses)
    observed = Observed(
        *(problem.scattered(column) for column in (case.dv, case.used, case.censored, case.limit, case.output))
    )
    objective = Objective(problem, error, observed, n_outputs=len(model.system.outputs))
    ids = ["pooled"] if pooled else list(case.subjects)
    return Setup(model, case, choice, ids, objective, _space(model, layout, choice), held, reference)


def _ratios(
    choice: Choice, layout: Layout, typical: Mapping[str, FloatArray], reference: Mapping[str, FloatArray]
) -> dict[str, FloatArray]:
    """What covariates make of each estimated parameter in every set, relative to where the estimate stands."""
    unit = layout.unit[layout.set_piece]
    ones = np.ones(len(layout.set_row))
    found = {}
    for name in choice.estimated:
        base = reference[name][unit] if name in typical else ones
        # Where the model says 0, as of a lag, covariates have nothing to multiply.
        found[name] = np.divide(typical.get(name, ones), base, out=ones.copy(), where=base != 0.0)
    return found


def _space(model: FitModel, layout: Layout, choice: Choice) -> Space:
    low, high = np.full(len(choice.estimated), -np.inf), np.full(len(choice.estimated), np.inf)
    for name, (least, most) in choice.bounds.items():
        with np.errstate(divide="ignore"):
            low[choice.estimated.index(name)], high[choice.estimated.index(name)] = np.log(least), np.log(most)
    return Space(choice.estimated, active_parameters(model, layout, choice), low, high)


def _columns(case: Case, choice: Choice) -> dict[str, FloatArray]:
    """Held parameters that stand in a column of the data, row by row of the table."""
    return {
        name: column_values(case.data, name, value, case.order)
        for name, value in choice.fixed.items()
        if isinstance(value, str)
    }


def _held(
    case: Case, choice: Choice, columns: Mapping[str, FloatArray], layout: Layout, typical: Mapping[str, FloatArray]
) -> dict[str, FloatArray]:
    """The value of every held parameter in every set."""
    subject = case.piece_subject[layout.set_piece]
    found = {}
    for name, value in choice.fixed.items():
        if name in choice.defaults and name in typical:
            found[name] = typical[name]
        elif name in columns:
            found[name] = columns[name][layout.set_row]
        elif hasattr(value, "items"):
            by_subject = case.table._replace(ids=case.subjects, starts=np.arange(len(case.subjects)))
            found[name] = id_values(by_subject, name, value, np.arange(len(case.subjects)))[subject]
        else:
            found[name] = id_values(case.table, name, value, layout.set_row)
        if name not in choice.defaults:
            check_values(case.data, case.table, name, value, found[name], layout.set_row, case.order)
    return found


def _need_codes(case: Case, model: FitModel, layout: Layout, held: Mapping[str, FloatArray]) -> None:
    """RATE -1 and -2 take Rn and Dn from the parameters."""
    for number_, entry in enumerate(model.system.entries.values()):
        for code, name in ((-1, entry.rate), (-2, entry.duration)):
            rows = layout.dose.row[(layout.dose.entry == number_) & (layout.dose.rate == code)]
            if len(rows) and name in held and np.isnan(held[name]).any():
                row = rows[0] if case.order is None else case.order[rows[0]]
                raise ParameterError(
                    f"{case.where(row)}: RATE {code} takes {name} from the parameters, and it has no value; expected "
                    f"it in vary with a start, or in fixed. Add {name}."
                )


def active_parameters(model: FitModel, layout: Layout, choice: Choice) -> BoolArray:
    """Which estimated parameters act in each unit: what belongs to a way in that a unit does not use does not."""
    n_units = int(layout.unit[-1]) + 1
    active = np.ones((n_units, len(choice.estimated)), dtype=np.bool_)
    dose_unit = layout.unit[layout.dose.piece]
    for column, name in enumerate(choice.estimated):
        acting, others = np.zeros(n_units, dtype=np.bool_), np.zeros(n_units, dtype=np.bool_)
        concerned = False
        for number_, entry in enumerate(model.system.entries.values()):
            here = name in entry[1:6]
            concerned |= here
            (acting if here else others)[dose_unit[layout.dose.entry == number_]] = True
        if concerned:
            active[:, column] = acting & others if name in choice.auto else acting
    return active


def without_idle_fractions(model: FitModel, case: Case) -> FitModel:
    """Return the model without fractions estimated by default, unless a subject has doses by several ways in."""
    known = model.known
    r = case.table.records
    rows = r.row[r.dose]
    subject = case.piece_subject[np.argsort(case.pieces.start)][
        np.searchsorted(np.sort(case.pieces.start), rows, side="right") - 1
    ]
    fractions = [entry.fraction for entry in model.system.entries.values()]
    ways = {(int(who), fractions[entry]) for who, entry in zip(subject, model.entries(case), strict=True)}
    shared = [who for who, _ in ways]
    if len(set(shared)) < len(shared):
        return model
    estimated = tuple(name for name in known.estimated if name not in known.auto)
    return replace(model, known=replace(known, estimated=estimated, auto=()))


def _slow(setup: Setup, start: FloatArray) -> FloatArray:
    """A vector under which nothing is eliminated to nothing: large volumes, hardly a lag."""
    found = start.copy()
    for column, name in enumerate(setup.choice.estimated):
        if name[0] == "V" and name != "VM":
            found[:, column] += np.log(1e6)
        elif name.startswith("ALAG"):
            found[:, column] -= np.log(1e6)
    return found


def without_zero_predictions(setup: Setup, starts: Sequence[FloatArray]) -> tuple[Setup, tuple[LeftOut, ...]]:
    """Leave out observations before any drug is there, where the error model has no variance for them.

    Raises
    ------
    DataError
        If a DV that counts has no logarithm under the log error.
    """
    objective, case = setup.objective, setup.case
    if objective.error == "additive":
        return setup, ()
    every = np.arange(objective.problem.n_units)
    predicted = objective.problem.predict(every, np.stack([*starts, _slow(setup, starts[0])], axis=1))
    nothing = (predicted == 0.0).all(axis=1) & (objective.observed.used | objective.observed.censored)
    if objective.error == "combined":  # a 0 that is met exactly would draw the additive sigma to 0
        nothing &= objective.observed.dv == 0.0
    gone = objective.problem.gathered(nothing)
    used = objective.observed.used & ~nothing
    if objective.error == "log":
        bad = np.flatnonzero(objective.problem.gathered(used & ~(objective.observed.dv > 0)))
        if len(bad):
            raise DataError(
                f"{case.where(case.row[bad[0]])}: DV {number(case.dv[bad[0]])} has no logarithm, which error='log' "
                "needs; expected values above 0. Mark it as below the limit (BLQ 1), or choose another error."
            )
    observed = objective.observed._replace(used=used, censored=objective.observed.censored & ~nothing)
    reason = f"the prediction is exactly 0: no variance under {objective.error} error"
    if objective.error == "combined":
        reason = "prediction and DV are exactly 0, which says nothing of the additive sigma"
    out = tuple(LeftOut(int(case.row[i]), reason) for i in np.flatnonzero(gone))
    return replace(setup, objective=replace(objective, observed=observed)), out
