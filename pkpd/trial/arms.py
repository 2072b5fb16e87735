"""The arms of a trial over its enrolled subjects: who is given what when, and who succeeds.

All arms have the same subjects, with the same times and the same noise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pkpd.patients.distributions import Distribution
from pkpd.regimen.regimen import Regimen
from pkpd.streams import stream
from pkpd.trial.design import Arm, Trial, draw_time
from pkpd.trial.enrol import Enrolment, Group, enrol, orders_at, until_grid
from pkpd.trial.score import all_off, durations, first_off, never_on

if TYPE_CHECKING:
    import pandas as pd

    from pkpd.seizure.episodes import Course

__all__ = ["Outcome", "Row", "run_trial"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Row:
    """One row of the result: so many successes (or whatever the end point counts) of n."""

    arm: str
    n: int
    successes: int


@dataclass(frozen=True)
class Outcome:
    """One run of a trial.

    Attributes
    ----------
    rows : tuple of Row
    subjects : DataFrame
        One row a subject and arm.
    drawn, entered, reached : int
        Onsets, those that met the first entry, those that reached the start.
    until_min : float, minutes after onset
        How long the longest was followed.
    """

    rows: tuple[Row, ...]
    subjects: pd.DataFrame
    drawn: int
    entered: int
    reached: int
    until_min: float


def run_trial(trial: Trial, *, draw: int | None = None, progress: Callable[[int], object] = lambda n: None) -> Outcome:
    """Run a trial once.

    Parameters
    ----------
    trial : Trial
    draw : int, optional
        Number of the posterior draw of the receptor layer's constants; None is the preset.
    progress : callable
        Told how many more subjects are enrolled.

    Returns
    -------
    Outcome

    Raises
    ------
    DataError
        If too few onsets meet the entry conditions.
    """
    enrolled = enrol(trial, draw=draw, progress=progress)
    if trial.endpoint.kind == "duration":
        return _durations(trial, enrolled)
    arms = trial.arms or (Arm("reached the start", Regimen()),)
    rows, frames, until = [], [], 0.0
    for arm in arms:
        parts = [_run_arm(trial, arm, group) for group in enrolled.groups]
        frames += [frame for frame, _ in parts]
        until = max([until, *(end for _, end in parts)])
        rows.append(_count(trial, arm, enrolled, [frame for frame, _ in parts]))
    return _outcome(rows, frames, enrolled, until)


def _outcome(rows: Sequence[Row], frames: list[pd.DataFrame], enrolled: Enrolment, until: float) -> Outcome:
    import pandas as pd

    subjects = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame({"id": [], "arm": []})
    return Outcome(tuple(rows), subjects, enrolled.drawn, enrolled.entered, enrolled.reached, until)


def _count(trial: Trial, arm: Arm, enrolled: Enrolment, frames: Sequence[pd.DataFrame]) -> Row:
    """What the end point counts, over whom."""
    kind = trial.endpoint.kind
    if kind == "reached":
        return Row(arm.name, enrolled.entered, enrolled.reached)
    successes = sum(int(frame["success"].sum()) for frame in frames)
    if kind == "failed-of-first":
        return Row(arm.name, enrolled.entered, enrolled.reached - successes)
    return Row(arm.name, enrolled.reached, successes)


def _run_arm(trial: Trial, arm: Arm, group: Group) -> tuple[pd.DataFrame, float]:
    """One arm in one group: a row a subject, and until when they were followed."""
    import pandas as pd

    received = _received(trial, arm, group)
    begin = np.where(received, group.time + _delay(trial, arm, group), math.nan)
    facts = {"id": group.index + 1, "arm": arm.name, "start_min": group.time, "begin_min": begin, "received": received}
    if trial.endpoint.kind == "reached":
        return pd.DataFrame(facts), float(group.time.max())
    windows = _windows(trial, arm, group)
    end = _end(arm, windows, np.where(received, begin, group.time))
    until = until_grid(float(end.max()))
    orders = [[*earlier, *new] for earlier, new in zip(group.orders, orders_at(arm.regimen, begin))]
    course = group.episodes.run(orders, until)
    given = _given(arm, course, begin, end)
    stopped = first_off(course.seizing, np.where(given, begin, math.nan))
    # Others of the group may be followed for longer; what comes after a subject's own end is not looked at.
    stopped = np.where(begin + stopped <= end, stopped, math.nan)
    success = _success(windows, course.s, course.seizing) if windows else ~given
    return pd.DataFrame({**facts, "given": given, "success": success, "time_to_off_min": stopped}), until


def _end(arm: Arm, windows: list[FloatArray], begin: FloatArray) -> FloatArray:
    """Until when each subject is followed: the end of its windows, or of the orders where there are none."""
    if windows:
        return np.max([windows[1], windows[-1]], axis=0)
    # Half a minute beyond the last order, so that its condition is judged.
    last = max((dose.at_h for dose in arm.regimen), default=0.0) * 60.0
    return begin + last + 0.5


def _given(arm: Arm, course: Course, begin: FloatArray, end: FloatArray) -> BoolArray:
    """Whether any order of the arm was given to each subject up to its own end."""
    found = np.zeros(len(begin), dtype=bool)
    count = len(arm.regimen)
    for place, dose in enumerate(arm.regimen):
        flags = [bool(own[place - count]) if not math.isnan(t) else False for own, t in zip(course.given, begin)]
        when = np.where(np.isnan(begin), end, begin) + dose.at_h * 60.0
        reached = when <= end + 1e-9
        if dose.condition.startswith("when"):  # it may have waited for longer than the subject is followed
            reached &= ~never_on(course.seizing, when, end)
        found |= np.array(flags, dtype=bool) & reached
    return found


def _success(windows: list[FloatArray], s: FloatArray, seizing: BoolArray) -> BoolArray:
    low, high, *quiet = windows
    found = all_off(s, low, high)
    return found & never_on(seizing, *quiet) if quiet else found


def _windows(trial: Trial, arm: Arm, group: Group) -> list[FloatArray]:
    """Limits (min after onset) of the window in which a subject must be off, and of the one that must stay quiet."""
    endpoint = trial.endpoint
    if math.isnan(endpoint.off_from):
        return []
    anchor = group.first if endpoint.counted_from == "first" else group.time
    if endpoint.arrival is not None:
        anchor = anchor + _times(trial, endpoint.arrival, group, "arrival")
    start = endpoint.off_from if arm.off_from is None else arm.off_from
    end = endpoint.off_until if arm.off_until is None else arm.off_until
    windows = [anchor + start, anchor + end]
    if endpoint.quiet_until is None:
        return windows
    begin = anchor + (end if endpoint.quiet_from is None else endpoint.quiet_from)
    if endpoint.quiet_after:
        begin = _kit(trial, group) + (endpoint.quiet_from or 0.0)
    return [*windows, begin, anchor + endpoint.quiet_until]


def _kit(trial: Trial, group: Group) -> FloatArray:
    """When the first of the arms of `quiet_after` that a subject receives begins; the start if it receives none."""
    when = group.time.copy()
    for arm in [arm for name in reversed(trial.endpoint.quiet_after) for arm in trial.arms if arm.name == name]:
        when = np.where(_received(trial, arm, group), group.time + _delay(trial, arm, group), when)
    return when


def _received(trial: Trial, arm: Arm, group: Group) -> BoolArray:
    """Whether each subject gets the regimen; who misses it at a small share misses it at every larger one."""
    if arm.not_received == 0.0:
        return np.ones(len(group), dtype=bool)
    return np.array([stream(trial.seed, int(i), "trial received").random() for i in group.index]) >= arm.not_received


def _delay(trial: Trial, arm: Arm, group: Group) -> FloatArray:
    """Delays of an arm; arms with the same distribution share the draw of each subject."""
    return _times(trial, arm.delay, group, f"delay {arm.delay}")


def _times(trial: Trial, time: float | Distribution, group: Group, purpose: str) -> FloatArray:
    return np.array([draw_time(time, trial.seed, int(i), purpose) for i in group.index])


def _durations(trial: Trial, enrolled: Enrolment) -> Outcome:
    """How long untreated episodes last."""
    import pandas as pd

    until = until_grid(trial.endpoint.observed)
    frames = []
    for group in enrolled.groups:
        course = group.episodes.run(group.orders, until)
        lasted = durations(course.seizing, course.in_episode)
        frames.append(pd.DataFrame({"id": group.index + 1, "arm": "untreated", "duration_min": lasted}))
    lasted = np.concatenate([frame["duration_min"].to_numpy() for frame in frames])
    pairs = trial.endpoint.pairs
    names = [arm.name for arm in trial.arms] if len(trial.arms) == len(pairs) else [_pair_name(*pair) for pair in pairs]
    rows = [Row(name, int((lasted > a).sum()), int((lasted > b).sum())) for name, (a, b) in zip(names, pairs)]
    return _outcome(rows, frames, enrolled, until)


def _pair_name(shorter: float, longer: float) -> str:
    return f"longer than {longer:g} min" + (f", of those over {shorter:g}" if shorter else "")
