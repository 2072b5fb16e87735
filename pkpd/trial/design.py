"""The nouns of a virtual trial: stages, start, arms, end point and what was published.

They are made by `pkpd.trial.file` from a file and checked there; nothing here simulates anything.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pkpd.library.evidence import Source
from pkpd.patients.distributions import Distribution
from pkpd.regimen.regimen import Regimen
from pkpd.streams import stream

__all__ = ["Arm", "Endpoint", "Published", "Stage", "Trial", "draw_time"]


@dataclass(frozen=True)
class Published:
    """What a trial reported for one arm, or for one row of its end point.

    Attributes
    ----------
    share : float, 0 to 1
    n : float or None
        Number that the exact interval rests on: those randomised, or an effective number where the file states one.
    low, high : float, 0 to 1
        Exact binomial 95 % interval, or the limits that the file states.
    """

    share: float
    n: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Stage:
    """A moment of the trial: when it comes, who goes on, and what all are given.

    Attributes
    ----------
    time : float or Distribution, minutes
        After the stage before; the first after seizure onset.
    entry : str
        ``"seizing"``, ``"in-episode"`` or ``"any"``.
    regimen : Regimen
        Its time 0 is this moment.
    """

    time: float | Distribution
    entry: str
    regimen: Regimen


@dataclass(frozen=True)
class Arm:
    """One arm.

    Attributes
    ----------
    name : str
    regimen : Regimen
        Its time 0 is the start plus the delay; an empty one is placebo.
    delay : float or Distribution, minutes
    not_received : float, 0 to 1
        Share who never get the regimen.
    published : Published or None
    off_from, off_until : float or None, minutes
        In place of those of the end point.
    """

    name: str
    regimen: Regimen
    delay: float | Distribution = 0.0
    not_received: float = 0.0
    published: Published | None = None
    off_from: float | None = None
    off_until: float | None = None


@dataclass(frozen=True)
class Endpoint:
    """What counts as success.

    Attributes
    ----------
    kind : str
        ``"off"``, ``"reached"``, ``"failed-of-first"``, ``"duration"`` or ``"not-given"``.
    off_from, off_until : float, minutes
        Window in which a subject must be off at every half minute.
    counted_from : str
        ``"start"``, ``"first"`` (stage) or ``"arrival"``.
    arrival : float, Distribution or None, minutes
        After the start.
    quiet_from, quiet_until : float or None, minutes
        A second window, counted alike, in which the subject must not seize again.
    quiet_after : tuple of str
        Arms; `quiet_from` then counts from when the first of them that a subject receives comes (see `Trial`).
    mimic_share, mimic_success : float, 0 to 1
        Episodes that are no seizures, and their apparent success.
    pairs : tuple of (float, float), minutes
        Of the episodes longer than the first, the share longer than the second.
    observed : float, minutes
        How long durations are observed.
    unused : tuple of str
        Keys of the file that this kind does not use; the result warns of them.
    """

    kind: str
    off_from: float = math.nan
    off_until: float = math.nan
    counted_from: str = "start"
    arrival: float | Distribution | None = None
    quiet_from: float | None = None
    quiet_until: float | None = None
    quiet_after: tuple[str, ...] = ()
    mimic_share: float = 0.0
    mimic_success: float = 0.0
    pairs: tuple[tuple[float, float], ...] = ()
    observed: float = math.nan
    unused: tuple[str, ...] = ()

    @property
    def from_first(self) -> bool:
        """Whether the end point is a share of those who entered the first stage."""
        return self.kind in ("reached", "failed-of-first")


@dataclass(frozen=True)
class Trial:
    """A virtual trial.

    Attributes
    ----------
    name : str
    n : int
        Subjects enrolled; every arm has them all. For ``reached`` and ``failed-of-first`` those who enter the first
        stage, for ``duration`` all onsets.
    stages : tuple of Stage
    start : Stage
        Time and entry of the arms.
    arms : tuple of Arm
    endpoint : Endpoint
    population : mapping
        Arguments of `pkpd.Population`.
    seed : int
    seizure, evidence : str
    pk_variability : bool
        False: kinetics are typical, and the sensitivities carry all differences between subjects.
    most_draws : int
        Onsets drawn at most for each enrolled subject.
    sources : mapping of str to Source
        Those that the trial names.
    notes : tuple of str
        What was recalled or assumed, and what to know when reading the result.
    where, sha256 : str
        The file and its hash; empty for a mapping.
    """

    name: str
    n: int
    stages: tuple[Stage, ...]
    start: Stage
    arms: tuple[Arm, ...]
    endpoint: Endpoint
    population: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    seizure: str = "status"
    evidence: str = "established"
    pk_variability: bool = True
    most_draws: int = 50
    sources: Mapping[str, Source] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    where: str = ""
    sha256: str = ""


def draw_time(time: float | Distribution, seed: int, subject: int, purpose: str) -> float:
    """Time of one subject for one purpose, in minutes, never negative; the same in every arm."""
    if not isinstance(time, Distribution):
        return time
    return time.draw(stream(seed, subject, f"trial {purpose}"), lambda minutes: minutes >= 0.0, f"trial, {purpose}")
