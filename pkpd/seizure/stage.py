"""The stage of the illness from the course of the seizure and what was given: seizure, status, established, refractory,
super-refractory.

A stage holds while the subject seizes; off is stage 0. An episode begins with the seizure and is over once it has been
off for 20 min; what was given in an earlier episode does not count for a later one, save anaesthesia.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd.library.catalogue import load_drug
from pkpd.library.receptor_file import Receptors
from pkpd.regimen.regimen import Regimen
from pkpd.systems.dosing import Administration

__all__ = ["STAGES", "Spell", "StageCourse", "spells", "stage_course"]

FloatArray = NDArray[np.float64]
STAGES = ("none", "seizure", "status epilepticus", "established", "refractory", "super-refractory")
NEVER = np.inf


class Spell(NamedTuple):
    """Seizing from `on` to `off`, in the episode that began at `episode`; minutes after the onset."""

    on: float
    off: float
    episode: float


@dataclass(frozen=True)
class StageCourse:
    """When each stage begins in each spell of seizing.

    Attributes
    ----------
    spells : tuple of Spell
    begins : ndarray, shape (n_spells, 5), minutes after the onset
        Of stages 1 to 5; infinite where the stage is not reached.
    failed_weans : int
        Ends of anaesthesia after which a seizure that had stopped came back within a day.
    """

    spells: tuple[Spell, ...]
    begins: FloatArray
    failed_weans: int

    def at(self, minutes: FloatArray) -> FloatArray:
        """Return the stage (0 to 5) at times after the onset, shape (n_times,)."""
        codes = np.zeros(len(minutes))
        for spell, begins in zip(self.spells, self.begins):
            inside = (minutes >= spell.on) & (minutes < spell.off)
            highest = (minutes[inside, None] >= begins) * np.arange(1, len(STAGES))
            codes[inside] = highest.max(axis=1)
        return codes

    def longest(self, until_min: float) -> float:
        """Return the longest time from the begin of an episode to its last seizing moment up to `until_min`, min."""
        return max((min(spell.off, until_min) - spell.episode for spell in self.spells), default=0.0)


def spells(changes: FloatArray, until_min: float, silence_min: float) -> tuple[Spell, ...]:
    """Return the spells of seizing: on from time 0, then as the flag changes.

    Parameters
    ----------
    changes : ndarray, shape (n, 2)
        Minutes after the onset, and 1 (on) or 0 (off).
    until_min, silence_min : float, minutes
        End of the run (a spell that lasts until then has no end), and the silence that ends an episode.
    """
    if until_min < 0.0:
        return ()
    edges = [0.0, *changes[:, 0].tolist()]
    edges += [NEVER] * (len(edges) % 2)
    found: list[Spell] = []
    for on, off in zip(edges[::2], edges[1::2]):
        goes_on = bool(found) and on - found[-1].off < silence_min
        found.append(Spell(on, off, found[-1].episode if goes_on else on))
    return tuple(found)


def stage_course(
    seizing: Sequence[Spell],
    given: Iterable[Administration],
    regimen: Regimen,
    weight_kg: float,
    onset_h: float,
    receptors: Receptors,
) -> StageCourse:
    """Work out when each stage begins.

    Parameters
    ----------
    seizing : sequence of Spell
    given : iterable of Administration
        Times in hours from the start of the run.
    regimen : Regimen
        Tells infusions from doses.
    weight_kg : float, kg
    onset_h : float, hours
    receptors : Receptors
        With the limits of the stages.

    Notes
    -----
    1 seizing; 2 after 5 min of the episode; 3 10 min after an adequate dose of a benzodiazepine; 4 20 min after the
    end of an adequate second-line load; 5 24 h after the start of anaesthesia, or when a seizure that had stopped comes
    back within 24 h after its end. Doses of one drug add up within an episode; what is adequate stands in the drug
    files (assumption). Anaesthesia is any infusion of a drug that its file marks so; infusions that touch are one.
    """
    rows = [row for row in given if row.given]
    doses = [row for row in rows if regimen.doses[row.order - 1].kind == "dose"]
    sleep = _anaesthesia([row for row in rows if row not in doses], onset_h)
    day = receptors["super_refractory_after"]
    begins = np.full((len(seizing), len(STAGES) - 1), NEVER)
    relapsed = [False] * len(sleep)
    for place, spell in enumerate(seizing):
        own = [row for row in doses if (row.time_h - onset_h) * 60.0 >= spell.episode]
        first, second = _adequate(own, weight_kg, onset_h)
        begins[place, 0] = spell.on
        begins[place, 1] = spell.episode + receptors["t1"]
        begins[place, 2] = first + receptors["established_after"]
        begins[place, 3] = second + receptors["refractory_after"]
        for number, (start, end) in enumerate(sleep):
            if start >= 0.0 and spell.episode <= end:
                begins[place, 4] = min(begins[place, 4], start + day)
            if start >= 0.0 and place > 0 and end <= spell.on <= end + day and seizing[place - 1].off <= end:
                begins[place, 4] = min(begins[place, 4], spell.on)
                relapsed[number] = True
    return StageCourse(tuple(seizing), begins, sum(relapsed))


def _adequate(doses: Sequence[Administration], weight_kg: float, onset_h: float) -> tuple[float, float]:
    """End of the dose (min after onset) that made a benzodiazepine, and a second-line load, adequate."""
    total: dict[str, float] = {}
    first, second = NEVER, NEVER
    for row in doses:
        drug = load_drug(row.drug)
        total[row.drug] = total.get(row.drug, 0.0) + row.amount
        needed = [(dose.mg or 0.0) + (dose.mg_per_kg or 0.0) * weight_kg for dose in drug.adequate_doses]
        if not needed or total[row.drug] < min(needed) * (1.0 - 1e-9):
            continue
        end = (row.time_h + row.duration_h - onset_h) * 60.0
        if drug.is_benzodiazepine:
            first = min(first, end)
        else:
            second = min(second, end)
    return first, second


def _anaesthesia(infusions: Sequence[Administration], onset_h: float) -> list[tuple[float, float]]:
    """Start and end (min after onset) of each stretch of anaesthesia."""
    parts = sorted(
        ((row.time_h - onset_h) * 60.0, (row.time_h + row.duration_h - onset_h) * 60.0)
        for row in infusions
        if load_drug(row.drug).anaesthetic_infusion and row.duration_h > 0.0
    )
    merged: list[tuple[float, float]] = []
    for start, end in parts:
        if merged and start <= merged[-1][1] + 1e-6:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged
