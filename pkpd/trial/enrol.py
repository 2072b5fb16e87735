"""Who is enrolled: episodes are drawn from onset, go through the stages, and stay if they meet the entry of each.

Each stage runs its subjects again from onset with all earlier orders, so that no state is handed over; a subject is
the same whatever the batches are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pkpd.errors import DataError
from pkpd.individual.model_choice import system_drug
from pkpd.patients.population import Population
from pkpd.regimen.regimen import Dose, Regimen
from pkpd.seizure.episodes import draw_episodes
from pkpd.trial.design import Stage, Trial, draw_time
from pkpd.trial.score import GRID_MIN, at_moment

if TYPE_CHECKING:
    from pkpd.seizure.episodes import Course, Episodes

__all__ = ["Enrolment", "Group", "enrol", "orders_at", "until_grid"]

FloatArray = NDArray[np.float64]
Orders = list[list[tuple[float, Dose]]]

_LARGEST_BATCH = 2000
_SLICES = 4


@dataclass(frozen=True)
class Group:
    """Subjects that went through the same stages.

    Attributes
    ----------
    index : ndarray, shape (n,)
        Numbers of the subjects; with the seed they name the streams.
    episodes : Episodes
    time, first : ndarray, shape (n,), minutes after onset
        The moment of the latest stage, and of the first one (of the start where there are no stages).
    orders : list of list of (float, Dose)
        What each subject was ordered so far: minutes after onset, and the order.
    """

    index: NDArray[np.intp]
    episodes: Episodes
    time: FloatArray
    first: FloatArray
    orders: Orders

    def __len__(self) -> int:
        return len(self.index)

    def take(self, keep: NDArray[np.intp]) -> Group:
        """The subjects at these places."""
        orders = [self.orders[i] for i in keep]
        return Group(self.index[keep], self.episodes.take(keep), self.time[keep], self.first[keep], orders)


@dataclass(frozen=True)
class Enrolment:
    """The enrolled subjects, in one group a batch, and how they were found.

    Attributes
    ----------
    groups : tuple of Group
        Those who reached the start.
    drawn : int
        Onsets drawn up to the last subject that counts.
    entered : int
        Of these, the number that met the entry of the first stage (of the start where there are no stages).
    """

    groups: tuple[Group, ...]
    drawn: int
    entered: int

    @property
    def reached(self) -> int:
        """Number of subjects who reached the start."""
        return sum(len(group) for group in self.groups)


def until_grid(minutes: float) -> float:
    """The first half minute from `minutes` on."""
    return math.ceil(minutes / GRID_MIN - 1e-9) * GRID_MIN


def orders_at(regimen: Regimen, time: FloatArray) -> Orders:
    """The orders of a regimen for each subject; its time 0 is the subject's `time`, NaN being never."""
    return [[] if math.isnan(t) else [(float(t), dose) for dose in regimen] for t in time]


def enrol(
    trial: Trial, *, draw: int | None = None, progress: Callable[[int], object] = lambda enrolled: None
) -> Enrolment:
    """Draw onsets until enough subjects are enrolled.

    Parameters
    ----------
    trial : Trial
    draw : int, optional
        Number of the posterior draw of the receptor layer's constants; None is the preset.
    progress : callable
        Told how many more are enrolled.

    Returns
    -------
    Enrolment
        The first `n` onsets that qualify, in the order of their numbers.

    Raises
    ------
    DataError
        If too few of the most onsets allowed qualify; the message gives the share accepted.
    """
    steps = [*trial.stages, replace(trial.start, regimen=Regimen())]
    groups: list[Group] = []
    entered, reached, drawn, most = [], 0, 0, trial.most_draws * trial.n
    wanted = trial.n
    while wanted > 0 and drawn < most:
        size = min(_batch(wanted, drawn, trial.n - wanted), most - drawn)
        at_first, group = _through(trial, steps, drawn, size, draw)
        count = at_first if trial.endpoint.from_first else group.index
        if len(count) > wanted:
            last = count[wanted - 1]
            size = int(last) + 1 - drawn
            at_first = at_first[at_first <= last]
            group = group.take(np.flatnonzero(group.index <= last))
        drawn += size
        entered.append(len(at_first))
        reached += len(group)
        if len(group):
            groups.append(group)
        progress(min(wanted, len(count)))
        wanted -= min(wanted, len(count))
    if wanted > 0:
        _refuse(trial, trial.n - wanted, drawn, sum(entered))
    return Enrolment(tuple(groups), drawn, sum(entered))


