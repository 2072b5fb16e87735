"""The receptor layer of many subjects, driven by the brain levels of all their drugs, with orders judged on the way.

Rounds: levels are computed for the doses decided so far, every subject runs to its next undecided order (or to the
end), the orders are judged by the flag at that moment, and the next round begins. Nothing is repeated for a subject
without conditional orders.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pkpd.engine.parallel import thread_count
from pkpd.models.receptors import CL, N_STATES, R, rest_state
from pkpd.models.seizure_steps import STEP_MIN, advance_layer
from pkpd.patients.patient import Patient
from pkpd.regimen.regimen import Regimen
from pkpd.seizure.constitution import Constitution
from pkpd.seizure.inputs import ReceptorInputs
from pkpd.systems.dosing import Administration, Decision, Pending, administer, pending
from pkpd.systems.groups import DrugSystem, system_levels
from pkpd.systems.ways import way_key

__all__ = ["LayerRun", "run_layer", "steps_between"]

FloatArray = NDArray[np.float64]
MOST_TRANSITIONS = 4096
CHUNK_VALUES = 8_000_000  # brain levels held at a time
PARTS = 64  # into which subjects are divided among the threads


@dataclass
class LayerRun:
    """One subject in the receptor layer: what goes in, its state on the way, and what comes out.

    `times_min` are output times after the onset, increasing; `states` has shape (n_times, N_STATES) and `brain`
    (n_times, n_drugs). `transitions` are rows (minutes after onset, 1 on or 0 off).
    """

    patient: Patient
    regimen: Regimen
    systems: list[DrugSystem]
    constitution: Constitution
    inputs: ReceptorInputs
    onset_h: float
    until_h: float
    times_min: FloatArray
    decisions: dict[tuple[int, int], Decision] = field(default_factory=dict)
    given: list[Administration] = field(default_factory=list)
    failure: str = ""

    def __post_init__(self) -> None:
        self.y = rest_state(self.inputs.constants)
        self.y[0] = 1.0
        self.y[N_STATES - 1] = self.inputs.fold
        self.flag, self.k, self.at, self.n_transitions = True, 0, 0, 0
        self.n_steps = max(0, math.ceil((self.until_h - self.onset_h) * 60.0 / STEP_MIN - 1e-9))
        self.states = np.zeros((len(self.times_min), N_STATES))
        self.brain = np.zeros((len(self.times_min), len(self.systems)))
        self.brain_now = np.zeros(len(self.systems))
        self._transitions = np.zeros((MOST_TRANSITIONS, 2))
        self.extremes = np.array([self.y[R], self.y[CL], *self.brain_now])
        self.open: list[Pending] = pending(self.regimen, self.until_h)
        self.waiting: list[Pending] = []
        self.levels = np.empty((0, 0))
        self._judge_before_onset()
        self.refresh()

    @property
    def transitions(self) -> FloatArray:
        """Times (min after onset) and directions of the flag's changes."""
        return self._transitions[: min(self.n_transitions, MOST_TRANSITIONS)]

    @property
    def peaks(self) -> FloatArray:
        """Highest unbound brain level of each drug, mg/L; exact to the step for drugs that follow the P-gp fold."""
        return self.extremes[2:]

    def refresh(self) -> None:
        """Work out what is given, from the decisions taken so far."""
        self.given = administer(self.regimen, self.patient, self.until_h, self.decisions)
        for system in self.systems:
            system.given = [dose for dose in self.given if way_key(dose.drug, dose.route) in system.routes]

    def _judge_before_onset(self) -> None:
        for item in [item for item in self.open if item.time_h < self.onset_h]:
            self.open.remove(item)
            if item.waits:
                self.waiting.append(item)
            else:
                self._decide(item, False, item.time_h, "not seizing: before the onset")

    def _decide(self, item: Pending, given: bool, time_h: float, reason: str) -> None:
        self.decisions[(item.order, item.repeat)] = Decision(given, time_h, reason)

    def next_stop(self) -> int:
        """Step at which the next order is judged, or the last step."""
        return steps_between(self.onset_h, self.open[0].time_h) if self.open else self.n_steps

    def advance(self) -> None:
        """Run to the next stop."""
        own, give = self.constitution, self.inputs
        self.k, self.flag, self.at, self.n_transitions = advance_layer(
            self.y, self.brain_now, self.flag, self.k, self.next_stop(), bool(self.waiting), own.drive, own.noise,
            own.plasticity, own.tau_h, own.chloride_scale, give.sensitivity(own.sensitivity), give.role, give.drug,
            self.levels, give.exchange, give.pgp, give.constants, self.times_min / STEP_MIN, self.states, self.brain,
            self.at, self._transitions, self.n_transitions, self.extremes,
        )  # fmt: skip
        if self.k < 0:
            self.failure = "the receptor layer left the range of numbers"
            self.k, self.open, self.waiting = self.n_steps, [], []

    def judge(self) -> bool:
        """Judge the orders that are due; return whether a dose was added."""
        now, before = self.onset_h + self.k * STEP_MIN / 60.0, len(self.decisions)
        if self.flag:
            for item in self.waiting:
                self._decide(item, True, max(now, item.time_h), "seizing")
            self.waiting = []
        while self.open and steps_between(self.onset_h, self.open[0].time_h) <= self.k:
            item = self.open.pop(0)
            if self.flag:
                self._decide(item, True, item.time_h, "seizing")
            elif item.waits:
                self.waiting.append(item)
            else:
                self._decide(item, False, item.time_h, "not seizing")
        if self.k >= self.n_steps:
            for item in self.waiting:
                self._decide(item, False, item.time_h, "never seizing again")
            self.waiting = []
        return len(self.decisions) > before


