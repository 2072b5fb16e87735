"""Trial files: what is read from them, and every message about what cannot be."""

import copy
import math
import tomllib

import pytest
from trial_fakes import small_trial

from pkpd.errors import DataError
from pkpd.patients.distributions import Distribution
from pkpd.regimen.regimen import parse_regimen
from pkpd.trial.file import read_trial

FILES = sorted(
    "benzodiazepine_failure chamberlain consept consept_2h durations esett lorazepam_after_120_min "
    "lorazepam_within_30_min phtse propofol_rse rampart rampart_not_given rse_share va".split()
)
# Exact binomial intervals in percent as published tables of the trials' targets print them.
INTERVALS = {
    ("phtse", 0): (46.3, 71.0),
    ("phtse", 1): (30.7, 55.2),
    ("phtse", 2): (12.3, 32.4),
    ("va", 0): (54.6, 74.4),
    ("va", 3): (33.7, 53.8),
    ("esett", 0): (38.6, 55.4),
    ("rampart", 0): (69.1, 77.5),
    ("consept", 1): (50.1, 68.7),
    ("chamberlain", 1): (63.9, 79.4),
    ("propofol_rse", 0): (48.6, 83.3),
}


def changed(*path, value=None, remove=False):
    """The small trial with one key replaced, added or removed."""
    tables = copy.deepcopy(small_trial())
    place = tables
    for key in path[:-1]:
        place = place[key]
    if remove:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return tables


def test_a_trial_is_read():
    trial = read_trial(small_trial(stages=[{"time": ["lognormal", 30, 0.8, 6, 120], "regimen": "lorazepam 4 mg iv"}]))
    assert (trial.name, trial.n, trial.seed, trial.pk_variability) == ("small", 40, 3, True)
    assert trial.stages[0].time == Distribution("lognormal", 30.0, 0.8, 6.0, 120.0)
    assert trial.stages[0].entry == "seizing"
    assert trial.arms[0].regimen == parse_regimen("lorazepam 4 mg iv") and not len(trial.arms[1].regimen)
    assert trial.arms[0].published.share == 0.5 and trial.arms[1].published is None
    assert trial.endpoint.kind == "off" and trial.endpoint.off_until == 60.0


def test_the_seed_of_the_call_goes_first():
    assert read_trial(small_trial(), seed=9).seed == 9


def test_a_file_and_its_tables_give_the_same_trial(root):
    path = root / "data" / "trials" / "esett.toml"
    from_file = read_trial(path)
    from_tables = read_trial(tomllib.loads(path.read_text(encoding="utf-8")))
    assert from_file.arms == from_tables.arms and from_file.stages == from_tables.stages
    assert (from_file.where, len(from_file.sha256)) == ("esett.toml", 64)


def test_published_intervals():
    share = {"share": 0.42, "low": 0.26, "high": 0.58}
    stated = read_trial(changed("arms", 0, "published", value=share)).arms[0].published
    assert (stated.low, stated.high) == (0.26, 0.58)
    effective = {"successes": 61, "n": 119, "effective_n": 60}
    halved = read_trial(changed("arms", 0, "published", value=effective)).arms[0].published
    assert halved.share == 61 / 119 and halved.n == 60
    # Clopper and Pearson: no success of n has the upper limit 1 - 0.025^(1/n).
    none = read_trial(changed("arms", 0, "published", value={"successes": 0, "n": 20})).arms[0].published
    assert none.low == 0.0 and math.isclose(none.high, 1 - 0.025 ** (1 / 20), rel_tol=1e-12)


# ---- shipped files ------------------------------------------------------------------------------------------------


def test_every_shipped_file_is_known_here(root):
    assert sorted(path.stem for path in (root / "data" / "trials").glob("*.toml")) == FILES


