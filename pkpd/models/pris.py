"""The propofol infusion syndrome (PRIS): hazard, its interval, mitochondria, laboratory values and the alert.

The module sees rates per kg, times and constants; it knows no patient and no names. It is a risk model built on one
prospective and one retrospective cohort and on judgement: it ranks exposures, it clears none.

Equations, with r the infusion rate (mg/kg/h) and t_on the hours on the drug:

    r_e' = (r - r_e) / tau_rate;  a bolus adds dose / tau_rate
    h    = HR h_ref min(exp(beta (min(r_e, rate_cap) - rate_ref)), ratio_cap) ramp r_e / (r_e + rate_half)
    ramp = (t_on / ramp_half)^2 / (1 + (t_on / ramp_half)^2);  risk = 1 - exp(-integral of h)
    M'   = [min(r_e^n / (r_e^n + r50_m^n) (1 + modifier_gain_m (HR - 1)), 1) - M] / tau_m
    TG'  = [(tg_base + tg_slope r_e) / (1 - tg_gain M) - TG] / tau_tg
    CK'  = ck_release M^3 - ck_clearance (CK - ck_base);  lactate = lactate_base (1 + lactate_gain M^2)

Time on the drug stands still between infusions; every input counts for at least tau_rate, so that many boluses are as
long as the infusion they replace.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pkpd import compile_cache

compile_cache.prepare()

from numba import njit  # noqa: E402  (the cache folder must be known before numba loads)

from pkpd.models.pris_exposure import Exposure, lay_out  # noqa: E402
from pkpd.models.pris_interval import interval_shifts  # noqa: E402

__all__ = ["COLUMNS", "GREEN", "AMBER", "RED", "Constants", "Course", "course"]

COLUMNS = (
    "risk", "risk_low", "risk_high", "alert", "mitochondrial_impairment", "lactate_mmol_L", "ck_U_L",
    "triglycerides_mg_dL",
)  # fmt: skip
GREEN, AMBER, RED = 0, 1, 2

# States: effective rate, the part of it from boluses and loads, hours on the drug, hours above the red rate,
# integral of the hazard, impairment, triglycerides, creatine kinase.
RE, LOAD, CLOCK, ABOVE, HAZARD, M, TG, CK = range(8)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
_ROUNDING = 1e-9  # what is above a limit by less is at the limit: 4 mg/kg/h times a weight, divided by it


class Constants(NamedTuple):
    """Numbers of the model; hours, mg/kg/h, fractions, mg/dL, mmol/L and U/L. See ``pkpd/library/pris.toml``."""

    h_ref: float
    h_ref_log_sd: float
    beta: float
    beta_sd: float
    beta_floor: float
    rate_ref: float
    rate_cap: float
    rate_half: float
    ratio_cap: float
    tau_rate: float
    ramp_half: float
    tau_m: float
    r50_m: float
    hill_m: float
    modifier_gain_m: float
    tg_base: float
    tg_slope: float
    tg_gain: float
    tau_tg: float
    ck_base: float
    ck_release: float
    ck_clearance: float
    lactate_base: float
    lactate_gain: float
    amber_rate: float
    red_rate: float
    hours: float
    amber_risk: float
    red_risk: float
    look_ahead: float
    data_end_rate: float
    load_hours: float


class Course(NamedTuple):
    """Course of one subject.

    Attributes
    ----------
    columns : dict of str to ndarray, shape (n_times,)
        `COLUMNS` on the times asked for; risks are fractions, the alert is 0, 1 or 2.
    end : dict of str to float
        The same at the end of the run.
    highest_alert : int
        On any side of any event, whatever times were asked for.
    highest_rate, highest_load : float, mg/kg/h
        Of the infusions without loads, and the effective rate that boluses and loads reached.
    highest_rate_at : float, hours
        When `highest_rate` began.
    hours_on : float, hours
        Time on the drug.
    impairment_capped : bool
        Whether the impairment aimed at was limited to 1.
    """

    columns: dict[str, NDArray[Any]]
    end: dict[str, float]
    highest_alert: int
    highest_rate: float
    highest_load: float
    highest_rate_at: float
    hours_on: float
    impairment_capped: bool


@njit(cache=True, nogil=True, error_model="numpy")
def _hazard(re: float, clock: float, c: Constants) -> float:
    """Hazard per hour without modifiers."""
    ramp = (clock / c.ramp_half) ** 2
    ratio = min(np.exp(c.beta * (min(re, c.rate_cap) - c.rate_ref)), c.ratio_cap)
    return c.h_ref * ratio * ramp / (1.0 + ramp) * re / (re + c.rate_half)


@njit(cache=True, nogil=True, error_model="numpy")
def _aim(re: float, hr: float, c: Constants) -> float:
    """Impairment that a rate leads to in the end, before it is limited to 1."""
    power = re**c.hill_m
    return power / (power + c.r50_m**c.hill_m) * (1.0 + c.modifier_gain_m * (hr - 1.0))


@njit(cache=True, nogil=True, error_model="numpy")
def _slopes(m: float, tg: float, ck: float, re: float, hr: float, c: Constants) -> tuple[float, float, float]:
    return (
        (min(_aim(re, hr, c), 1.0) - m) / c.tau_m,
        ((c.tg_base + c.tg_slope * re) / (1.0 - c.tg_gain * m) - tg) / c.tau_tg,
        c.ck_release * m**3 - c.ck_clearance * (ck - c.ck_base),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def _advance(
    y: NDArray[np.float64], dt: float, rate: float, sustained: float, counts: bool, hr: float, c: Constants
) -> NDArray[np.float64]:
    """States `dt` (at most half an hour) later: rates exactly, the hazard by Simpson, the rest by Runge and Kutta."""
    keep, load, new = np.exp(-dt / c.tau_rate), rate - sustained, y.copy()
    re0, middle = y[RE], rate + (y[RE] - rate) * np.exp(-0.5 * dt / c.tau_rate)
    new[RE] = re1 = rate + (re0 - rate) * keep
    new[LOAD] = load + (y[LOAD] - load) * keep
    run = dt if counts else 0.0
    new[CLOCK] += run
    if sustained > c.red_rate * (1.0 + _ROUNDING):
        new[ABOVE] += dt
    ends = _hazard(re0, y[CLOCK], c) + _hazard(re1, new[CLOCK], c)
    new[HAZARD] += hr * dt / 6.0 * (ends + 4.0 * _hazard(middle, y[CLOCK] + 0.5 * run, c))
    m, tg, ck = y[M], y[TG], y[CK]
    m1, g1, k1 = _slopes(m, tg, ck, re0, hr, c)
    half = 0.5 * dt
    m2, g2, k2 = _slopes(m + half * m1, tg + half * g1, ck + half * k1, middle, hr, c)
    m3, g3, k3 = _slopes(m + half * m2, tg + half * g2, ck + half * k2, middle, hr, c)
    m4, g4, k4 = _slopes(m + dt * m3, tg + dt * g3, ck + dt * k3, re1, hr, c)
    new[M] = m + dt / 6.0 * (m1 + 2.0 * (m2 + m3) + m4)
    new[TG] = tg + dt / 6.0 * (g1 + 2.0 * (g2 + g3) + g4)
    new[CK] = ck + dt / 6.0 * (k1 + 2.0 * (k2 + k3) + k4)
    return new


@njit(cache=True, nogil=True, error_model="numpy")
def _alert(
    y: NDArray[np.float64], sustained: float, counts: bool, hr: float, c: Constants,
    nodes: NDArray[np.float64], weights: NDArray[np.float64],
) -> int:  # fmt: skip
    """Alert code of a state: from the rate, the hours, and the risk `look_ahead` hours on with the rate held."""
    ahead = 0.0
    for i in range(nodes.size):
        s = 0.5 * c.look_ahead * (1.0 + nodes[i])
        clock = y[CLOCK]
        if counts:
            clock += s if sustained > 0.0 else min(s, c.tau_rate)
        ahead += weights[i] * _hazard(sustained + (y[RE] - sustained) * np.exp(-s / c.tau_rate), clock, c)
    risk = 1.0 - np.exp(-y[HAZARD] - hr * 0.5 * c.look_ahead * ahead)
    rate, above = max(sustained, y[LOAD]), 1.0 + _ROUNDING
    if risk > c.red_risk or y[ABOVE] > c.hours * above:
        return RED
    if rate > c.amber_rate * above or y[CLOCK] >= c.hours * (1.0 - _ROUNDING) or risk >= c.amber_risk:
        return AMBER
    return GREEN


@njit(cache=True, nogil=True, error_model="numpy")
def _march(
    start: NDArray[np.float64], rate: NDArray[np.float64], sustained: NDArray[np.float64],
    counts: NDArray[np.bool_], bolus: NDArray[np.float64], until: float, hr: float, c: Constants,
    nodes: NDArray[np.float64], weights: NDArray[np.float64],
) -> tuple[NDArray[np.float64], int]:  # fmt: skip
    """States at the start of every interval, after its bolus, and the highest alert on either side of each start."""
    states, highest = np.zeros((start.size, 8)), GREEN
    y = np.zeros(8)
    y[TG], y[CK] = c.tg_base, c.ck_base
    for k in range(start.size):
        y[RE] += bolus[k] / c.tau_rate
        y[LOAD] += bolus[k] / c.tau_rate
        states[k] = y
        highest = max(highest, _alert(y, sustained[k], counts[k], hr, c, nodes, weights))
        stop = start[k + 1] if k + 1 < start.size else until
        y = _advance(y, stop - start[k], rate[k], sustained[k], counts[k], hr, c)
        highest = max(highest, _alert(y, sustained[k], counts[k], hr, c, nodes, weights))
    return states, highest


@njit(cache=True, nogil=True, error_model="numpy")
def _observe(
    times: NDArray[np.float64], start: NDArray[np.float64], rate: NDArray[np.float64],
    sustained: NDArray[np.float64], counts: NDArray[np.bool_], states: NDArray[np.float64], hr: float, c: Constants,
    nodes: NDArray[np.float64], weights: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:  # fmt: skip
    """States and alerts at any times, each from the start of its own interval."""
    found, alerts = np.zeros((times.size, 8)), np.zeros(times.size, np.int64)
    for i in range(times.size):
        k = max(np.searchsorted(start, times[i], side="right") - 1, 0)
        step = max(times[i] - start[k], 0.0)
        found[i] = _advance(states[k], step, rate[k], sustained[k], counts[k], hr, c)
        alerts[i] = _alert(found[i], sustained[k], counts[k], hr, c, nodes, weights)
    return found, alerts


def course(
    times_h: ArrayLike,
    rate_times_h: ArrayLike,
    rates_mg_kg_h: ArrayLike,
    bolus_times_h: ArrayLike,
    boluses_mg_kg: ArrayLike,
    until_h: float,
    hr: float,
    constants: Constants,
) -> Course:
    """Risk, laboratory values and alert of one subject.

    Parameters
    ----------
    times_h : array_like, shape (n_times,), hours
        Any times up to `until_h`; at a bolus the value is the one after it.
    rate_times_h, rates_mg_kg_h : array_like, shape (n_rates,), hours, mg/kg/h
        The rate from each time on; the last one goes on. Times do not decrease.
    bolus_times_h, boluses_mg_kg : array_like, shape (n_boluses,), hours, mg/kg
    until_h : float, hours
    hr : float
        Product of the modifiers of the hazard, 1 or more.
    constants : Constants

    Returns
    -------
    Course

    Notes
    -----
    The states are carried over intervals of at most half an hour that no output time can move. The interval is that
    of ln h_ref (normal) and beta (normal, at least `beta_floor`) by quadrature: it has no sampling error and needs no
    seed. The hazard's slope is not extrapolated beyond `rate_cap`; nothing is known from `data_end_rate` on.
    """
    c = constants
    exposure = lay_out(
        rate_times_h, rates_mg_kg_h, bolus_times_h, boluses_mg_kg, until_h,
        load_hours=c.load_hours, tau_rate=c.tau_rate,
    )  # fmt: skip
    start, rate, sustained, counts, bolus = exposure
    rule, hr = (_NODES, _WEIGHTS), float(hr)
    states, highest = _march(start, rate, sustained, counts, bolus, float(until_h), hr, c, *rule)
    times = np.append(np.asarray(times_h, float), until_h)
    found, alerts = _observe(times, start, rate, sustained, counts, states, hr, c, *rule)
    columns = _columns(times, found, alerts, exposure, states, hr, c)
    at = int(np.argmax(sustained))
    return Course(
        columns={name: values[:-1] for name, values in columns.items()},
        end={name: float(values[-1]) for name, values in columns.items()},
        highest_alert=int(highest),
        highest_rate=float(sustained[at]),
        highest_load=float(states[:, LOAD].max()),
        highest_rate_at=float(start[at]),
        hours_on=float(found[-1, CLOCK]),
        impairment_capped=bool(_aim(max(states[:, RE].max(), found[-1, RE]), hr, c) > 1.0),
    )


def _columns(
    times: NDArray[np.float64], found: NDArray[np.float64], alerts: NDArray[np.int64], exposure: Exposure,
    states: NDArray[np.float64], hr: float, c: Constants,
) -> dict[str, NDArray[Any]]:  # fmt: skip
    hazard, m = found[:, HAZARD], found[:, M]
    low, high = hazard, hazard
    if hazard[-1] > 0.0:
        last = (exposure.start[-1], times[-1])
        knots = exposure.start if last[1] <= last[0] else np.append(exposure.start, last[1])
        path = states if knots.size == states.shape[0] else np.vstack((states, found[-1]))
        shifts = interval_shifts(knots, exposure, path[:, RE], path[:, CLOCK], path[:, HAZARD] / hr, c, times.size == 1)
        low, high = (hazard * np.interp(times, knots, shift) for shift in shifts)
    lactate = c.lactate_base * (1.0 + c.lactate_gain * m**2)
    values = (-np.expm1(-hazard), -np.expm1(-low), -np.expm1(-high), alerts, m, lactate, found[:, CK], found[:, TG])
    return dict(zip(COLUMNS, values))