def steps_between(onset_h: float, time_h: float) -> int:
    """Return the number of whole steps from the onset to a time."""
    return max(0, math.floor((time_h - onset_h) * 60.0 / STEP_MIN + 1e-6))


def run_layer(runs: Sequence[LayerRun], threads: int | None = None) -> None:
    """Run all subjects to their end, filling in states, decisions and transitions."""
    if not runs:
        return
    at = 0
    with ThreadPoolExecutor(threads or thread_count()) as pool:
        while at < len(runs):
            size, stop = 0, at
            while stop < len(runs) and (stop == at or size < CHUNK_VALUES):
                size += runs[stop].n_steps * max(1, len(runs[stop].systems))
                stop += 1
            _run_chunk(list(runs[at:stop]), pool)
            at = stop


def _run_chunk(runs: list[LayerRun], pool: ThreadPoolExecutor) -> None:
    changed = active = runs
    _fill_brains(runs)
    while active:
        _fill_levels(changed)
        list(pool.map(_advance, (active[part::PARTS] for part in range(min(PARTS, len(active))))))
        changed = [run for run in active if run.judge()]
        for run in changed:
            run.refresh()
        active = [run for run in active if run.k < run.n_steps]
    for run in runs:
        run.levels = np.empty((0, 0))


def _advance(runs: Sequence[LayerRun]) -> None:
    for run in runs:
        run.advance()


def _fill_levels(runs: list[LayerRun]) -> None:
    """Levels at the middle of each step, of all systems at once: brain, or unbound plasma where the P-gp fold moves."""
    by_grid: dict[tuple[float, int], list[LayerRun]] = {}
    for run in runs:
        if run.n_steps and run.systems:
            by_grid.setdefault((run.onset_h, run.n_steps), []).append(run)
    for (onset_h, n_steps), same in by_grid.items():
        times: FloatArray = onset_h + (np.arange(n_steps, dtype=np.float64) + 0.5) * (STEP_MIN / 60.0)
        wanted = [(system, "plasma" if run.inputs.exchange[d, 0] > 0.0 else "brain")
                  for run in same for d, system in enumerate(run.systems)]  # fmt: skip
        rows = system_levels(wanted, times)
        place = 0
        for run in same:
            run.levels = rows[place : place + len(run.systems)]
            place += len(run.systems)
            for d, system in enumerate(run.systems):
                if run.inputs.exchange[d, 0] > 0.0:
                    run.levels[d] *= system.person.fu


def _fill_brains(runs: list[LayerRun]) -> None:
    """Levels at the onset, and the highest before it, of drugs that were given earlier and follow the P-gp fold."""
    for run in runs:
        moving = np.flatnonzero(run.inputs.exchange[:, 0] > 0.0)
        if run.onset_h > 0.0 and len(moving):
            times = np.linspace(0.0, run.onset_h, max(2, math.ceil(run.onset_h * 60.0 / STEP_MIN) + 1))
            before = system_levels([(run.systems[d], "brain") for d in moving], times)
            run.brain_now[moving] = before[:, -1]
            run.extremes[2 + moving] = before.max(axis=1)
