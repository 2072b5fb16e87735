"""Episodes of status epilepticus from their onset: drawn once, run as often as a question needs, always the same.

An episode knows its patient, its constitution and its noise. A run takes orders in minutes after the onset and gives
the seizure on half-minute grid; earlier stages of a trial are part of the orders, so nothing is handed over.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pkpd.errors import SolverError
from pkpd.individual.individual import Individual, individual
from pkpd.individual.variability import clearance_spreads
from pkpd.library.catalogue import load_drug
from pkpd.library.receptor_file import Receptors, load_receptors
from pkpd.patients.patient import Patient
from pkpd.regimen.regimen import Dose, Regimen
from pkpd.seizure.constitution import KNOT_MIN, Constitution, draw_constitution, draw_noise, knots
from pkpd.seizure.inputs import layer_constants, receptor_inputs
from pkpd.seizure.layer import LayerRun, run_layer
from pkpd.systems.groups import DrugSystem
from pkpd.systems.ways import Ways, ways_by_system

__all__ = ["Course", "Episodes", "draw_episodes"]

FloatArray = NDArray[np.float64]
FIRST_NOISE_MIN = 360.0  # drawn for every onset; those that are followed for longer get more of it


@dataclass(frozen=True)
class Course:
    """Seizures on the half-minute grid from the onset.

    Attributes
    ----------
    s : ndarray, shape (n, n_grid)
        Seizure activity.
    seizing : ndarray of bool, shape (n, n_grid)
        On above 0.5, off below 0.2.
    in_episode : ndarray of bool, shape (n, n_grid)
        Off for less than 20 min.
    given : list of list of bool
        For each subject and order, whether any of its doses was given.
    """

    s: FloatArray
    seizing: NDArray[np.bool_]
    in_episode: NDArray[np.bool_]
    given: list[list[bool]]


@dataclass(frozen=True)
class Episodes:
    """Episodes with their patients; `take` picks some, `run` follows them under orders."""

    index: NDArray[np.int64]
    preset: str
    patients: tuple[Patient, ...]
    constitutions: tuple[Constitution, ...]
    seed: int
    evidence: str
    pk_variability: bool
    receptors: Receptors
    draw: int | None = None

    def take(self, places: Sequence[int] | NDArray[np.int64]) -> Episodes:
        """Return the episodes at these places."""
        chosen = np.asarray(places)
        chosen = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
        return replace(
            self,
            index=self.index[chosen],
            patients=tuple(self.patients[i] for i in chosen),
            constitutions=tuple(self.constitutions[i] for i in chosen),
        )

    def run(self, orders: Sequence[Sequence[tuple[float, Dose]]], until_min: float) -> Course:
        """Follow every episode to `until_min` minutes after its onset.

        Parameters
        ----------
        orders : sequence over episodes of (minutes after onset, Dose)
            The dose's own time is added.
        until_min : float, minutes

        Raises
        ------
        SolverError
            If an episode cannot be solved; it is named.
        """
        constants = layer_constants(self.receptors)
        grid: FloatArray = np.arange(round(until_min / KNOT_MIN) + 1, dtype=np.float64) * KNOT_MIN
        runs = [self._run_of(i, own, grid, constants) for i, own in enumerate(orders)]
        run_layer(runs)
        for number, run in zip(self.index, runs):
            reason = next(filter(None, (system.failure for system in run.systems)), run.failure)
            if reason:
                raise SolverError(f"episode {number + 1}: {reason}. Check the regimen.")
        s = np.array([run.states[:, 0] for run in runs]).reshape(len(runs), len(grid))
        s[:, 0] = 1.0  # the moment of the onset
        seizing = np.array([_flags(run, grid) for run in runs]).reshape(s.shape)
        return Course(
            s,
            seizing,
            _in_episode(seizing, self.receptors["episode_end_silence"]),
            [_given(run, len(own)) for run, own in zip(runs, orders)],
        )

    def _run_of(self, i: int, own: Sequence[tuple[float, Dose]], grid: FloatArray, constants: FloatArray) -> LayerRun:
        doses = tuple(
            replace(dose, index=number, at_h=dose.at_h + minutes / 60.0)
            for number, (minutes, dose) in enumerate(own, start=1)
        )
        patient = self.patients[i]
        systems = [
            DrugSystem(person, ways, [], until_h=float(grid[-1]) / 60.0, grid=None, range_mg_L=(math.nan, math.nan))
            for person, ways in self._people(i, doses)
        ]
        people = [system.person for system in systems]
        changes = {} if self.draw is None else self.receptors.posterior.drug_changes(self.draw)
        inputs = receptor_inputs(
            people, self.receptors, constants, patient.pgp_fold, self.evidence == "exploratory", changes
        )
        own_noise = self._constitution(i, float(grid[-1]))
        return LayerRun(patient, Regimen(doses), systems, own_noise, inputs, 0.0, float(grid[-1]) / 60.0, grid)

    def _constitution(self, i: int, minutes: float) -> Constitution:
        """The constitution of an episode, its noise drawn for at least so many minutes."""
        one = self.constitutions[i]
        if not 0 < len(one.noise) < knots(minutes):
            return one
        noise = draw_noise(self.receptors.preset(self.preset), self.seed, int(self.index[i]), minutes)
        return replace(one, noise=noise)

    def _people(self, i: int, doses: tuple[Dose, ...]) -> list[tuple[Individual, Ways]]:
        chance = (self.seed, int(self.index[i])) if self.pk_variability else None
        return [
            (individual(load_drug(name), self.patients[i], ways, {}, self.evidence, chance), ways)
            for name, ways in ways_by_system(doses).items()
        ]


def draw_episodes(
    preset: str,
    n: int,
    seed: int,
    patients: Sequence[Patient],
    evidence: str,
    pk_variability: bool,
    *,
    draw: int | None = None,
    first: int = 0,
    drugs: Collection[str] | None = None,
) -> Episodes:
    """Draw `n` episodes, of which number `first` is the first.

    Parameters
    ----------
    preset : str
        ``status``, ``status-rodent`` or ``status-fast``.
    patients : sequence of Patient, length n
    evidence : {"established", "exploratory"}
    pk_variability : bool
        Draw the kinetics too; the spread of the sensitivities is then reduced by theirs.
    draw : int, optional
        Number of a joint draw of the posterior, in place of the preset's own constants.
    drugs : collection of str, optional
        Drugs for which sensitivities are drawn; by default all that act at the receptors. A draw does not depend on
        the others, so that this saves time and changes nothing.
    """
    receptors = load_receptors() if draw is None else load_receptors().with_draw(draw)
    chosen = receptors.preset(preset)
    episodes = []
    spreads: dict[str, float] = {}
    for i, patient in enumerate(patients):
        if i == 0 or patient is not patients[i - 1]:  # most trials have one patient for all
            found = clearance_spreads(patient, {})
            spreads = {
                name: spread if pk_variability else 0.0
                for name, spread in found.items()
                if drugs is None or name in drugs
            }
        episodes.append(draw_constitution(chosen, patient, seed, first + i, spreads, FIRST_NOISE_MIN))
    index = np.arange(first, first + n)
    return Episodes(index, preset, tuple(patients), tuple(episodes), seed, evidence, pk_variability, receptors, draw)


def _flags(run: LayerRun, grid: FloatArray) -> NDArray[np.bool_]:
    """The flag at each grid time, from its changes."""
    changes = run.transitions
    place = np.searchsorted(changes[:, 0], grid, side="right")
    states = np.concatenate(([1.0], changes[:, 1])) > 0.5
    flags: NDArray[np.bool_] = states[place]
    return flags


def _in_episode(seizing: NDArray[np.bool_], silence_min: float) -> NDArray[np.bool_]:
    """Seizing now, or off for less than the silence that ends an episode."""
    n_grid = seizing.shape[1]
    last = np.where(seizing, np.arange(n_grid), -(10**9))
    last = np.maximum.accumulate(last, axis=1)
    inside: NDArray[np.bool_] = (np.arange(n_grid) - last) * KNOT_MIN < silence_min
    return inside


def _given(run: LayerRun, count: int) -> list[bool]:
    given = {dose.order for dose in run.given if dose.given}
    return [number in given for number in range(1, count + 1)]
