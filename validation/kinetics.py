"""Small solvers, written apart from the package's engine so that they can contradict it.

Linear systems by the matrix exponential, saturable ones by an implicit integrator; named parameters in h, mg, L.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import norm

Parameters = dict[str, float]


class Dose(NamedTuple):
    """A dose: duration 0 is a bolus of `size` mg, otherwise `size` mg/h run for it; `ka` and `prodrug` say where."""

    duration: float
    size: float
    ka: float | None = None
    prodrug: bool = False


def disposition(values: Parameters) -> NDArray[np.float64]:
    """Rate matrix of central and peripheral amounts; linear clearance only."""
    tails = [n for n in (2, 3) if f"V{n}" in values and f"Q{n}" in values]
    matrix = np.zeros((1 + len(tails), 1 + len(tails)))
    matrix[0, 0] = -values.get("CL", 0.0) / values["V1"]
    for i, n in enumerate(tails, 1):
        out, back = values[f"Q{n}"] / values["V1"], values[f"Q{n}"] / values[f"V{n}"]
        matrix[0, 0] -= out
        matrix[i, 0], matrix[0, i], matrix[i, i] = out, back, -back
    return matrix


def rates(values: Parameters) -> list[float]:
    """Exponents of the disposition, 1/h, all positive."""
    return sorted(float(-root.real) for root in np.linalg.eigvals(disposition(values)))


def volume_at_steady_state(values: Parameters) -> float:
    return values["V1"] + sum(values[f"V{n}"] for n in (2, 3) if f"Q{n}" in values)


def _system(values: Parameters, dose: Dose, effect: bool) -> tuple[NDArray[np.float64], int, int]:
    """Matrix with input compartment in front and effect compartment behind; index of the input and of the output."""
    core = disposition(values)
    lead = int(dose.ka is not None or dose.prodrug)
    size = lead + len(core) + int(effect)
    matrix = np.zeros((size, size))
    matrix[lead : lead + len(core), lead : lead + len(core)] = core
    if lead:
        rate = dose.ka if dose.ka is not None else values["KPRO"]
        matrix[0, 0], matrix[1, 0] = -rate, rate
    if effect:  # an amount in central's volume that follows it
        matrix[-1, lead], matrix[-1, -1] = values["KE0"], -values["KE0"]
    return matrix, 0, size - 1 if effect else lead


def concentration(values: Parameters, dose: Dose, time: float, *, effect: bool = False) -> float:
    """Plasma (or effect-site) concentration at `time` after the start of one dose, mg/L."""
    if "VM" in values:
        return _saturable(values, dose, time)
    matrix, target, output = _system(values, dose, effect)
    size = len(matrix)
    if dose.duration == 0:
        state = expm(matrix * time)[:, target] * dose.size
        return float(state[output] / values["V1"])
    augmented = np.zeros((size + 1, size + 1))
    augmented[:size, :size], augmented[target, size] = matrix, dose.size
    run = min(time, dose.duration)
    state = expm(augmented * run)[:size, size]
    if time > run:
        state = expm(matrix * (time - run)) @ state
    return float(state[output] / values["V1"])


def _saturable(values: Parameters, dose: Dose, time: float) -> float:
    """The same with Michaelis-Menten elimination beside any linear clearance."""
    matrix, target, output = _system(values, dose, False)
    central = int(dose.ka is not None or dose.prodrug)

    def slope(t: float, state: NDArray[np.float64], rate: float) -> NDArray[np.float64]:
        change = matrix @ state
        level = state[central] / values["V1"]
        change[central] -= values["VM"] * level / (values["KM"] + level)
        change[target] += rate
        return change

    state, start = np.zeros(len(matrix)), 0.0
    if dose.duration == 0:
        state[target] = dose.size
    for end, rate in ((min(time, dose.duration), dose.size), (time, 0.0)):
        if end > start:
            run = solve_ivp(slope, (start, end), state, "Radau", args=(rate,), rtol=1e-10, atol=1e-10)
            state, start = run.y[:, -1], end
    return float(state[output] / values["V1"])


def peak(values: Parameters, dose: Dose) -> tuple[float, float]:
    """Time (h) and height (mg/L) of the highest concentration after one dose."""
    if dose.ka is None and not dose.prodrug:
        return dose.duration, concentration(values, dose, dose.duration)
    found = minimize_scalar(
        lambda t: -concentration(values, dose, t), bounds=(1e-6, 24.0), method="bounded", options={"xatol": 1e-8}
    )
    return float(found.x), float(-found.fun)


def ka_for_tmax(values: Parameters, tmax: float) -> float:
    """Absorption rate (1/h) that puts the peak of a single absorbed dose at `tmax`."""

    def slope(ka: float) -> float:
        step, dose = 1e-5, Dose(0.0, 1.0, ka)
        return concentration(values, dose, tmax + step) - concentration(values, dose, tmax - step)

    return float(brentq(slope, 0.05, 200.0, xtol=1e-10))


def _modes(values: Parameters) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Exponents of the disposition, and what each carries of a unit amount put into and read from central."""
    roots, modes = np.linalg.eig(disposition(values))
    return roots.real, (modes[0] * np.linalg.inv(modes)[:, 0]).real


def after_infusion(values: Parameters, dose: Dose, time: float) -> float:
    """Plasma concentration after the end of an infusion into central, by modes (quick, for populations), mg/L."""
    roots, weights = _modes(values)
    given = np.expm1(roots * dose.duration) / roots * np.exp(roots * (time - dose.duration))
    return float(weights @ given) * dose.size / values["V1"]


def steady_trough(values: Parameters, dose: Dose, every: float) -> float:
    """Lowest concentration (just before the next dose) when an infusion is repeated for ever, mg/L."""
    roots, weights = _modes(values)
    given = np.expm1(roots * dose.duration) / roots * np.exp(roots * (every - dose.duration))
    return float(weights @ (given / -np.expm1(roots * every))) * dose.size / values["V1"]


def css_michaelis_menten(rate: float, vm: float, km: float) -> float | str:
    """Steady-state concentration KM R/(VM - R), in the unit of `km`; ``"none"`` where input reaches VM."""
    return km * rate / (vm - rate) if rate < vm else "none"


def normal_points(count: int, dimensions: int) -> NDArray[np.float64]:
    """Evenly spread standard normal points, shape (count, dimensions): a recurrence with the golden ratio."""
    ratio = 2.0
    for _ in range(40):
        ratio = (1.0 + ratio) ** (1.0 / (dimensions + 1))
    steps = ratio ** -np.arange(1, dimensions + 1)
    return np.asarray(norm.ppf((0.5 + np.arange(1, count + 1)[:, None] * steps) % 1.0))


def pgp_induction(hours_of_seizure: float) -> float:
    """P-gp fold of the exploratory scenario while seizing: 1 up to 4 h, then towards 1.8 (time constant 10 h)."""
    return 1.0 + 0.8 * (1.0 - math.exp(-max(hours_of_seizure - 4.0, 0.0) / 10.0))
