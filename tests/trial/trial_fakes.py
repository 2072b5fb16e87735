"""Episodes with a course that can be told by hand, in place of the receptor layer, and small trials over them.

Subject i seizes from onset to minute ``STOPS[i % 10]``, without noise. Lorazepam stops the seizure 5 min after it is
given, but not in every third subject (i % 3 == 0); midazolam stops everybody's at once and it comes back after 30 min.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STOPS = (5.0, 15.0, 25.0, 35.0, 45.0, 1e6, 1e6, 1e6, 1e6, 1e6)
SILENCE_MIN = 20.0


@dataclass
class FakeCourse:
    s: np.ndarray
    seizing: np.ndarray
    in_episode: np.ndarray
    given: list


@dataclass
class FakeEpisodes:
    index: np.ndarray
    scale: float = 1.0
    runs: list = None

    def take(self, places):
        return FakeEpisodes(self.index[places], self.scale, self.runs)

    def run(self, orders, until_min):
        assert len(orders) == len(self.index)
        if self.runs is not None:
            self.runs.append((len(self.index), until_min))
        time = np.arange(round(2 * until_min) + 1) / 2
        seizing, given = np.zeros((len(self.index), len(time)), dtype=bool), []
        for row, (i, own) in enumerate(zip(self.index, orders)):
            seizing[row] = time < STOPS[i % 10] * self.scale
            flags = []
            for at, dose in own:
                when = at + dose.at_h * 60.0
                flags.append(self._give(seizing[row], time, dose, when, i))
            given.append(flags)
        off_for = np.zeros_like(seizing, dtype=float)
        for k in range(1, len(time)):
            off_for[:, k] = np.where(seizing[:, k], 0.0, off_for[:, k - 1] + 0.5)
        return FakeCourse(seizing.astype(float), seizing, off_for < SILENCE_MIN, given)

    @staticmethod
    def _give(seizing, time, dose, when, i):
        if dose.condition == "when seizing":
            later = np.flatnonzero(seizing & (time >= when))
            if not len(later):
                return False
            when = time[later[0]]
        elif dose.condition == "if seizing" and not (when <= time[-1] and seizing[int(2 * when)]):
            return False
        if when > time[-1]:
            return False
        if dose.drug == "lorazepam" and i % 3:
            seizing[time >= when + 5.0] = False
        if dose.drug == "midazolam":
            again = seizing & (time >= when + 30.0)
            seizing[time >= when] = False
            seizing |= again
        return True


def fake_draw_episodes(calls=None, runs=None):
    """A stand-in for `pkpd.seizure.episodes.draw_episodes`; a posterior draw scales the stops."""

    def draw_episodes(preset, n, seed, patients, evidence, pk_variability, *, draw=None, first=0, drugs=None):
        assert len(patients) == n
        if calls is not None:
            calls.append((preset, n, seed, pk_variability, draw, first, patients[0].covariates["weight_kg"]))
        return FakeEpisodes(np.arange(first, first + n), 1.0 if draw is None else 1.0 + draw, runs)

    return draw_episodes


def small_trial(**changes):
    """A trial of 40 subjects with a lorazepam arm and placebo, 10 min after onset; tables replace whole tables."""
    tables = {
        "trial": {"name": "small", "n": 40, "seed": 3},
        "population": {"weight_kg": 75},
        "start": {"time": 10, "entry": "seizing"},
        "arms": [
            {"name": "lorazepam", "regimen": "lorazepam 4 mg iv", "published": {"successes": 30, "n": 60}},
            {"name": "placebo", "regimen": ""},
        ],
        "endpoint": {"kind": "off", "off_from": 20, "off_until": 60, "counted_from": "start"},
    }
    return {**tables, **{name: value for name, value in changes.items() if value is not None}}
