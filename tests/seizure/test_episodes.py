"""Episodes under orders: the representative patient of the reference, conditions, and sameness of every episode."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import pkpd
from pkpd.library.receptor_file import load_receptors
from pkpd.regimen.regimen import parse_regimen
from pkpd.seizure.constitution import noise_path, typical_constitution
from pkpd.seizure.episodes import draw_episodes

ADULT = pkpd.Patient(age_y=35, weight_kg=75)


def orders(text, minutes=0.0):
    return [(minutes, dose) for dose in parse_regimen(text)]


@pytest.fixture(scope="module")
def representative():
    """The deterministic patient who reaches treatment: drive 0.73, plasticity 0.13, no noise."""
    one = draw_episodes("status", 1, 0, [ADULT], "established", False)
    return replace(one, constitutions=(typical_constitution(load_receptors().preset("status"), ADULT),))


@pytest.mark.parametrize("delay, works", [(30, True), (60, True), (120, True), (140, True), (145, False), (200, False)])
def test_lorazepam_works_until_140_minutes(representative, delay, works):
    """Reference 2.9: 4 mg over 2 min stop this patient in 3.5 to 7.5 min and hold from 20 to 60 min up to 140 min."""
    course = representative.run([orders("lorazepam 4 mg iv over 2 min", delay)], delay + 60.0)
    begin = 2 * delay
    held = bool((course.s[0, begin + 40 : begin + 121] < 0.2).all())
    assert held == works
    if works and delay <= 120:
        first = np.flatnonzero(course.s[0, begin:] < 0.2)[0] / 2
        assert 3.0 <= first <= 8.0


def test_a_condition_is_judged_at_its_moment(representative):
    first, again = "lorazepam 4 mg iv over 2 min at 30 min", "lorazepam 4 mg iv at {} min if seizing"
    course = representative.run([orders("; ".join([first, again.format(32), again.format(60)]))], 90.0)
    assert course.given == [[True, True, False]]


def test_decisions_put_in_place_of_conditions_change_nothing(representative):
    judged = representative.run([orders("lorazepam 2 mg iv at 30 min; lorazepam 2 mg iv at 32 min if seizing")], 90.0)
    decided = representative.run([orders("lorazepam 2 mg iv at 30 min; lorazepam 2 mg iv at 32 min")], 90.0)
    assert judged.given == [[True, True]]
    assert_array_equal(judged.s, decided.s)


def test_when_seizing_waits():
    many = draw_episodes("status", 40, 1, [ADULT] * 40, "established", False)
    free = many.run([[]] * 40, 120.0)
    course = many.run([orders("propofol 2 mg/kg iv when seizing", 60.0)] * 40, 120.0)
    later = free.seizing[:, 120:].any(axis=1)
    assert [flags[0] for flags in course.given] == later.tolist()


def test_an_episode_is_the_same_alone_and_in_a_crowd():
    many = draw_episodes("status", 30, 7, [ADULT] * 30, "established", True)
    own = [orders("lorazepam 4 mg iv; levetiracetam 60 mg/kg iv over 10 min at 20 min if seizing", 10.0)] * 30
    crowd = many.run(own, 60.0)
    for i in (0, 11, 29):
        alone = draw_episodes("status", 1, 7, [ADULT], "established", True, first=i).run(own[:1], 60.0)
        assert_array_equal(alone.s[0], crowd.s[i])


def test_a_longer_run_begins_like_a_shorter_one():
    """Noise is drawn for six hours at first; those who are followed for longer get more of the same path."""
    many = draw_episodes("status", 6, 4, [ADULT] * 6, "established", True)
    short, long = (many.run([orders("lorazepam 4 mg iv", 20.0)] * 6, minutes) for minutes in (60.0, 600.0))
    assert_array_equal(long.s[:, :121], short.s)
    assert np.ptp(long.s[:, 720:], axis=1).max() > 0.0


def test_sensitivities_do_not_depend_on_the_other_drugs():
    every, one = (
        draw_episodes("status", 5, 4, [ADULT] * 5, "established", True, drugs=d) for d in (None, ["diazepam"])
    )
    for whole, part in zip(every.constitutions, one.constitutions):
        assert part.sensitivity == {"diazepam": whole.sensitivity["diazepam"]}
        assert (part.drive, part.plasticity) == (whole.drive, whole.plasticity)
        assert_array_equal(part.noise, whole.noise)


def test_noise_is_an_exact_autoregression():
    """Stationary sd 0.165 and correlation exp(-t/22 min), over many half minutes."""
    path = noise_path(0.165, 22.0, np.random.default_rng(0).standard_normal(400_000))
    assert abs(path.std() - 0.165) < 0.005
    for lag in (1, 20, 44):
        expected = np.exp(-0.5 * lag / 22.0)
        assert abs(np.corrcoef(path[:-lag], path[lag:])[0, 1] - expected) < 0.03
