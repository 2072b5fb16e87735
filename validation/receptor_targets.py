"""Published receptor counts, potentials and dose ratios, and what the rodent preset makes of the same experiment."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from pkpd.library.catalogue import load_drug
from pkpd.models import receptors as layer
from pkpd.models.receptors import chloride_potential, chord_potential, ghk_potential
from validation.rodent import C, agent, median_drive, seizing_for, share_stopped, stopping_load

__all__ = ["TARGETS", "Target"]


class Target(NamedTuple):
    """One published statement.

    Attributes
    ----------
    quantity, published, source, status : str
    low, high : float
        What counts as met: the published spread where there is one, else the digits that are printed.
    ours : callable
        Returns our value.
    unit : str
    """

    quantity: str
    published: str
    low: float
    high: float
    ours: Callable[[], float]
    unit: str
    source: str
    status: str


def _percent(drug: str, level: float, minutes: float) -> float:
    role = load_drug(drug).receptor
    assert role is not None
    return 100.0 * share_stopped(minutes, agent(role, level))


def _loss_of_benzodiazepines() -> float:
    drive = median_drive()
    return stopping_load(45, drive) / stopping_load(10, drive)


_NAYLOR_2005 = "Naylor 2005; Niquet 2016"
_REVIEW = "review of super-refractory status epilepticus"
_BORRIS = "Borris 2000"
TARGETS = (
    Target("GABA-A receptors at the synapse after 1 h", "36 to 18 (SD 4): 0.50", 0.39, 0.61,
           lambda: seizing_for(60)[layer.R], "of rest", _NAYLOR_2005, "memory"),
    Target("NMDA receptors at the synapse after 1 h", "+38 %: 1.38", 1.33, 1.43,
           lambda: seizing_for(60)[layer.N], "of rest", "Naylor 2013", "seen"),
    Target("benzodiazepine load that stops half, 45 over 10 min", "4.2 to 40 mg/kg: 9.5", 9.0, 10.0,
           _loss_of_benzodiazepines, "fold", "Kapur and Macdonald 1997", "memory"),
    Target("chloride inside after 8 h", "20 to 25", 20.0, 25.0,
           lambda: seizing_for(480)[layer.CL], "mM", _REVIEW, "seen"),
    Target("E GABA after 8 h", "-42 to -45", -45.0, -42.0,
           lambda: ghk_potential(seizing_for(480)[layer.CL], C), "mV", _REVIEW, "seen"),
    Target("E Cl at 5 mM", "-85", -85.5, -84.5, lambda: chloride_potential(5.0, C), "mV", _REVIEW, "seen"),
    Target("E Cl at 20 mM", "-48", -48.5, -47.5, lambda: chloride_potential(20.0, C), "mV", _REVIEW, "seen"),
    Target("E GABA at 5 mM, chord", "-73", -73.5, -72.5, lambda: chord_potential(5.0, C), "mV", _REVIEW, "seen"),
    Target("E GABA at 20 mM, chord", "-42", -42.5, -41.5, lambda: chord_potential(20.0, C), "mV", _REVIEW, "seen"),
    Target("E GABA at 5 mM, GHK as the layer uses it", "-73", -73.5, -72.5,
           lambda: ghk_potential(5.0, C), "mV", _REVIEW, "seen"),
    Target("E GABA at 20 mM, GHK as the layer uses it", "-42", -42.5, -41.5,
           lambda: ghk_potential(20.0, C), "mV", _REVIEW, "seen"),
    Target("phenobarbital 15 min after onset, stopped (60 mg/L)", "66 (4 of 6)", 22.0, 96.0,
           lambda: _percent("phenobarbital", 60.0, 15), "%", _BORRIS, "seen"),
    Target("phenobarbital 60 min after onset, stopped (60 mg/L)", "25 (1 of 4)", 1.0, 81.0,
           lambda: _percent("phenobarbital", 60.0, 60), "%", _BORRIS, "seen"),
    Target("ketamine early, stopped (3 times its IC50)", "0 (0 of 4)", 0.0, 60.0,
           lambda: _percent("ketamine", 0.75, 15), "%", _BORRIS, "seen"),
    Target("ketamine after 60 min, stopped (3 times its IC50)", "100 (4 of 4)", 40.0, 100.0,
           lambda: _percent("ketamine", 0.75, 60), "%", _BORRIS, "seen"),
)  # fmt: skip
