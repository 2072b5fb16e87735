"""`trial`: a virtual trial from a file, and its result beside what was published.

Subjects are simulated from seizure onset and enrolled if they still meet the entry of the trial; efficacy would be
overstated otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pkpd.distribute import Distribute, distributed
from pkpd.errors import ParameterError
from pkpd.library.receptor_file import load_receptors
from pkpd.options import check_workers, keywords_explained
from pkpd.progress import progress_bar
from pkpd.research_use import RESEARCH_USE
from pkpd.trial.arms import Outcome, Row, run_trial
from pkpd.trial.design import Published, Trial
from pkpd.trial.file import read_trial
from pkpd.trial.score import mixed_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["TrialResult", "trial"]


@dataclass(frozen=True, eq=False)
class TrialResult:
    """The result of `trial`.

    Attributes
    ----------
    arms : DataFrame
        One row an arm: ``arm n successes share mc_low mc_high published published_low published_high inside``. Shares
        and limits are fractions. The Monte Carlo interval is the exact binomial 95 % one of the simulation; where
        episodes that are no seizures are mixed in, share and interval are those of the mixture, and `successes` are
        those of the simulated seizures. ``failed-of-first`` counts failures, ``reached`` those who reach the start,
        ``not-given`` those who get no order of the arm. With `posterior` also
        ``predictive_low predictive_median predictive_high``.
    subjects : DataFrame
        One row a subject and arm: times in minutes after onset, what was given, success.
    design : Trial
    drawn, entered, reached : int
        Onsets drawn, those that met the first entry, those that reached the start.
    warnings : tuple of str
    posterior : DataFrame or None
        Share of each arm in each posterior draw: ``draw arm share``.
    provenance : dict
    """

    arms: pd.DataFrame
    subjects: pd.DataFrame
    design: Trial
    drawn: int
    entered: int
    reached: int
    warnings: tuple[str, ...] = ()
    posterior: pd.DataFrame | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def plot(self) -> Figure:
        """Draw the arms beside what was published."""
        from pkpd.pictures.trial import forest

        return forest(self)

    def report(self) -> str:
        """Return a page (HTML) that needs no other file."""
        from pkpd.report.trial import trial_page

        return trial_page(self)

    def __repr__(self) -> str:
        return f"TrialResult({self.design.name!r}, {len(self.arms)} arms, n={self.design.n}, drawn={self.drawn})"


@keywords_explained
def trial(
    path_or_dict: str | os.PathLike[str] | Mapping[str, Any],
    *,
    posterior: int | None = None,
    seed: int | None = None,
    progress: bool | None = None,
    workers: int | None = None,
    cluster: str | None = None,
) -> TrialResult:
    """Run a virtual trial: its arms in the same simulated subjects, beside what was published.

    Parameters
    ----------
    path_or_dict : path or mapping
        A trial file (TOML), or a mapping of its tables.
    posterior : int, optional
        Run it again with so many joint draws of the receptor layer's parameters, each with a seed of its own; their 2.5
        to 97.5 percentiles, Monte Carlo noise included, are the predictive interval.
    seed : int, optional
        In place of the file's.
    progress : bool, optional
        Progress bar on stderr; by default only on a terminal.
    workers : int, optional
        Processes among which the posterior draws are divided; 1 by default. The numbers do not depend on it. A run
        itself uses threads.
    cluster : str, optional
        Address of a Dask scheduler whose workers get the posterior draws, in place of `workers`.

    Returns
    -------
    TrialResult

    Raises
    ------
    DataError
        If something in the file is missing or cannot be, or too few onsets meet the entry conditions (the share
        accepted is given).
    ParameterError
        If an option is not possible.
    """
    design = read_trial(path_or_dict, seed)
    draws = _draws(posterior)
    if cluster is not None and not draws:
        raise ParameterError(
            f"trial, cluster: '{cluster}' would get nothing to do, as it gets the posterior draws and there are none; "
            "expected posterior beside it. Give posterior, or leave cluster out."
        )
    used = min(check_workers(workers), max(1, len(draws))) if cluster is None else workers
    with (
        distributed(workers=used, cluster=cluster) as spread,
        progress_bar(design.n * (1 + len(draws)), "subjects", progress) as advance,
    ):
        outcome = run_trial(design, progress=advance)
        repeated = _repeat(design, draws, spread, advance)
    arms = _arms(design, outcome)
    shares = _shares(design, repeated) if repeated else None
    if shares is not None:
        by_arm = shares.groupby("arm", sort=False)["share"]
        for name, part in (("predictive_low", 0.025), ("predictive_median", 0.5), ("predictive_high", 0.975)):
            arms[name] = arms["arm"].map(by_arm.quantile(part))
    return TrialResult(
        arms=arms,
        subjects=outcome.subjects,
        design=design,
        drawn=outcome.drawn,
        entered=outcome.entered,
        reached=outcome.reached,
        warnings=_warnings(design, outcome),
        posterior=shares,
        provenance=_provenance(design, draws),
    )


def _draws(posterior: int | None) -> list[int]:
    """Numbers of the posterior draws to use."""
    if posterior is None:
        return []
    most = len(load_receptors().posterior)
    if isinstance(posterior, bool) or not isinstance(posterior, int) or not 1 <= posterior <= most:
        raise ParameterError(
            f"posterior: '{posterior}' is not possible; expected a whole number from 1 to {most}, the number of joint "
            "draws in the library. Correct it, or leave it out."
        )
    return list(range(posterior))


def _repeat(design: Trial, draws: list[int], spread: Distribute, advance: Callable[[int], object]) -> list[Outcome]:
    """The trial with each draw of the posterior."""
    # Each draw has its own seed, so that the spread of the shares holds the noise of a simulation of this size.
    work = [(replace(design, seed=(design.seed + 1 + draw) % 2**63), draw) for draw in draws]
    found = []
    for outcome in spread(_run_draw, work):
        found.append(outcome)
        advance(design.n)
    return found


def _run_draw(item: tuple[Trial, int]) -> Outcome:
    design, draw = item
    return run_trial(design, draw=draw)


def _published(design: Trial, count: int) -> list[Published | None]:
    """What was published for each row of the result."""
    known = [arm.published for arm in design.arms]
    return known if len(known) == count else [None] * count


def _share(design: Trial, outcome: Outcome, row: Row) -> tuple[float, float, float]:
    """Share and its Monte Carlo interval, with the episodes that are no seizures."""
    endpoint = design.endpoint
    apparent = endpoint.mimic_success
    if endpoint.kind == "failed-of-first":  # they reach the start as the others do, and fail more or less often there
        apparent = (1.0 - apparent) * outcome.reached / max(1, outcome.entered)
    return mixed_interval(row.successes, row.n, endpoint.mimic_share, apparent)


def _arms(design: Trial, outcome: Outcome) -> pd.DataFrame:
    import pandas as pd

    records = []
    for row, reported in zip(outcome.rows, _published(design, len(outcome.rows))):
        share, low, high = _share(design, outcome, row)
        record = {
            "arm": row.arm,
            "n": row.n,
            "successes": row.successes,
            "share": share,
            "mc_low": low,
            "mc_high": high,
        }
        if reported is not None:
            record |= {"published": reported.share, "published_low": reported.low, "published_high": reported.high}
            record["inside"] = reported.low <= share <= reported.high
        records.append(record)
    columns = "arm n successes share mc_low mc_high published published_low published_high inside".split()
    frame = pd.DataFrame(records, columns=columns)
    numbers = ["share", "mc_low", "mc_high", "published", "published_low", "published_high"]
    return frame.astype({**dict.fromkeys(numbers, float), "inside": "boolean"})


def _shares(design: Trial, outcomes: list[Outcome]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [
            {"draw": draw, "arm": row.arm, "share": _share(design, outcome, row)[0]}
            for draw, outcome in enumerate(outcomes)
            for row in outcome.rows
        ]
    )


def _warnings(design: Trial, outcome: Outcome) -> tuple[str, ...]:
    limit = load_receptors()["calibrated_until"]
    kind = design.endpoint.kind
    said = [f"[endpoint]: '{key}' takes no part in the end point '{kind}'" for key in design.endpoint.unused]
    if outcome.until_min > limit:
        said.append(
            f"subjects are followed to {outcome.until_min / 60:.3g} h after seizure onset; the calibration covers the "
            f"first {limit / 60:g} h"
        )
    return tuple(said)


def _provenance(design: Trial, draws: list[int]) -> dict[str, Any]:
    from pkpd import __version__

    return {
        "pkpd": __version__,
        "trial": design.where,
        "trial_sha256": design.sha256,
        "receptors_sha256": load_receptors().sha256,
        "seizure": design.seizure,
        "evidence": design.evidence,
        "pk_variability": design.pk_variability,
        "seed": design.seed,
        "posterior_draws": len(draws),
        "use": RESEARCH_USE,
    }