@pytest.mark.parametrize("name", FILES)
def test_shipped_files_are_read_and_have_sources(root, name):
    trial = read_trial(root / "data" / "trials" / f"{name}.toml")
    assert trial.sources and all(source.cite for source in trial.sources.values())
    assert all(source.status for source in trial.sources.values())
    assert not trial.pk_variability and not trial.endpoint.unused
    assert all(arm.published is not None for arm in trial.arms)
    assert f"`{name}.toml`" in (root / "data" / "trials" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name, arm", INTERVALS)
def test_published_intervals_of_shipped_files(root, name, arm):
    published = read_trial(root / "data" / "trials" / f"{name}.toml").arms[arm].published
    # The published tables print one decimal of a percentage.
    assert (100 * published.low, 100 * published.high) == pytest.approx(INTERVALS[name, arm], abs=0.051)


# ---- what cannot be -----------------------------------------------------------------------------------------------

WRONG = [
    (changed("endpoint", remove=True), r"the end point is missing; expected a table \[endpoint\] with kind .* Add"),
    (changed("endpoint", "kind", value="of"), r"\[endpoint\]: 'kind' is 'of'; .* Did you mean 'off'\?"),
    (changed("endpoint", "off_from", remove=True), r"\[endpoint\]: the key 'off_from' is missing; .* Add off_from"),
    (changed("endpoint", "off_from", value=70), r"'off_from' is 70, after 'off_until' 60; .* Swap"),
    (changed("endpoint", "off_from", value=-2), r"'off_from' is -2, before the start; expected minutes from 0"),
    (changed("endpoint", "of_until", value=70), r"the key 'of_until' is not known; .* Did you mean 'off_until'"),
    (changed("endpoint", "counted_from", value="arrival"), r"'arrival' is missing; .* Add arrival ="),
    (changed("endpoint", "arrival", value=10), r"'arrival' stands without counted_from"),
    (changed("endpoint", "counted_from", value="first"), r"counted_from 'first' has no first stage; .*stages.* Add"),
    (changed("endpoint", "quiet_from", value=5), r"'quiet_until' is missing"),
    (changed("endpoint", "quiet_until", value=50), r"'quiet_from' is 60, after 'quiet_until' 50"),
    (changed("endpoint", "mimic_share", value=0.1), r"one of 'mimic_share' and 'mimic_success' is missing"),
    (changed("endpoint", value={"kind": "reached"}), r"'reached' has no first stage"),
    (changed("endpoint", value={"kind": "duration"}), r"'pairs' is None; expected a list such as"),
    (
        changed("endpoint", value={"kind": "duration", "pairs": [[10, 5]]}),
        r"'pairs' is \[\[10, 5\]\]; .* shorter first",
    ),
    (changed("endpoint", value={"kind": "duration", "pairs": [[0, 5]]}), r"arm 'lorazepam' has orders"),
    (changed("arms", 0, "regimen", remove=True), r"\[arms 1\]: the arm 'lorazepam' has no regimen; .*placebo.* Add"),
    (changed("arms", 0, "name", remove=True), r"\[arms 1\]: the key 'name' is missing"),
    (changed("arms", 1, "name", value="lorazepam"), r"two arms have the name 'lorazepam'; .* Rename"),
    (changed("arms", remove=True), r"there is no arm; expected \[\[arms\]\] for the end point 'off'. Add"),
    (changed("arms", 0, "regimen", value="lorazepan 4 mg iv"), r"\[arms 1\], regimen: .*'lorazepan'.*[Dd]id you mean"),
    (changed("arms", 0, "delai", value=2), r"the key 'delai' is not known; .* Did you mean 'delay'\?"),
    (changed("arms", 0, "delay", value=-1), r"'delay' is -1; expected a number from 0"),
    (changed("arms", 0, "delay", value=["lognormal", 5]), r"\[arms 1\], delay: 1 numbers stand in"),
    (changed("arms", 0, "delay", value=[5, 10]), r"'delay' is \[5, 10\]; .* Begin the list with the name"),
    (changed("arms", 0, "delay", value=["uniform", -5, 5]), r"'delay' is .*, which lies before 0"),
    (changed("arms", 0, "not_received", value=7.1), r"'not_received' is 7.1; expected a number from 0 to 1"),
    (changed("arms", 0, "off_from", value=80), r"\[arms 1\]: 'off_from' is 80, after 'off_until' 60"),
    (
        changed("arms", 0, "published", value={"successes": 70, "n": 66}),
        r"\[arms 1.published\]: arm 'lorazepam' has n = 66, smaller than its 70 successes; .* Correct",
    ),
    (changed("arms", 0, "published", value={"successes": 7}), r"the key 'n' is missing"),
    (changed("arms", 0, "published", value={"n": 7}), r"gives neither 'successes' nor 'share'; .* Write"),
    (changed("arms", 0, "published", value={"share": 0.4}), r"a share without an interval; .* Add one of them"),
    (changed("start", remove=True), r"the key 'start' is missing; .* Add"),
    (changed("start", "entry", value="seizng"), r"'entry' is 'seizng'; .* Did you mean 'seizing'\?"),
    (changed("start", "time", remove=True), r"\[start\]: the key 'time' is missing; expected minutes"),
    (changed("start", "regimen", value="lorazepam 4 mg"), r"\[start\]: the key 'regimen' is not known"),
    (changed("trial", remove=True), r"the key 'trial' is missing"),
    (changed("trial", "n", value=0), r"\[trial\]: 'n' is 0; expected a whole number from 1"),
    (changed("trial", "n", value="many"), r"'n' is 'many'; expected a finite number"),
    (changed("trial", "seed", value=-1), r"\[trial\], seed: -1 cannot seed"),
    (changed("trial", "evidence", value="establised"), r"'evidence' is 'establised'; .* Did you mean 'established'"),
    (changed("trial", "seizure", value="statis"), r"'seizure' is 'statis'; .* Did you mean 'status'"),
    (changed("trial", "pk_variability", value="no"), r"'pk_variability' is 'no'; expected true or false"),
    (changed("population", "weigth_kg", value=75), r"\[population\]: .*'weigth_kg'.* Did you mean 'weight_kg'\?"),
    (changed("population", "weight_kg", value=0), r"\[population\]: .*column 'weight_kg': '0'"),
    (changed("population", "weight_kg", value=[70, 80]), r"'weight_kg' is a list of 2; expected one value for all"),
    (changed("population", "seed", value=1), r"the key 'seed' stands here; expected it in \[trial\]"),
    (changed("stages_", value=[]), r"the key 'stages_' is not known; .* Did you mean 'stages'\?"),
    (changed("arms", value={"name": "a"}), r"'arms' is .*; expected an array of tables. Write \[\[arms\]\]"),
]


@pytest.mark.parametrize("tables, message", WRONG, ids=[str(number) for number in range(len(WRONG))])
def test_what_cannot_be_is_said(tables, message):
    with pytest.raises(DataError, match=f"(?s)^trial.*?{message}"):
        read_trial(tables)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(DataError, match="missing.toml: the file cannot be opened .* Check the path"):
        read_trial(tmp_path / "missing.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("[trial\n")
    with pytest.raises(DataError, match="broken.toml: the TOML is broken"):
        read_trial(broken)
    with pytest.raises(DataError, match="int '3' is not a trial; expected the path"):
        read_trial(3)


def test_quiet_after_names_an_arm():
    endpoint = {**small_trial()["endpoint"], "quiet_until": 60, "quiet_from": 1, "quiet_after": ["lorazepan"]}
    with pytest.raises(
        DataError, match="'quiet_after' names 'lorazepan', which is no arm; .* Did you mean 'lorazepam'"
    ):
        read_trial(small_trial(endpoint=endpoint))


def test_sources_that_are_named_must_exist():
    tables = small_trial(sources={"treiman": {"cite": "Treiman 1998"}})
    tables["trial"]["source"] = "treimann"
    with pytest.raises(DataError, match="the source 'treimann' is not in \\[sources\\]; .* Did you mean 'treiman'"):
        read_trial(tables)


def test_a_key_of_another_kind_is_noted():
    stages = [{"time": 5, "entry": "seizing"}]
    trial = read_trial(small_trial(stages=stages, endpoint={"kind": "reached", "off_from": 20}))
    assert trial.endpoint.unused == ("off_from",)
