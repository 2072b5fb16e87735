"""Experiments on the receptor layer's rodent preset at constant drive and drug levels, as its reference does them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from pkpd.library.receptor_file import load_receptors
from pkpd.library.receptor_role import ReceptorRole
from pkpd.models import receptors as layer
from pkpd.models.seizure_steps import STEP_MIN, advance_layer
from pkpd.seizure.inputs import layer_constants

__all__ = [
    "BELOW", "C", "RECEPTORS", "Drug", "agent", "follow", "largest", "median_drive", "onset", "seizing_for",
    "share_stopped", "stopping_load",
]  # fmt: skip

FloatArray = NDArray[np.float64]
RECEPTORS = load_receptors()
C = layer_constants(RECEPTORS)
#: Share of drives (normal 0.66, 0.06) that lie below 0.60 and are drawn again.
BELOW = norm.cdf((0.60 - 0.66) / 0.06)
#: Role, half-effect level, Hill power, largest effect, level.
Drug = tuple[float, float, float, float, float]


def follow(
    y: FloatArray,
    minutes: float,
    drive: float,
    *,
    q: float = 1.0,
    tau_h: float = 1.0,
    scale: float = 1.0,
    drugs: Sequence[Drug] = (),
    flag: bool = True,
    c: FloatArray = C,
) -> tuple[FloatArray, FloatArray]:
    """State after some minutes, and the changes of the flag: shape (n, 2), minute and 1 (on) or 0 (off)."""
    steps, count, y = round(minutes / STEP_MIN), len(drugs), y.copy()
    table = np.array(drugs, dtype=float).reshape(count, 5)
    changes = np.zeros((64, 2))
    _, _, _, n_changes = advance_layer(
        y, np.zeros(count), flag, 0, steps, False, drive, np.empty(0), q, tau_h, scale, np.ones(count),
        table[:, 0].astype(np.int64), np.ascontiguousarray(table[:, 1:4]), np.repeat(table[:, 4:], steps, axis=1),
        np.zeros((count, 3)), np.array([240.0, 1.0, np.inf, np.inf]), c, np.empty(0), np.zeros((0, layer.N_STATES)),
        np.zeros((0, count)), 0, changes, 0, np.zeros(2 + count),
    )  # fmt: skip
    return y, changes[:n_changes]


def onset() -> FloatArray:
    """The state in which a seizure begins: at rest, with full activity."""
    y = layer.rest_state(C)
    y[layer.S] = 1.0
    return y


def seizing_for(minutes: float, drive: float = 0.70, **speeds: Any) -> FloatArray:
    """State after so many minutes of an unbroken seizure."""
    y, changes = follow(onset(), minutes, drive, **speeds)
    assert not len(changes)
    return y


def largest(works: Callable[[float], bool], low: float, high: float) -> float:
    """The largest number of an interval for which something still works, by halving."""
    for _ in range(45):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if works(middle) else (low, middle)
    return low


def median_drive() -> float:
    """Median of the drives of the preset."""
    return float(0.66 + 0.06 * norm.ppf(BELOW + 0.5 * (1.0 - BELOW)))


def stopping_load(minutes: float, drive: float) -> float:
    """The benzodiazepine load (levels over K) that just stops a seizure within 15 min."""
    y = seizing_for(minutes, drive)

    def goes_on(log_load: float) -> bool:
        load = (layer.BENZODIAZEPINE, 1.0, 1.0, 0.0, float(np.exp(log_load)))
        return not len(follow(y, 15.0, drive, drugs=[load])[1])

    return float(np.exp(largest(goes_on, np.log(0.01), np.log(30.0))))


def share_stopped(minutes: float, drug: Drug) -> float:
    """Share of the animals whose seizure a constant level stops within 15 min.

    Notes
    -----
    A larger drive is taken to be harder to stop, so that the share is that of the drives below a limit.
    """

    def works(drive: float) -> bool:
        return len(follow(seizing_for(minutes, drive), 15.0, drive, drugs=[drug])[1]) > 0

    limit = largest(works, 0.60, 1.2) if works(0.60) else 0.60
    return float((norm.cdf((limit - 0.66) / 0.06) - BELOW) / (1.0 - BELOW))


def agent(role: ReceptorRole, level: float) -> Drug:
    """A drug with the library's constants at a level (mg/L) on the basis of its role."""
    code, e_max, half, hill = role.row
    return code, half, hill, e_max, level
