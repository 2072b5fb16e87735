"""Reads a trial file (TOML) or a mapping of the same shape into a `Trial`; everything wrong with it is said here.

Every message names the file, the table, the offending value, what was expected and what to do.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pkpd.errors import DataError, DrugFileError, ParameterError, did_you_mean
from pkpd.library.evidence import Source
from pkpd.library.reading import read_sources, read_toml
from pkpd.patients.distributions import is_distribution
from pkpd.patients.population import Population
from pkpd.regimen.regimen import Regimen
from pkpd.scenario import EVIDENCE, NO_SEIZURE, SEIZURES
from pkpd.streams import seed_number
from pkpd.trial.design import Arm, Published, Stage, Trial
from pkpd.trial.endpoint import check_window, read_endpoint
from pkpd.trial.score import exact_interval
from pkpd.trial.table import TrialTable

__all__ = ["read_trial"]

_TABLES = ("trial", "population", "stages", "start", "arms", "endpoint", "sources")
_TRIAL = ("name", "source", "n", "seed", "evidence", "pk_variability", "seizure", "most_draws", "notes")
_STAGE = ("time", "entry", "regimen")
_ARM = ("name", "regimen", "delay", "not_received", "published", "off_from", "off_until")
_PUBLISHED = ("successes", "n", "share", "effective_n", "low", "high")
_ENTRIES = ("seizing", "in-episode", "any")


def read_trial(trial: str | os.PathLike[str] | Mapping[str, Any], seed: int | None = None) -> Trial:
    """Read a trial.

    Parameters
    ----------
    trial : path or mapping
        A TOML file, or a mapping with the same tables.
    seed : int, optional
        In place of the file's.

    Returns
    -------
    Trial

    Raises
    ------
    DataError
        If the file cannot be read, a table or key is missing or unknown, or a value cannot be.
    """
    top, sha256 = _open(trial)
    top.only(_TABLES)
    facts = top.table("trial")
    facts.only(_TRIAL)
    endpoint = read_endpoint(top)
    stages = tuple(_stage(table) for table in top.tables("stages"))
    start = _start(top, endpoint.kind)
    arms = tuple(_arm(table) for table in top.tables("arms"))
    made = Trial(
        name=facts.text("name"),
        n=facts.count("n"),
        stages=stages,
        start=start,
        arms=arms,
        endpoint=endpoint,
        population=_population(top),
        seed=_seed(facts) if seed is None else seed_number(seed),
        seizure=facts.text("seizure", "status", choices=[name for name in SEIZURES if name != NO_SEIZURE]),
        evidence=facts.text("evidence", "established", choices=EVIDENCE),
        pk_variability=facts.flag("pk_variability", True),
        most_draws=facts.count("most_draws", 50),
        sources=_sources(top, facts),
        notes=facts.texts("notes"),
        where=top.file,
        sha256=sha256,
    )
    _check_together(top, made)
    return made


def _open(trial: str | os.PathLike[str] | Mapping[str, Any]) -> tuple[TrialTable, str]:
    if isinstance(trial, Mapping):
        return TrialTable(dict(trial), "trial"), ""
    if not isinstance(trial, str | os.PathLike):
        raise DataError(
            f"trial: {type(trial).__name__} '{trial}' is not a trial; expected the path of a TOML file, or a mapping "
            "of its tables. Write one such as 'data/trials/esett.toml'."
        )
    try:
        table, sha256 = read_toml(Path(trial))
    except DrugFileError as error:
        raise DataError(str(error)) from None
    return TrialTable(table.data, table.file), sha256


def _seed(facts: TrialTable) -> int:
    try:
        return seed_number(facts.data.get("seed"), f"{facts.where}, seed")
    except ParameterError as error:
        raise DataError(str(error)) from None


def _sources(top: TrialTable, facts: TrialTable) -> dict[str, Source]:
    """The sources that the trial names; a name without an entry in [sources] is a citation as it stands."""
    known = read_sources(top)
    named = facts.texts("source")
    for key in named:
        if known and key not in known:
            hint = did_you_mean(key, known) or "Add it to [sources]."
            raise facts.error(f"the source '{key}' is not in [sources]", "a key of that table", hint)
    return {key: known.get(key, Source(key, key)) for key in named}


def _population(top: TrialTable) -> dict[str, Any]:
    table = top.table("population", None)
    given = {name: table.data[name] for name in table}
    wrong = next((name for name in ("n", "seed") if name in given), None)
    if wrong is not None:
        raise table.error(f"the key '{wrong}' stands here", "it in [trial]", "Move it there.")
    for name, value in given.items():
        if isinstance(value, list) and not is_distribution(value) and name != "comedication":
            expected = "one value for all, or a distribution such as ['normal', 35, 10, 18, 80]"
            raise table.error(f"'{name}' is a list of {len(value)}", expected, "Trials draw as many as they need.")
    try:
        Population(1, **given)
    except (ParameterError, TypeError) as error:
        raise DataError(f"{table.where}: {error}") from None
    return given


def _stage(table: TrialTable) -> Stage:
    table.only(_STAGE)
    entry = table.text("entry", "seizing", choices=_ENTRIES)
    return Stage(table.time("time"), entry, table.orders("regimen", ""))


def _start(top: TrialTable, kind: str) -> Stage:
    """Time and entry of the arms; nobody needs them where all onsets are followed."""
    if kind == "duration" and "start" not in top:
        return Stage(0.0, "any", Regimen())
    table = top.table("start")
    table.only(_STAGE[:2])
    return _stage(table)


def _arm(table: TrialTable) -> Arm:
    table.only(_ARM)
    name = table.text("name")
    if "regimen" not in table:
        expected = 'the orders of the arm, or regimen = "" for placebo'
        raise table.error(f"the arm '{name}' has no regimen", expected, 'Add regimen = "...".')
    return Arm(
        name=name,
        regimen=table.orders("regimen"),
        delay=table.time("delay", 0.0),
        not_received=table.within("not_received", 0.0, 1.0, 0.0),
        published=_published(table.table("published"), name) if "published" in table else None,
        off_from=table.number("off_from", None),
        off_until=table.number("off_until", None),
    )


def _published(table: TrialTable, arm: str) -> Published:
    table.only(_PUBLISHED)
    if ("share" in table) == ("successes" in table):
        what = "gives both 'share' and 'successes'" if "share" in table else "gives neither 'successes' nor 'share'"
        raise table.error(f"arm '{arm}' {what}", "successes and n, or share", "Write { successes = 30, n = 66 }.")
    n = table.within("n", 1.0) if "successes" in table or "n" in table else None
    if "successes" in table and n is not None:
        successes = table.within("successes", 0.0)
        if successes > n:
            problem = f"arm '{arm}' has n = {n:g}, smaller than its {successes:g} successes"
            raise table.error(problem, "at most as many successes as subjects", "Correct one of the two.")
        share = successes / n
    else:
        share = table.within("share", 0.0, 1.0)
    n = table.within("effective_n", 1.0, default=n) if "effective_n" in table or n is not None else None
    if "low" in table or "high" in table:
        low, high = table.within("low", 0.0, share), table.within("high", share, 1.0)
    elif n is None:
        expected = "n, effective_n, or low and high beside it"
        raise table.error(f"arm '{arm}' has a share without an interval", expected, "Add one of them.")
    else:
        low, high = exact_interval(share * n, n)
    return Published(share, n, low, high)


def _check_together(top: TrialTable, trial: Trial) -> None:
    """What cannot be true of several tables at once."""
    kind, names = trial.endpoint.kind, [arm.name for arm in trial.arms]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise top.error(f"two arms have the name '{twice}'", "a different name for each arm", "Rename one.")
    if not names and kind in ("off", "failed-of-first", "not-given"):
        raise top.error("there is no arm", f"[[arms]] for the end point '{kind}'", "Add one with name and regimen.")
    if not trial.stages and (trial.endpoint.from_first or trial.endpoint.counted_from == "first"):
        what = f"'{kind}'" if trial.endpoint.from_first else "counted_from 'first'"
        raise top.error(f"the end point {what} has no first stage", "at least one [[stages]]", "Add it.")
    if kind == "duration":
        _check_untreated(top, trial)
    for table, arm in zip(top.tables("arms"), trial.arms):
        if arm.off_from is not None or arm.off_until is not None:
            _check_arm_window(table, arm, trial)
    for name in trial.endpoint.quiet_after:
        if name not in names:
            hint = did_you_mean(name, names) or "Correct the name."
            raise top.error(f"'quiet_after' names '{name}', which is no arm", f"one of {', '.join(names)}", hint)


def _check_arm_window(table: TrialTable, arm: Arm, trial: Trial) -> None:
    endpoint = trial.endpoint
    if math.isnan(endpoint.off_from):
        problem = f"arm '{arm.name}' has a window of its own"
        raise table.error(problem, "none, as the end point '" + endpoint.kind + "' has none", "Remove it.")
    start = endpoint.off_from if arm.off_from is None else arm.off_from
    end = endpoint.off_until if arm.off_until is None else arm.off_until
    check_window(table, "off_from", start, "off_until", end, endpoint.counted_from)


def _check_untreated(top: TrialTable, trial: Trial) -> None:
    """Durations are those of untreated episodes, from onset."""
    treated = next((arm.name for arm in trial.arms if len(arm.regimen)), None)
    if treated is not None or trial.stages:
        what = "there are stages" if trial.stages else f"arm '{treated}' has orders"
        raise top.error(f"the end point 'duration' is of untreated episodes, and {what}", "none", "Remove them.")
    if len(trial.arms) not in (0, 1, len(trial.endpoint.pairs)):
        problem = f"{len(trial.arms)} arms stand beside {len(trial.endpoint.pairs)} pairs"
        raise top.error(problem, "one arm a pair, one for all, or none", "Make the two agree.")
