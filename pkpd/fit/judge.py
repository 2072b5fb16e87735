"""What a reader of a fit should be warned of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from pkpd.fit.fitted import Fitted
from pkpd.fit.flip import DISPOSITION, fastest_rates
from pkpd.fit.starts import time_after_dose
from pkpd.fit.uncertainty import NOT_TOLD_APART, RAN_AWAY

__all__ = ["warnings_of"]

#: Correlation of two estimates above which they are hard to tell apart.
CORRELATED = 0.95
#: Coefficient of variation of an estimate above which it says little.
VAGUE = 1.0
#: The same for a rate of absorption, where no sample shows it.
UNSURE = 0.3
#: Absorption slower than this multiple of the fastest disposition rate may have changed places with it.
NEAR = 1.2
REMEDY = ". Hold it (fixed), bound it, or take a model with fewer compartments"


def warnings_of(fitted: Fitted) -> list[str]:
    """Return one sentence for each thing found in each unit."""
    found: list[str] = []
    setup = fitted.setup
    for unit in fitted.units:
        name = setup.unit_ids[unit]
        who = "pooled" if name == "pooled" else f"ID {name}"
        found += [f"{who}: {sentence}" for sentence in _of_unit(fitted, int(unit))]
    return found


def _of_unit(fitted: Fitted, unit: int) -> list[str]:
    setup, estimate, uncertainty = fitted.setup, fitted.estimate, fitted.uncertainty[unit]
    names = setup.choice.estimated
    found = []
    result = estimate.results[unit]
    if not estimate.converged[unit]:
        why = f" ({result.message})" if result is not None else ""
        found.append(f"the minimisation did not converge{why}")
    found += _without_error(names, uncertainty.reasons)
    found += _flip_flop(fitted, unit)
    found += _correlated(fitted, unit)
    unseen = _unseen_absorption(fitted, unit)
    found += unseen.values()
    for entry, name in enumerate(names):
        se = uncertainty.se(entry)
        if np.isfinite(se) and se > VAGUE and name not in unseen:
            found.append(f"{name} is hardly determined: its standard error is {100 * se:.0f} % of the estimate")
    count = int(setup.objective.observed.used[unit].sum())
    active = int(setup.space.active[unit].sum())
    if estimate.objective.prior is None and count < 2 * active:
        found.append(f"few samples: {count} for {active} parameters")
    return found


def _unseen_absorption(fitted: Fitted, unit: int) -> dict[str, str]:
    """Absorption constants that no sample shows: none stands before the predicted peak, and the estimate is vague."""
    setup, x = fitted.setup, fitted.estimate.x[unit]
    problem, used = setup.objective.problem, setup.objective.observed.used[unit]
    entries, doses = list(setup.model.system.entries.values()), setup.layout.dose
    ways = {int(way) for way in doses.entry[setup.layout.unit[doses.piece] == unit]}
    name = entries[ways.pop()].rate_constant if len(ways) == 1 else ""
    if name not in setup.choice.estimated or not used.any() or fitted.estimate.objective.prior is not None:
        return {}
    se = fitted.uncertainty[unit].se(list(setup.choice.estimated).index(name))
    since = problem.scattered(time_after_dose(setup))[unit][used]
    levels = problem.predict(np.array([unit]), x[None, None])[0, 0][used]
    if se <= UNSURE or (since < since[levels.argmax()]).any():
        return {}
    first = f"{since.min():g} {setup.model.units[name].removeprefix('1/')} after the dose"
    sure = f"a standard error of {100 * se:.0f} %" if np.isfinite(se) else "no standard error"
    said = (
        f"the absorption is not identified: no sample stands before the peak (the first is {first}), and {name} has "
        f"{sure}. Hold it, fixed={{'{name}': ...}}, or add early samples; clearance and volume are uncertain with it"
    )
    return {name: said}


def _without_error(names: Sequence[str], reasons: Mapping[int, str]) -> list[str]:
    """Parameters without a standard error; those that cannot be told from each other in one sentence."""
    alike = [names[entry] for entry, reason in reasons.items() if reason.startswith(NOT_TOLD_APART)]
    found = [
        f"{names[entry]} has no standard error: {reason}" + (REMEDY if reason == RAN_AWAY else "")
        for entry, reason in reasons.items()
        if not reason.startswith(NOT_TOLD_APART)
    ]
    if alike:
        said = ", ".join(alike[:-1]) + " and " + alike[-1] if len(alike) > 1 else alike[0]
        found.insert(0, f"{said}: no standard error, as the observations do not tell them apart")
    return found


def _flip_flop(fitted: Fitted, unit: int) -> list[str]:
    """Absorption slower than elimination: the two may have changed places."""
    setup = fitted.setup
    system = setup.model.system
    names, x = list(setup.choice.estimated), fitted.estimate.x[unit]
    found: list[str] = []
    wanted = DISPOSITION[: 2 * system.compartments]
    if system.saturable or not set(wanted) <= set(names):
        return found
    entries, dose = list(system.entries.values()), setup.layout.dose
    ways = np.unique(dose.entry[setup.layout.unit[dose.piece] == unit])
    if any(not entries[way].rate_constant for way in ways):  # what went straight in shows the disposition alone
        return found
    constants = {entry.rate_constant for entry in entries if entry.rate_constant}
    fastest = float(fastest_rates(np.exp(x[None, [names.index(name) for name in wanted]]))[0])
    for name in sorted(constants & set(names)):
        absorption = float(np.exp(x[names.index(name)]))
        if setup.space.active[unit, names.index(name)] and absorption < NEAR * fastest:
            found.append(
                f"flip-flop: {name} {absorption:.3g} is {'below' if absorption < fastest else 'close to'} the fastest "
                f"rate of disposition {fastest:.3g}; oral data alone cannot tell which of the two is absorption"
            )
    return found


def _correlated(fitted: Fitted, unit: int) -> list[str]:
    names, correlation = fitted.setup.choice.estimated, fitted.uncertainty[unit].correlation()
    pairs = [(i, j) for i in range(len(names)) for j in range(i) if abs(correlation[i, j]) > CORRELATED]
    said = [f"{names[j]} and {names[i]} ({correlation[i, j]:.2f})" for i, j in pairs]
    return [f"correlation beyond {CORRELATED:g}: {', '.join(said)}"] if said else []
