"""From parameter vectors to the parameters of every set: exponentials of the vector times what covariates do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["DirectMap"]

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
