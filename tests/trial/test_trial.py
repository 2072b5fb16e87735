"""Virtual trials: stage logic, end points, times, intervals and tables, over courses that are told by hand."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from trial_fakes import STOPS, fake_draw_episodes, small_trial

import pkpd
from pkpd.cli import main
from pkpd.errors import DataError, ParameterError
from pkpd.patients.distributions import Distribution
from pkpd.trial import enrol
from pkpd.trial.design import draw_time
from pkpd.trial.score import all_off, at_moment, durations, exact_interval, first_off, never_on

TREATED = {"time": 10, "entry": "seizing", "regimen": "lorazepam 4 mg iv"}


@pytest.fixture
def calls():
    return []


@pytest.fixture
def runs():
    return []


@pytest.fixture(autouse=True)
def fake(monkeypatch, calls, runs):
    monkeypatch.setattr(enrol, "draw_episodes", fake_draw_episodes(calls, runs))


def stop(i):
    return STOPS[i % 10]


def enrolled(n, when=10.0):
    """Numbers of the first n subjects that seize at a moment."""
    return [i for i in range(20 * n) if stop(i) > when][:n]


def counts(result):
    return dict(zip(result.arms["arm"], result.arms["successes"]))


# ---- who is enrolled ----------------------------------------------------------------------------------------------


def test_those_who_seize_at_the_start_are_enrolled_in_order():
    result = pkpd.trial(small_trial())
    expected = enrolled(40)
    placebo = result.subjects[result.subjects["arm"] == "placebo"]
    assert placebo["id"].tolist() == [i + 1 for i in expected]
    assert (result.drawn, result.entered, result.reached) == (expected[-1] + 1, 40, 40)
    assert list(result.arms.columns) == (
        "arm n successes share mc_low mc_high published published_low published_high inside".split()
    )
    assert result.arms["n"].tolist() == [40, 40]


def test_all_arms_have_the_same_subjects_and_times():
    tables = small_trial(start={"time": ["uniform", 5, 30], "entry": "seizing"})
    subjects = pkpd.trial(tables).subjects
    first, second = (subjects[subjects["arm"] == arm].reset_index() for arm in ("lorazepam", "placebo"))
    assert first["id"].equals(second["id"]) and first["start_min"].equals(second["start_min"])
    assert first["start_min"].nunique() == 40


def test_batches_do_not_matter(monkeypatch):
    tables = small_trial(start={"time": ["uniform", 5, 30], "entry": "seizing"})
    whole = pkpd.trial(tables)
    monkeypatch.setattr(enrol, "_batch", lambda wanted, drawn, enrolled: 7)
    small = pkpd.trial(tables)
    pd.testing.assert_frame_equal(whole.arms, small.arms)
    by = ["arm", "id"]
    one, other = (r.subjects.sort_values(by).reset_index(drop=True) for r in (whole, small))
    pd.testing.assert_frame_equal(one, other)
    assert (whole.drawn, whole.entered) == (small.drawn, small.entered)


def test_between_convulsions_counts_for_in_episode_only():
    # At minute 20 subjects 0 and 1 of each ten are off for 15 and 5 min; at minute 30 subject 0 for 25 min.
    for when, missing in ((20, set()), (30, {0})):
        ids = pkpd.trial(small_trial(start={"time": when, "entry": "in-episode"})).subjects["id"]
        assert {(i - 1) % 10 for i in ids} == set(range(10)) - missing


def test_any_enrols_everybody():
    result = pkpd.trial(small_trial(start={"time": 300, "entry": "any"}))
    assert (result.drawn, result.reached) == (40, 40)


def test_an_episode_that_has_ended_does_not_count_when_it_starts_anew():
    from trial_fakes import FakeCourse

    from pkpd.trial.enrol import _in_state

    time = np.arange(121) / 2
    seizing = ((time < 5) | (time >= 40))[None, :]
    silent = ((time >= 24.5) & (time < 40))[None, :]
    course = FakeCourse(seizing.astype(float), seizing, ~silent, [])
    moment = np.array([50.0])
    assert not _in_state(course, moment, "seizing", untreated=True)
    assert not _in_state(course, moment, "in-episode", untreated=True)
    assert _in_state(course, moment, "seizing", untreated=False)


def test_stages_come_one_after_the_other():
    stages = [TREATED, {"time": 10, "entry": "seizing", "regimen": "lorazepam 2 mg iv"}]
    result = pkpd.trial(small_trial(stages=stages, start={"time": 20, "entry": "seizing"}))
    # Lorazepam at 10 stops all but every third subject by minute 15, and nobody is stopped by more of it.
    expected = [i for i in range(2000) if i % 3 == 0 and stop(i) > 40][:40]
    assert result.subjects["id"].tolist()[:40] == [i + 1 for i in expected]
    assert result.subjects["start_min"].unique().tolist() == [40.0]
    assert result.entered == len([i for i in range(expected[-1] + 1) if stop(i) > 10])


def test_kinetics_seed_and_weight_are_passed_on(calls):
    tables = small_trial()
    tables["trial"] = {**tables["trial"], "pk_variability": False, "seizure": "status-rodent"}
    pkpd.trial(tables, seed=8)
    assert calls[0][:1] == ("status-rodent",) and calls[0][2:4] == (8, False) and calls[0][6] == 75.0


def test_nobody_meets_the_entry():
    tables = small_trial(start={"time": 100, "entry": "seizing"}, population={})
    tables["stages"] = [{"time": 10, "entry": "seizing", "regimen": "midazolam 10 mg iv"}]
    tables["start"] = {"time": 5, "entry": "seizing"}
    message = (
        r"\[start\]: 0 of 2000 onsets drawn \(0 %\) met the entry conditions, 1800 that of the first stage, of 40 "
        r"wanted; expected 40 within 50 draws a subject\. Relax .* raise most_draws"
    )
    with pytest.raises(DataError, match=message):
        pkpd.trial(tables)


def test_the_share_accepted_is_given():
    tables = small_trial(start={"time": 10, "entry": "seizing"})
    tables["trial"] = {**tables["trial"], "most_draws": 1}
    with pytest.raises(DataError, match=r"36 of 40 onsets drawn \(90 %\)"):
        pkpd.trial(tables)


# ---- end points ---------------------------------------------------------------------------------------------------


def test_off_in_the_window():
    result = pkpd.trial(small_trial())
    people = enrolled(40)
    # Window from minute 30 to 70; lorazepam at 10 works at 15.
    expected = {
        "lorazepam": sum(i % 3 != 0 or stop(i) <= 30 for i in people),
        "placebo": sum(stop(i) <= 30 for i in people),
    }
    assert counts(result) == expected
    row = result.arms.iloc[0]
    assert row["share"] == expected["lorazepam"] / 40
    assert (row["mc_low"], row["mc_high"]) == exact_interval(expected["lorazepam"], 40)
    assert (row["published"], row["inside"]) == (
        0.5,
        exact_interval(30, 60)[0] <= row["share"] <= exact_interval(30, 60)[1],
    )
    assert math.isnan(result.arms["published"][1]) and result.arms["inside"].isna().tolist() == [False, True]


def test_a_relapse_in_the_window_is_no_success():
    arms = [{"name": "m", "regimen": "midazolam 10 mg im"}]
    for end, works in ((29, True), (35, False)):
        endpoint = {"kind": "off", "off_from": 10, "off_until": end}
        result = pkpd.trial(small_trial(arms=arms, endpoint=endpoint))
        ends_by_itself = sum(stop(i) <= 40 for i in enrolled(40))  # back at minute 40 unless over by then
        assert counts(result)["m"] == (40 if works else ends_by_itself)


def test_an_arm_may_have_a_window_of_its_own():
    arms = [
        {"name": "early", "regimen": "lorazepam 4 mg iv", "off_from": 2, "off_until": 3},
        {"name": "late", "regimen": "lorazepam 4 mg iv", "off_from": 5, "off_until": 6},
    ]
    found = counts(pkpd.trial(small_trial(arms=arms)))
    people = enrolled(40)
    assert found == {"early": 0, "late": sum(i % 3 != 0 or stop(i) == 15 for i in people)}


def test_counted_from_the_first_stage():
    endpoint = {"kind": "off", "off_from": 20, "off_until": 30, "counted_from": "first"}
    tables = small_trial(stages=[{"time": 10}], start={"time": 10, "entry": "seizing"}, endpoint=endpoint)
    people = enrolled(40, when=20)
    assert counts(pkpd.trial(tables))["placebo"] == sum(stop(i) <= 30 for i in people)


def test_counted_from_arrival():
    endpoint = {"kind": "off", "off_from": -2, "off_until": 0, "counted_from": "arrival", "arrival": 12}
    # Arrival at minute 22: lorazepam has worked at 15, one in ten has stopped by itself at 15.
    people = enrolled(40)
    found = counts(pkpd.trial(small_trial(endpoint=endpoint)))
    assert found == {
        "lorazepam": sum(i % 3 != 0 or stop(i) == 15 for i in people),
        "placebo": sum(stop(i) == 15 for i in people),
    }


def test_what_comes_after_a_subjects_own_end_is_not_seen():
    # Nobody is followed to the order, though others of the batch are.
    arms = [{"name": "late", "regimen": "lorazepam 4 mg iv at 5 min when seizing"}]
    start = {"time": ["uniform", 0, 30], "entry": "any"}
    endpoint = {"kind": "off", "off_from": 0, "off_until": 3}
    people = pkpd.trial(small_trial(arms=arms, start=start, endpoint=endpoint)).subjects
    assert not people["given"].any() and people["time_to_off_min"].isna().all()
    longer = pkpd.trial(small_trial(arms=arms, start=start, endpoint={**endpoint, "off_until": 6})).subjects
    seizing_then = [stop(i - 1) > t + 5 for i, t in zip(longer["id"], longer["start_min"])]
    assert longer["given"].tolist() == seizing_then


def test_quiet_until():
    arms = [{"name": "m", "regimen": "midazolam 10 mg im"}]
    people = enrolled(40)
    for until, expected in ((29, 40), (31, sum(stop(i) <= 40 for i in people))):
        endpoint = {"kind": "off", "off_from": 10, "off_until": 10, "quiet_until": until}
        assert counts(pkpd.trial(small_trial(arms=arms, endpoint=endpoint)))["m"] == expected


def test_the_quiet_window_begins_where_that_of_the_arm_ends():
    # Lorazepam at 10 works at 15: off in the window of the late arm, and still seizing in that of the other.
    arms = [{"name": "late", "regimen": "lorazepam 4 mg iv", "off_from": 8, "off_until": 9}]
    endpoint = {"kind": "off", "off_from": 2, "off_until": 3, "quiet_until": 60}
    found = counts(pkpd.trial(small_trial(arms=arms, endpoint=endpoint)))
    assert found == {"late": sum(i % 3 != 0 or stop(i) == 15 for i in enrolled(40))}


def test_quiet_after_the_treatment_that_a_subject_receives():
    arms = [
        {"name": "im", "regimen": "lorazepam 4 mg im", "delay": 1},
        {"name": "iv", "regimen": "lorazepam 4 mg iv", "delay": 4, "not_received": 0.5},
    ]
    endpoint = {"kind": "off", "off_from": 20, "off_until": 20, "quiet_until": 20, "quiet_after": ["iv", "im"]}
    people = enrolled(40)
    result = pkpd.trial(small_trial(arms=arms, endpoint={**endpoint, "quiet_from": 3}))
    iv = result.subjects[result.subjects["arm"] == "iv"].set_index("id")
    assert 8 <= iv["received"].sum() <= 32
    # im works at 16. Quiet from 17 with a line in the vein, from 14 without it.
    works = [i for i in people if (i % 3 != 0 or stop(i) <= 17) and (iv.loc[i + 1, "received"] or stop(i) <= 14)]
    assert counts(result)["im"] == len(works)


def test_not_received_and_not_given():
    arms = [{"name": "iv", "regimen": "lorazepam 4 mg iv if seizing", "delay": 6, "not_received": 0.25}]
    result = pkpd.trial(small_trial(arms=arms, endpoint={"kind": "not-given"}))
    people = result.subjects.set_index("id")
    assert (people["begin_min"].dropna() == 16.0).all() and people["begin_min"].isna().sum() == (
        ~people["received"]
    ).sum()
    expected = [not people.loc[i + 1, "received"] or stop(i) <= 16 for i in enrolled(40)]
    assert counts(result)["iv"] == sum(expected)
    assert (people["given"].to_numpy() == ~np.array(expected)).all()


def test_delays_are_shared_by_arms_with_the_same_distribution():
    spread = ["lognormal", 4, 0.5, 0, 10]
    arms = [
        {"name": n, "regimen": "lorazepam 4 mg iv", "delay": d}
        for n, d in (("a", spread), ("b", spread), ("c", ["uniform", 0, 10]))
    ]
    begin = {
        arm: rows["begin_min"].to_numpy() for arm, rows in pkpd.trial(small_trial(arms=arms)).subjects.groupby("arm")
    }
    assert (begin["a"] == begin["b"]).all() and (begin["a"] != begin["c"]).all()
    assert (begin["a"] >= 10).all() and (begin["a"] <= 20).all()


def test_reached_and_failed_of_first():
    # 40 enter at minute 10; lorazepam stops two thirds; those still seizing at 20 reach the start.
    tables = small_trial(stages=[TREATED], arms=[{"name": "x", "regimen": "midazolam 10 mg iv"}])
    people = enrolled(40)
    left = [i for i in people if i % 3 == 0 and stop(i) > 20]
    reached = pkpd.trial({**tables, "endpoint": {"kind": "reached"}})
    assert reached.arms[["n", "successes"]].to_numpy().tolist() == [[40, len(left)]]
    assert reached.drawn == people[-1] + 1
    # Midazolam at 20 holds for 30 min.
    endpoint = {"kind": "failed-of-first", "off_from": 0, "off_until": 40}
    failed = pkpd.trial({**tables, "endpoint": endpoint})
    assert failed.arms[["n", "successes"]].to_numpy().tolist() == [[40, sum(stop(i) > 50 for i in left)]]


def test_reached_needs_no_arm():
    result = pkpd.trial(small_trial(stages=[TREATED], arms=[], endpoint={"kind": "reached"}))
    assert result.arms["arm"].tolist() == ["reached the start"]


def test_durations_of_all_onsets():
    tables = {"trial": {"name": "d", "n": 50}, "endpoint": {"kind": "duration", "pairs": [[0, 5], [5, 20], [20, 30]]}}
    result = pkpd.trial(tables)
    # Of ten, one lasts 5 min, one each 15, 25, 35, 45, and five have no end.
    assert result.arms[["n", "successes"]].to_numpy().tolist() == [[50, 45], [45, 40], [40, 35]]
    assert result.arms["arm"].tolist()[1] == "longer than 20 min, of those over 5"
    assert result.drawn == 50
    arms = [{"name": f"pair {i}", "regimen": "", "published": {"share": 0.5, "effective_n": 10}} for i in range(3)]
    assert pkpd.trial({**tables, "arms": arms}).arms["published"].tolist() == [0.5] * 3


def test_mimics_are_mixed_in():
    plain = pkpd.trial(small_trial()).arms
    mixed = pkpd.trial(
        small_trial(endpoint={**small_trial()["endpoint"], "mimic_share": 0.1, "mimic_success": 0.5})
    ).arms
    assert mixed["successes"].equals(plain["successes"])
    for column in ("share", "mc_low", "mc_high"):
        np.testing.assert_allclose(mixed[column], 0.9 * plain[column] + 0.05, rtol=1e-15)


def test_time_to_stop_counts_from_the_first_order():
    subjects = pkpd.trial(small_trial()).subjects
    treated = subjects[subjects["arm"] == "lorazepam"]
    works = treated[(treated["id"] - 1) % 3 != 0]
    assert set(works["time_to_off_min"]) == {5.0}
    assert subjects.loc[subjects["arm"] == "placebo", "time_to_off_min"].isna().all()


def test_late_ends_and_unused_keys_are_warned_of():
    assert pkpd.trial(small_trial()).warnings == ()
    endpoint = {"kind": "off", "off_from": 20, "off_until": 400, "pairs": [[0, 5]]}
    first, second = pkpd.trial(small_trial(endpoint=endpoint)).warnings
    assert "'pairs' takes no part in the end point 'off'" in first
    assert "6.83 h after seizure onset; the calibration covers the first 6 h" in second


# ---- posterior, seeds, options ------------------------------------------------------------------------------------


def test_posterior_draws_give_the_predictive_interval(calls):
    result = pkpd.trial(small_trial(), posterior=3)
    assert {call[4] for call in calls} == {None, 0, 1, 2}
    assert {(call[4], call[2]) for call in calls} == {(None, 3), (0, 4), (1, 5), (2, 6)}
    shares = result.posterior[result.posterior["arm"] == "placebo"]["share"]
    row = result.arms.set_index("arm").loc["placebo"]
    assert len(shares) == 3
    assert (row["predictive_low"], row["predictive_high"]) == tuple(np.quantile(shares, [0.025, 0.975]))


@pytest.mark.parametrize(
    "options, message",
    [
        ({"posterior": 0}, "posterior: '0' is not possible; expected a whole number from 1 to 24"),
        ({"posterior": 25}, "posterior: '25' is not possible"),
        ({"posterior": True}, "posterior: 'True' is not possible"),
        ({"workers": 0}, "workers: '0' is not possible"),
        ({"seed": -1}, "seed: -1 cannot seed"),
    ],
)
def test_options_that_cannot_be(options, message):
    with pytest.raises(ParameterError, match=message):
        pkpd.trial(small_trial(), **options)


def test_draws_of_time():
    spread = Distribution("lognormal", 30.0, 0.8, 6.0, 120.0)
    one = [draw_time(spread, 1, i, "start") for i in range(2000)]
    assert one == [draw_time(spread, 1, i, "start") for i in range(2000)]
    assert min(one) >= 6 and max(one) <= 120
    log_sd = math.sqrt(math.log1p(0.64))
    # Median of the lognormal between its limits, by its distribution function; the sampling error is about 0.7 min.
    from scipy.stats import norm

    low, high = (norm.cdf(math.log(x / 30) / log_sd) for x in (6, 120))
    assert np.median(one) == pytest.approx(30 * math.exp(log_sd * norm.ppf((low + high) / 2)), abs=2.0)
    assert min(draw_time(Distribution("normal", 1.0, 5.0), 1, i, "x") for i in range(200)) >= 0
    assert draw_time(7.0, 1, 2, "x") == 7.0


# ---- windows ------------------------------------------------------------------------------------------------------


def test_windows_on_the_grid():
    s = np.array([[0.9, 0.9, 0.19, 0.1, 0.2, 0.1, 0.1]])  # minutes 0, 0.5, ... 3
    cases = [
        (1.0, 1.5, True),
        (1.0, 2.0, False),
        (0.5, 1.0, False),
        (0.6, 1.9, True),
        (2.1, 2.2, False),
        (2.5, 3.0, True),
    ]
    for low, high, expected in cases:
        assert all_off(s, np.array([low]), np.array([high]))[0] == expected, (low, high)
    assert not all_off(np.array([[math.nan]]), np.zeros(1), np.zeros(1))[0]
    seizing = s > 0.5
    assert never_on(seizing, np.array([0.6]), np.array([3.0]))[0]
    assert not never_on(seizing, np.array([0.5]), np.array([3.0]))[0]
    assert never_on(seizing, np.array([2.0]), np.array([0.0]))[0]  # a window that has no time in it
    assert at_moment(seizing, np.array([0.99]))[0] and not at_moment(seizing, np.array([1.0]))[0]


def test_first_off():
    seizing = np.array([[1, 1, 1, 0, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]], dtype=bool)
    found = first_off(seizing, np.array([0.5, 0.5, 0.25]))
    assert found[0] == 1.0 and math.isnan(found[1]) and found[2] == 0.25
    assert math.isnan(first_off(seizing[:1], np.array([math.nan]))[0])


def test_durations_end_at_the_last_stop_before_silence():
    time = np.arange(121) / 2
    cases = [
        (time < 10, 10.0),
        ((time < 10) | ((time >= 20) & (time < 22)), 22.0),  # on again after 10 min
        ((time < 10) | (time >= 35), 10.0),  # on again after 25 min: another episode
        (time < 100, 60.5),
        (np.zeros(121, dtype=bool), 0.0),
    ]
    for seizing, expected in cases:
        off_for, in_episode = 0.0, []
        for on in seizing:
            off_for = 0.0 if on else off_for + 0.5
            in_episode.append(off_for < 20)
        assert durations(seizing[None, :], np.array([in_episode]))[0] == expected


# ---- pictures, page, command line ---------------------------------------------------------------------------------


def test_forest_plot_shows_every_arm():
    figure = pkpd.trial(small_trial(), posterior=2).plot()
    labels = [text.get_text() for axes in figure.axes for text in axes.get_yticklabels()]
    assert labels == ["lorazepam", "placebo"]
    shown = " ".join(text.get_text() for legend in figure.legends for text in legend.get_texts())
    assert "published" in shown and "draws of the parameters" in shown
    inside = pkpd.trial(small_trial()).arms["inside"].tolist()[0]
    marks = [text.get_text() for text in figure.axes[0].texts]
    assert marks == ([] if inside else ["outside the\npublished"])


def test_page_has_what_a_reader_needs():
    tables = small_trial(stages=[TREATED])
    tables["trial"] = {**tables["trial"], "notes": ["The <delay> is assumed."], "source": "Someone 1999"}
    tables["endpoint"] = {**tables["endpoint"], "off_until": 400}
    page = pkpd.trial(tables).report()
    for said in (
        "lorazepam",
        "placebo",
        "The &lt;delay&gt; is assumed.",
        "Someone 1999",
        "Research and teaching software",
        "calibration covers",
        "<svg",
        "% reached the start",
        "50.0 %",
    ):
        assert said in page, said
    assert "http://" not in page.replace("http://www.w3.org", "") and "<script" not in page


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(
        '[trial]\nname = "small"\nn = 40\n[start]\ntime = 10\nentry = "seizing"\n'
        '[[arms]]\nname = "placebo"\nregimen = ""\npublished = { successes = 15, n = 71 }\n'
        '[endpoint]\nkind = "off"\noff_from = 20\noff_until = 60\n'
    )
    return str(path)


def test_command_prints_the_arms(file, capsys):
    assert main(["trial", file]) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines()[0].startswith("arm,n,successes,share,mc_low,mc_high,published,")
    assert "placebo" in shown.err and "never says what to give" in shown.err


def test_command_fills_a_folder(file, tmp_path, capsys):
    assert main(["trial", file, "-o", f"{tmp_path}/out/", "--posterior", "2", "--seed", "5"]) == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "results.csv", "subjects.csv", "posterior.csv", "figures", "report.html", "manifest.json"
    }  # fmt: skip
    assert "predictive_low" in (tmp_path / "out" / "results.csv").read_text()
    assert '"seed": 5' in (tmp_path / "out" / "manifest.json").read_text()
    assert capsys.readouterr().out == ""


def test_command_speaks_json(file, capsys):
    assert main(["trial", file, "--json"]) == 0
    import json

    content = json.loads(capsys.readouterr().out)
    assert content["arms"][0]["arm"] == "placebo" and content["arms"][0]["inside"] in (True, False)


def test_command_says_what_is_wrong(file, tmp_path, capsys):
    bad = tmp_path / "bad.toml"
    bad.write_text(Path(file).read_text().replace('kind = "off"', 'kind = "of"'))
    assert main(["trial", str(bad)]) == 2
    assert "bad.toml [endpoint]: 'kind' is 'of'" in capsys.readouterr().err
    assert main(["trial", file, "-o", "nowhere.txt"]) == 2
