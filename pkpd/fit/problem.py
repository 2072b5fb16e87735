"""From parameters to predicted concentrations at the observations, for many units and many parameter vectors at once.

What the records say is prepared once: pieces, doses, parameter sets and where the observations stand. An evaluation
then is arithmetic on arrays and one call of the engine. Nothing here knows pandas, residual errors or estimation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd.engine.events import Changes, Doses, Pieces, expand
from pkpd.engine.linear import Actions, Problems, solve
from pkpd.errors import SolverError
from pkpd.fit.layout import Layout, Plan, plan_of, plan_of_one
from pkpd.fit.system import System

__all__ = ["ParameterMap", "Problem"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
#: Below this many predictions a second thread costs more than it brings.
FEW = 20_000
#: Rate times span above which a saturable system is not integrated.
STIFF = 5_000.0
#: Width of a vector that stands for any.
ANY = 64
Values = Mapping[str, FloatArray]

#: ``map(names, sets, positions, x)`` with x of shape (m, k, p) gives parameters of the sets, each of shape
#: (k * n_sets,), vector by vector; ``x[positions[s]]`` are the vectors of the unit that set s belongs to.
ParameterMap = Callable[[tuple[str, ...], IntArray, IntArray, FloatArray], Values]


class _Events(NamedTuple):
    actions: Actions
    start: IntArray
    stop: IntArray


@dataclass(frozen=True)
class Problem:
    """Observations, doses and a system, prepared.

    Attributes
    ----------
    system : System
    layout : Layout
    values : ParameterMap
    acts_on_doses : bool
        Whether an estimated parameter changes doses, so that events depend on the parameters.
    """

    system: System
    layout: Layout
    values: ParameterMap
    acts_on_doses: bool = False
    _plans: dict[bytes, tuple[Plan, _Events | None]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def n_units(self) -> int:
        """The number of units."""
        return int(self.layout.unit[-1]) + 1

    @cached_property
    def _level_names(self) -> tuple[str, ...]:
        """Parameters of the rate constants and of the outputs."""
        seen = [name for output in self.system.outputs for name in (output.volume, output.factor) if name]
        return tuple(dict.fromkeys([*self.system.kinetic, *seen]))

    @cached_property
    def _every_name(self) -> tuple[str, ...]:
        """The same, and the parameters of doses."""
        return tuple(dict.fromkeys([*self._level_names, *self.system.dose_parameters]))

    @cached_property
    def _whole(self) -> tuple[Plan, _Events | None]:
        """The plan of all units, and their actions where these depend on no parameter."""
        plan = plan_of(self.layout, np.arange(self.n_units), self.n_units)
        if self.acts_on_doses or len(plan.sets) > len(plan.pieces):
            return plan, None
        any_vector = np.zeros((self.n_units, 1, ANY))
        values = self.values(self.system.dose_parameters, plan.sets, plan.set_unit, any_vector)
        return plan, self._events(plan, values, 1)

    @cached_property
    def width(self) -> int:
        """The largest number of observations of a unit."""
        return int(self.counts().max(initial=0))

    def counts(self) -> IntArray:
        """Return the number of observations of each unit."""
        return np.bincount(self.layout.unit[self.layout.obs_piece], minlength=self.n_units)

    def predict(self, units: IntArray, x: FloatArray) -> FloatArray:
        """Predict the observations of units, each for several parameter vectors.

        Parameters
        ----------
        units : ndarray of int, shape (m,)
            Increasing.
        x : ndarray, shape (m, k, p)
            What the vectors mean is the business of `values`.

        Returns
        -------
        ndarray, shape (m, k, width)
            In the order of the observations of each unit, 0 beyond the last one; NaN where there is no solution.
        """
        k = x.shape[1]
        plan, shared = self._planned(units)
        names = self._level_names if shared is not None else self._every_name
        values = self.values(names, plan.sets, plan.set_unit, x)
        events = shared if shared is not None else self._events(plan, values, k)
        amounts = self._amounts(plan, values, events, k)
        levels = self._levels(plan, values, amounts, k)
        result = np.zeros((len(units), k, self.width))
        if len(units) == 1:
            result[0, :, : levels.shape[1]] = levels
        else:
            result[plan.obs_unit, :, plan.obs_slot] = levels.T
        return result

    def scattered(self, of_observations: NDArray) -> NDArray:
        """Return what is given for each observation as an array (n_units, width), 0 beyond the last one."""
        plan, _ = self._whole
        result = np.zeros((self.n_units, self.width), dtype=of_observations.dtype)
        result[plan.obs_unit, plan.obs_slot] = of_observations
        return result

    def gathered(self, padded: NDArray) -> NDArray:
        """Return the values of an array (n_units, width) in the order of the observations."""
        plan, _ = self._whole
        return padded[plan.obs_unit, plan.obs_slot]

    def _planned(self, units: IntArray) -> tuple[Plan, _Events | None]:
        whole, events = self._whole
        if len(units) == self.n_units:
            return whole, events
        key = units.tobytes()
        found = self._plans.get(key)
        if found is None:
            if len(self._plans) > 8:
                self._plans.clear()
            if len(units) == 1:
                plan = plan_of_one(whole, int(units[0]))
            else:
                plan = plan_of(self.layout, units, self.n_units)
            if events is not None:
                events = _Events(events.actions, events.start[plan.pieces], events.stop[plan.pieces])
            self._plans[key] = found = plan, events
        return found

    def _events(self, plan: Plan, values: Values, k: int) -> _Events:
        """The actions of all pieces, once for each parameter vector."""
        n_pieces, n_sets, dose = len(plan.pieces), len(plan.sets), plan.dose
        starts, stops = self.layout.start[plan.pieces], self.layout.stop[plan.pieces]
        amount, rate, duration, lag, state = self._doses(plan, values, k)
        shift = np.arange(k)[:, None]

        def wide(column: NDArray) -> NDArray:
            return np.broadcast_to(column, (k, len(column))).ravel()

        later = np.setdiff1d(np.arange(n_sets), plan.set_begins)
        piece_of_set = np.searchsorted(plan.set_begins, later, side="right") - 1
        changes = Changes(
            (piece_of_set + shift * n_pieces).ravel(),
            wide(self.layout.set_row[plan.sets[later]]),
            (later + shift * n_sets).ravel(),
        )
        doses = Doses(
            (dose.piece + shift * n_pieces).ravel(), wide(dose.row), wide(state), amount, rate, duration, lag,
            wide(dose.interval), wide(dose.additional), wide(dose.steady),
        )  # fmt: skip
        pieces = Pieces(wide(starts), wide(stops))
        return _Events(*expand(self.layout.time, pieces, doses, changes, changes_first=True))

    def _doses(self, plan: Plan, values: Values, k: int) -> tuple[NDArray, ...]:
        """Amount, rate, duration, lag (each of shape (k * n_doses,)) and state of the dose records."""
        dose, n = plan.dose, len(plan.dose.row)
        fraction, lag, r_n, d_n = np.ones((k, n)), np.zeros((k, n)), np.zeros((k, n)), np.zeros((k, n))
        state = np.zeros(n, dtype=np.int64)
        for number, entry in enumerate(self.system.entries.values()):
            at = np.flatnonzero(dose.entry == number)
            state[at] = entry.state
            fraction[:, at] = entry.factor
            for name, target in zip(entry[1:5], (fraction, lag, r_n, d_n)):
                if len(at) and name in values:
                    given = values[name].reshape(k, -1)[:, plan.dose_set[at]]
                    target[:, at] = given * entry.factor if target is fraction else given
        amount, code = dose.amount * fraction, dose.rate
        rate = np.broadcast_to(code, (k, n))
        if (code < 0).any():
            by_duration = np.divide(amount, d_n, out=np.zeros((k, n)), where=d_n > 0)
            rate = np.where(code == -1, r_n, np.where(code == -2, by_duration, code))
        duration = np.divide(amount, rate, out=np.zeros((k, n)), where=rate > 0)
        return amount.ravel(), np.ascontiguousarray(rate).ravel(), duration.ravel(), lag.ravel(), state

    def _amounts(self, plan: Plan, values: Values, events: _Events, k: int) -> FloatArray:
        """Amounts of the states of all outputs, shape (n_outputs, k, n_obs)."""
        n_pieces = len(plan.pieces)
        row = (np.arange(k)[:, None] * len(plan.sets) + plan.set_begins).ravel()
        bounds = [events.start, events.stop, plan.obs_start, plan.obs_stop]
        wide = [np.tile(bound, k) if len(bound) == n_pieces else bound for bound in bounds]
        states = np.array([output.state for output in self.system.outputs], dtype=np.int64)
        theta, problems = self.system.rates(values), Problems(row, *wide)
        hopeless = self._too_stiff(theta, values, plan, k) if self.system.saturable else []
        amounts = self._solved(theta, values, events.actions, problems, plan, states, hopeless)
        return amounts.reshape(len(states), k, len(plan.times))

    def _too_stiff(self, theta: FloatArray, values: Values, plan: Plan, k: int) -> list[int]:
        """Problems that would take the integrator for ever: rates so fast that no observation could show them."""
        rate = np.maximum(theta.max(axis=1), values["VM"] / (values["KM"] * values["V1"]))
        with np.errstate(invalid="ignore"):
            sets = ~(rate * np.ptp(self.layout.time) < STIFF).reshape(k, -1)
        return np.flatnonzero(np.logical_or.reduceat(sets, plan.set_begins, axis=1).ravel()).tolist()

    def _solved(
        self,
        theta: FloatArray,
        values: Values,
        actions: Actions,
        problems: Problems,
        plan: Plan,
        states: IntArray,
        hopeless: list[int],
    ) -> FloatArray:
        """The amounts, NaN for the problems that have no solution; what fails is taken out and the rest solved."""
        failed = list(hopeless)
        while True:
            if failed:
                problems = problems._replace(action_stop=problems.action_stop.copy())
                problems.action_stop[failed] = problems.action_start[failed]
            try:
                found = self._engine(theta, values, actions, problems, plan, states)
                break
            except SolverError as error:
                index = getattr(error, "problem", None)
                if index is None:
                    raise
                failed.append(index)
        if failed:
            place = np.concatenate(([0], np.cumsum(problems.time_stop - problems.time_start)))
            for index in failed:
                found[:, place[index] : place[index + 1]] = np.nan
        return found

    def _engine(
        self, theta: FloatArray, values: Values, actions: Actions, problems: Problems, plan: Plan, states: IntArray
    ) -> FloatArray:
        structure, times, orders = self.system.structure, plan.times, plan.orders
        if not self.system.saturable:
            total = int((problems.time_stop - problems.time_start).sum())
            threads = 1 if total < FEW else None
            return solve(structure, theta, actions, problems, times, states, orders=orders, step=0.0, threads=threads)
        from pkpd.models.saturable import solve_saturable_outputs

        vm, km_amount = np.ascontiguousarray(values["VM"]), values["KM"] * values["V1"]
        block = self.system.central
        return solve_saturable_outputs(
            structure, theta, vm, km_amount, block, actions, problems, times, states, orders=orders
        )[0]

    def _levels(self, plan: Plan, values: Values, amounts: FloatArray, k: int) -> FloatArray:
        """Concentrations of the observed outputs, shape (k, n_obs)."""
        found = np.empty(amounts.shape[1:])
        several = len(amounts) > 1
        for number, output in enumerate(self.system.outputs):
            at = np.flatnonzero(plan.obs_output == number) if several else slice(None)
            level, sets = amounts[number][:, at], plan.obs_set[at]
            if output.volume:
                level = level / values[output.volume].reshape(k, -1)[:, sets]
            if output.factor:
                level = level * values[output.factor].reshape(k, -1)[:, sets]
            found[:, at] = level
        return found
