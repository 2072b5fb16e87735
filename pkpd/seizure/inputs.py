"""What the receptor layer needs of a subject's drugs: role, potency on unbound brain levels, P-gp that may change."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkpd.individual.individual import Individual
from pkpd.library.drug import Drug
from pkpd.library.receptor_file import Receptors
from pkpd.library.receptor_role import ReceptorRole
from pkpd.library.transport import kp_uu
from pkpd.models.receptors import CONSTANTS

__all__ = ["ReceptorInputs", "brain_role", "layer_constants", "receptor_inputs"]

FloatArray = NDArray[np.float64]
MINUTES_PER_H = 60.0


@dataclass(frozen=True)
class ReceptorInputs:
    """Arrays of the kernel for one subject; one row a drug.

    `drug` holds half-effect level (mg/L unbound in brain), Hill power and largest effect; `exchange` holds the brain's
    rate (1/min), P-gp efflux and other outflow where the fold changes during the run, else zeros; `pgp` the lag (min),
    ceiling and time constants (min) of the fold; `fold` its start.
    """

    names: tuple[str, ...]
    role: NDArray[np.int64]
    drug: FloatArray
    exchange: FloatArray
    pgp: FloatArray
    fold: float
    constants: FloatArray

    def sensitivity(self, factors: Mapping[str, float]) -> FloatArray:
        """Factor on each drug's level, 1 where none is drawn."""
        return np.array([factors.get(name, 1.0) for name in self.names])


def layer_constants(receptors: Receptors) -> FloatArray:
    """Return the constants in the order in which the kernels read them."""
    return np.array([receptors.values[name].value for name in CONSTANTS])


def brain_role(drug: Drug, changes: Mapping[str, float] | None = None) -> ReceptorRole | None:
    """Return what a drug does at the receptors, on the basis of unbound brain; None for a drug without a role.

    Parameters
    ----------
    drug : Drug
    changes : mapping of str to float, optional
        Constants on the total basis, mg/L, in place of the library's.
    """
    if drug.receptor is None or drug.brain is None or drug.fu is None:
        return None
    total = drug.receptor.with_constants(changes) if changes else drug.receptor
    return total.unbound(drug.fu.value, kp_uu(drug.brain.rho.value, 1.0, drug.brain.other_efflux.value))


def receptor_inputs(
    people: Sequence[Individual],
    receptors: Receptors,
    constants: FloatArray,
    stated_fold: float | None,
    dynamic: bool,
    changes: Mapping[str, Mapping[str, float]] | None = None,
) -> ReceptorInputs:
    """Collect the inputs of one subject.

    Parameters
    ----------
    people : sequence of Individual
        The subject's drug systems.
    receptors : Receptors
    constants : ndarray
        From `layer_constants`.
    stated_fold : float or None
        The patient's pgp_fold; where stated it does not change.
    dynamic : bool
        Seizure-driven P-gp is on (exploratory).
    changes : mapping of drug to constants, optional
        On the total basis, in place of the library's (a draw of the posterior).
    """
    moving = dynamic and stated_fold is None
    role = np.zeros(len(people), dtype=np.int64)
    drug, exchange = np.ones((len(people), 3)), np.zeros((len(people), 3))
    for d, person in enumerate(people):
        own = brain_role(person.drug, (changes or {}).get(person.drug.name, {}))
        if own is None:
            continue
        role[d], drug[d] = own.code, (own.half, own.hill, own.e_max)
        if moving and person.brain is not None and person.brain.rho > 0.0:
            exchange[d] = person.brain.k / MINUTES_PER_H, person.brain.rho, person.brain.out - person.brain.rho
    law = receptors.pgp
    pgp = np.array([law.lag_h, law.ceiling if moving else 1.0, law.up_h, law.down_h])
    pgp[[0, 2, 3]] *= MINUTES_PER_H
    fold = 1.0 if stated_fold is None else stated_fold
    if not moving:
        pgp[1], pgp[2], pgp[3] = fold, math.inf, math.inf  # the fold stays as it is
    return ReceptorInputs(tuple(person.drug.name for person in people), role, drug, exchange, pgp, fold, constants)
