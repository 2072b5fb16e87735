"""From parameter vectors to the parameters of every set: two maps of the kind `pkpd.fit.problem.ParameterMap`.

Without a prior an estimate multiplies what covariates make of its parameter; with one it is an individual value, whose
deviation acts inside the equations of the model.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pkpd.errors import ParameterError
from pkpd.fit.case import Case
from pkpd.fit.cohort import Cohort, ratios_of
from pkpd.fit.layout import Layout
from pkpd.library.model import Model

__all__ = ["DirectMap", "EtaMap", "eta_map"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class DirectMap:
    """Estimated parameters are exp(x) times `base`, the others are `base`.

    Attributes
    ----------
    estimated : tuple of str
        In the order of the vector.
    base : dict of str to ndarray, shape (n_sets,)
        For an estimated parameter its ratio to the value that the vector stands for (1 without covariates).
    """

    estimated: tuple[str, ...]
    base: Mapping[str, FloatArray]

    def __call__(
        self, names: tuple[str, ...], sets: IntArray, positions: IntArray, x: FloatArray
    ) -> dict[str, FloatArray]:
        """See `pkpd.fit.problem.ParameterMap`."""
        k = x.shape[1]
        with np.errstate(over="ignore"):
            natural = np.exp(x[:, :, : len(self.estimated)])
        natural = natural[positions] if len(natural) > 1 else natural
        values = {}
        for name in names:
            base = self.base[name][sets]
            if name in self.estimated:
                values[name] = (natural[:, :, self.estimated.index(name)].T * base).ravel()
            else:
                values[name] = np.tile(base, k) if k > 1 else base
        return values


@dataclass(frozen=True)
class EtaMap:
    """Parameters of every set from the individual values of what varies between subjects.

    A deviation multiplies its parameter where the model defines it, so that later equations see it.

    Attributes
    ----------
    model : Model
    estimated : tuple of str
    shared : dict of str to (str, float)
        Parameters whose deviation is that of another one times a factor.
    log_reference : ndarray, shape (n_sets, p)
        Logarithms of the values without deviation.
    covariates : list of dict
        Of each set.
    ratios : list of dict
        What multiplies the model's parameters in each set.
    base : dict of str to ndarray, shape (n_sets,)
        Values of what the model does not define, and of what is held.
    """

    model: Model
    estimated: tuple[str, ...]
    shared: Mapping[str, tuple[str, float]]
    log_reference: FloatArray
    covariates: Sequence[Mapping[str, float]]
    ratios: Sequence[Mapping[str, float]]
    base: Mapping[str, FloatArray]

    def __call__(
        self, names: tuple[str, ...], sets: IntArray, positions: IntArray, x: FloatArray
    ) -> dict[str, FloatArray]:
        """See `pkpd.fit.problem.ParameterMap`."""
        k = x.shape[1]
        wanted = [name for name in names if name not in self.base]
        found = {name: np.empty((k, len(sets))) for name in wanted}
        for column, s in enumerate(sets):
            for row in range(k):
                values = self._values(wanted, int(s), x[positions[column], row])
                for name in wanted:
                    found[name][row, column] = values[name]
        held = {name: np.tile(self.base[name][sets], k) for name in names if name in self.base}
        return held | {name: values.ravel() for name, values in found.items()}

    def _values(self, wanted: Sequence[str], s: int, point: FloatArray) -> dict[str, float]:
        deviations = point[: len(self.estimated)] - self.log_reference[s]
        etas = dict(zip(self.estimated, deviations.tolist(), strict=True))
        etas |= {name: etas[other] * factor for name, (other, factor) in self.shared.items() if other in etas}
        try:
            values, _ = self.model.evaluate(self.covariates[s], etas)
        except (ParameterError, OverflowError):
            return dict.fromkeys(wanted, math.nan)
        ratios = self.ratios[s]
        return {name: values[name] * ratios.get(name, 1.0) for name in wanted}


def eta_map(
    cohort: Cohort, case: Case, layout: Layout, estimated: tuple[str, ...], held: Mapping[str, FloatArray],
    wanted: Sequence[str],
) -> EtaMap:  # fmt: skip
    """Return the map of a fit with a prior; see `EtaMap`."""
    model = cohort.known.model
    person = cohort.person_of_sets(case, layout)
    patients, ratios = cohort.patients.patients, ratios_of(cohort)
    shared = {
        name: (iiv.same_as, math.sqrt(iiv.omega2 / model.iiv[iiv.same_as].omega2))
        for name, iiv in model.iiv.items()
        if iiv.same_as is not None and name not in estimated
    }
    typical = cohort.typical(case, layout)
    log_reference = np.log(np.column_stack([typical[name] for name in estimated]))
    outside = {name: held.get(name, typical[name]) for name in wanted if name in held or name not in model.parameters}
    return EtaMap(
        model, estimated, shared, log_reference, [patients[i].covariates for i in person], [ratios[i] for i in person],
        outside,
    )  # fmt: skip
