"""`fit`: from data and a model to estimates."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pkpd.dataset.dataset import Dataset, as_dataset
from pkpd.distribute import Distribute, distributed, threaded
from pkpd.engine.parallel import thread_count
from pkpd.errors import ParameterError
from pkpd.fit.assemble import Assembled, assemble
from pkpd.fit.bootstrap import FEWEST_SUBJECTS, bootstrap_draws
from pkpd.fit.case import LeftOut
from pkpd.fit.checked import checked
from pkpd.fit.estimate import Estimate, estimate
from pkpd.fit.fitted import Fitted
from pkpd.fit.flip import unflipped
from pkpd.fit.options import check_options
from pkpd.fit.outcome import outcome
from pkpd.fit.profile import profile_intervals
from pkpd.fit.refine import refine
from pkpd.fit.result import Fit
from pkpd.fit.setup import Setup, without_zero_predictions
from pkpd.fit.starts import find_starts
from pkpd.fit.uncertainty import Uncertainty, covariances
from pkpd.models.compartments import Compartments
from pkpd.options import a_kind, check_workers, keywords_explained
from pkpd.progress import progress_bar
from pkpd.streams import seed_number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["fit"]

IntArray = NDArray[np.int64]
#: So many steps need no progress bar.
SOON_DONE = 20
Ends = dict[tuple[int, int], tuple[float, float, str]]


@keywords_explained
def fit(
    data: str | Path | pd.DataFrame | Dataset,
    model: str | Compartments,
    *,
    method: str = "individual",
    error: str = "proportional",
    vary: str | Collection[str] | None = None,
    start: Mapping[str, float] | None = None,
    fixed: Mapping[str, Any] | None = None,
    omega: Mapping[str, float] | pd.DataFrame | None = None,
    sigma: float | Mapping[str, float] | None = None,
    bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
    interval: str = "wald",
    n_boot: int = 200,
    lloq: float | None = None,
    blq: str = "M1",
    dvid: Any = None,
    by: str | Sequence[str] | None = None,
    ties: str = "record",
    units: Mapping[str, str] | None = None,
    columns: Mapping[str, str] | None = None,
    check: bool = True,
    seed: int | None = None,
    workers: int | None = None,
    progress: bool | None = None,
    cluster: str | None = None,
) -> Fit:
    """Fit a model to concentration data.

    Parameters
    ----------
    data : path, pandas.DataFrame or Dataset
        Records with NONMEM columns; see `read_data`.
    model : str or Compartments
        A short form (``"1cmt oral"``, ``"2cmt"``, ``"1cmt mm"``), whose parameters are in the units of the data
        (in h, mg and L where an amount over DV is neither L nor mL, such as mg over ng/mL); or a drug of the library,
        or one of its models by name, in h, mg and L. A library model takes the covariates of each subject, knows routes
        (column ROUTE) and metabolites, and needs no start.
    method : {"individual", "pooled", "two-stage", "map"}
        Each subject by itself; all together as if one; each by itself, with mean and spread; the mode of the posterior
        of each subject.
    error : {"proportional", "additive", "combined", "log"}
        Residual error, its sigma estimated by maximum likelihood; the variance comes from IPRED.
    vary : str or collection of str, optional
        What is estimated; by default all parameters of the model. Fn, ALAGn, Rn and Dn (of a library model F_PO,
        ALAG_PO, ...) are estimated where they stand in `vary` or `start`; a bioavailability also where a subject has
        doses by several ways.
    start : mapping of str to float, optional
        Where to begin; the program finds what is not given. With map and a short form, the typical values.
    fixed : mapping, optional
        What is held: a number, a mapping from ID, or the name of a column.
    omega : mapping of str to float, or pandas.DataFrame, optional
        For map: variances (a frame: covariances) of the logarithms of parameters; the model's by default.
    sigma : float or mapping, optional
        For map: variance of the residual error, of the combined one ``{"additive": .., "proportional": ..}``; by
        default the model's error, which then goes before `error`.
    bounds : mapping of str to (low, high), optional
        None for no bound.
    interval : {"wald", "profile", "bootstrap"}
        How 95 % intervals are found. Wald: s^2 = RSS/(n - p) on the weighted residuals, t quantiles, log scale.
    n_boot : int
        Bootstrap replicates: of subjects where a pooled fit has five or more, else of residuals.
    lloq : float, optional
        Limit of quantification in the unit of DV, instead of the column LLOQ.
    blq : {"M1", "M3", "M5", "M6"}
        Values below the limit are dropped; counted by their likelihood; put at half the limit; the first of a run put
        at half the limit and the others dropped.
    dvid : object, optional
        Kind of observation, the lowest by default. A list of DVID: the drug and its metabolites; a mapping from DVID to
        ``plasma``, ``unbound`` or the name of a metabolite.
    by : str or sequence of str, optional
        Columns that tell occasions apart: each begins without drug, with the parameters of its subject.
    ties : {"record", "dose-first"}
        As in `predict`.
    units, columns : mapping of str to str, optional
        As in `read_data`.
    check : bool
        Whether errors found by `pkpd.check` stop the fit.
    seed : int, optional
        Of the bootstrap; 0 by default.
    workers : int, optional
        Threads of the bootstrap.
    progress : bool, optional
        A progress bar; by default on a terminal only.
    cluster : str, optional
        Address of a Dask scheduler whose workers refit the bootstrap's replicates, in place of `workers`.

    Returns
    -------
    Fit

    Raises
    ------
    DataError
        If the data cannot be used; the message names the line. A subject that cannot be fitted raises nothing: it is
        listed with the reason, and the others go on.
    ParameterError, UnitError
        If an option, a parameter, a bound or a unit cannot be.

    Notes
    -----
    Parameters are estimated on the log scale. OFV = sum(res^2/var + ln var). Starts come from the library and from
    curve stripping, all subjects go through one batched Levenberg-Marquardt routine, and lmfit minimises each from
    there. An observation whose IPRED is exactly 0 has no variance under proportional and log error: it is left out and
    listed.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> t = np.array([0.5, 1, 2, 4, 8, 12])
    >>> data = pd.DataFrame({"ID": 1, "TIME": [0, *t], "AMT": [100, *np.zeros(6)], "DV": [None, *5 * np.exp(-t / 4)]})
    >>> found = fit(data, "1cmt", error="additive").params.set_index("parameter")["estimate"]
    >>> [round(float(found[name]), 3) for name in ("CL", "V1")]
    [5.0, 20.0]
    """
    options = dict(locals())  # the arguments by name, before anything else has one
    if not isinstance(model, str | Compartments):
        raise ParameterError(
            f"model: {model!r} is {a_kind(model)}; expected a drug, a model of the library, or a form such as "
            "'1cmt oral'. Name one."
        )
    check_options(options)
    dataset = as_dataset(options.pop("data"), units, columns)
    noted = checked(dataset, model, by) if check else []
    assembled = assemble(dataset, model, options)
    assembled = assembled._replace(warnings=[*noted, *assembled.warnings])
    fitted, left_out = _run(assembled, options)
    return outcome(fitted, left_out, dataset, assembled, options)


def _run(assembled: Assembled, options: Mapping[str, Any]) -> tuple[Fitted, tuple[LeftOut, ...]]:
    """Starts, batch, lmfit, covariance and intervals."""
    setup, prior = assembled.setup, assembled.setup.objective.prior
    starts = find_starts(setup) if prior is None else [prior.mean]
    setup, left_out = without_zero_predictions(setup, starts)
    reasons = _hopeless(setup)
    units = np.array([unit for unit in range(len(setup.unit_ids)) if unit not in reasons], dtype=np.int64)
    found = estimate(setup.objective, starts, units, setup.space)
    for unit in units[~np.isfinite(found.cost[units])]:
        reasons[int(unit)] = "no start gave a finite prediction of every observation"
    units = units[np.isfinite(found.cost[units])]
    uncertainty: dict[int, Uncertainty] = {}
    intervals: Ends = {}
    if len(units):
        if prior is None:
            found = unflipped(setup, found, units)
        with _bar(len(units), "subjects", options) as tick:
            found = refine(found, units, tick)
        uncertainty = covariances(found, units, len(setup.space.names))
        intervals = _intervals(setup, found, units, uncertainty, options)
    out = setup.case.left_out + left_out
    return Fitted(setup, assembled.scale, found, units, reasons, uncertainty, intervals), out


@contextmanager
def _bar(total: int, unit: str, options: Mapping[str, Any]) -> Iterator[Callable[[], object]]:
    """The progress bar, and the function that moves it by one; what is done at once has none."""
    with progress_bar(total, unit, options["progress"], fewest=SOON_DONE) as advance:
        yield lambda: advance(1)


def _hopeless(setup: Setup) -> dict[int, str]:
    """Units that cannot be fitted, and why."""
    objective = setup.objective
    if objective.prior is not None:
        return {}
    counts = (objective.observed.used | objective.observed.censored).sum(axis=1)
    active = setup.space.active.sum(axis=1)
    dosed = np.bincount(setup.layout.unit[setup.layout.dose.piece], minlength=len(counts))
    reasons = {}
    for unit, (n, p, doses) in enumerate(zip(counts, active, dosed, strict=True)):
        if doses == 0:
            reasons[unit] = "no dose: every prediction is 0. Add its dose rows (EVID 1, AMT above 0)"
        elif n == 0:
            reasons[unit] = "no observation that counts; left_out says why"
        elif n <= p:
            samples, parameters = f"{n} observation{'s' if n > 1 else ''}", f"{p} parameter{'s' if p > 1 else ''}"
            reasons[unit] = (
                f"{samples} for {parameters} and sigma; at least {p + 1} are needed. Hold some (fixed), take a smaller "
                "model, or method='map' or 'pooled'"
            )
        elif not objective.observed.used[unit].any():
            reasons[unit] = "every observation is below the limit of quantification"
    return reasons


def _intervals(
    setup: Setup, found: Estimate, units: IntArray, uncertainty: dict[int, Uncertainty], options: Mapping[str, Any]
) -> Ends:
    """Intervals that are not Wald's, where they are asked for."""
    p = len(setup.space.names)
    if options["interval"] == "profile":
        with _bar(p, "parameters", options) as tick:
            return profile_intervals(found, units, uncertainty, p, tick)
    if options["interval"] != "bootstrap":
        return {}
    if setup.objective.prior is not None:
        raise ParameterError(
            "interval: 'bootstrap' with method='map' has no meaning, as the data do not stand alone; expected 'wald' "
            "or 'profile'. Choose one of these."
        )
    subject = None
    if setup.unit_ids == ["pooled"] and len(setup.case.subjects) >= FEWEST_SUBJECTS:
        subject = setup.objective.problem.scattered(setup.case.subject)
    with (
        _spread(options["workers"], options["cluster"]) as spread,
        progress_bar(options["n_boot"], "replicates", options["progress"]) as tick,
    ):
        draws = bootstrap_draws(
            found, units, p, subject, n=options["n_boot"], seed=seed_number(options["seed"]), spread=spread, tick=tick
        )
    return _percentiles(draws, units, setup)


def _spread(workers: int | None, cluster: str | None) -> AbstractContextManager[Distribute]:
    """Who refits the replicates: threads of this process, or a cluster."""
    if cluster is not None:
        return distributed(workers=workers, cluster=cluster)
    return threaded(check_workers(workers) if workers is not None else thread_count())


def _percentiles(draws: NDArray[np.float64], units: IntArray, setup: Setup) -> Ends:
    ends: Ends = {}
    for unit in units:
        own = draws[:, unit]
        own = own[np.asarray(np.isfinite(own).all(axis=1))]
        lost = len(draws) - len(own)
        why = f"{lost} of {len(draws)} replicates did not converge" if lost else ""
        for entry in np.flatnonzero(setup.space.active[unit]):
            low, high = np.exp(np.quantile(own[:, entry], (0.025, 0.975))) if len(own) else (np.nan, np.nan)
            ends[int(unit), int(entry)] = (float(low), float(high), why)
    return ends