def _batch(wanted: int, drawn: int, enrolled: int) -> int:
    """Onsets to draw next: as many as the share accepted so far asks for, within limits."""
    share = (enrolled + 1) / (drawn + 2) if drawn else 0.25
    return max(50, min(_LARGEST_BATCH, math.ceil(1.1 * wanted / share)))


def _refuse(trial: Trial, enrolled: int, drawn: int, entered: int) -> None:
    first = f", {entered} that of the first stage" if trial.stages and not trial.endpoint.from_first else ""
    raise DataError(
        f"{trial.where} [start]: {enrolled} of {drawn} onsets drawn ({100 * enrolled / drawn:.2g} %) met the entry "
        f"conditions{first}, of {trial.n} wanted; expected {trial.n} within {trial.most_draws} draws a subject. Relax "
        "entry or time of the stages and the start, raise most_draws in [trial], or lower n."
    )


def _through(
    trial: Trial, steps: Sequence[Stage], first: int, size: int, draw: int | None
) -> tuple[NDArray[np.intp], Group]:
    """Draw a batch and take it through the stages: who entered the first, and those who reach the start."""
    people = Population(first + size, seed=trial.seed, **trial.population)
    episodes = draw_episodes(
        trial.seizure,
        size,
        trial.seed,
        [people.patient(i) for i in range(first, first + size)],
        trial.evidence,
        trial.pk_variability,
        draw=draw,
        first=first,
        drugs=_drugs(trial),
    )
    zero = np.zeros(size)
    group = Group(np.arange(first, first + size), episodes, zero, zero, [[] for _ in range(size)])
    at_first = group.index
    for number, stage in enumerate(steps):
        purpose = "start" if number == len(steps) - 1 else f"stage {number + 1}"
        group = _enter(group, stage, trial.seed, purpose, number == 0)
        if number == 0:
            at_first = group.index
    return at_first, group


def _drugs(trial: Trial) -> set[str]:
    """The drugs that the trial gives."""
    regimens = [stage.regimen for stage in trial.stages] + [arm.regimen for arm in trial.arms]
    return {system_drug(dose.drug).name for regimen in regimens for dose in regimen}


def _enter(group: Group, stage: Stage, seed: int, purpose: str, untreated: bool) -> Group:
    """Those who meet the entry of a stage at its time, with its orders added."""
    time = group.time + np.array([draw_time(stage.time, seed, int(i), purpose) for i in group.index])
    group = replace(group, time=time, first=time if untreated else group.first)
    if stage.entry != "any" and len(group):
        group = group.take(np.flatnonzero(_meets(group, stage.entry, untreated)))
    if not len(stage.regimen):
        return group
    added = orders_at(stage.regimen, group.time)
    return replace(group, orders=[[*earlier, *new] for earlier, new in zip(group.orders, added)])


def _meets(group: Group, entry: str, untreated: bool) -> NDArray[np.bool_]:
    """Whether each subject meets an entry condition; early subjects are not followed as long as late ones."""
    answer = np.zeros(len(group), dtype=bool)
    by_time = np.argsort(group.time, kind="stable")
    for part in np.array_split(by_time, min(_SLICES, len(group))):
        some = group.take(part)
        course = some.episodes.run(some.orders, until_grid(float(some.time.max())))
        answer[part] = _in_state(course, some.time, entry, untreated)
    return answer


def _in_state(course: Course, time: FloatArray, entry: str, untreated: bool) -> NDArray[np.bool_]:
    in_episode = np.asarray(course.in_episode, dtype=bool)
    if untreated:
        # A seizure after 20 min of silence is another episode: nobody came to treat it.
        in_episode = np.logical_and.accumulate(in_episode, axis=1)
    found = at_moment(in_episode, time)
    return found if entry == "in-episode" else found & at_moment(course.seizing, time)
