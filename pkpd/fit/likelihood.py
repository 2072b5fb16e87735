"""Residual error models and likelihoods, for many units and parameter vectors at once.

Where sigma is a single scale it is solved for, and maximum likelihood becomes least squares: with sd_i = sigma h_i the
likelihood is highest where sum((res_i / h_i)^2) times the squared geometric mean of h is lowest. Elsewhere (values
below the limit, several outputs, a prior) the logarithms of sigma stand among the parameters, and every term of the
likelihood is a square.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from pkpd.fit.problem import Problem

__all__ = ["ERRORS", "Objective", "Observed", "Prior", "log_variance"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

ERRORS = ("additive", "proportional", "combined", "log")
TINY = 1e-300


class Observed(NamedTuple):
    """Observations of each unit, shape (n_units, width), filled up beyond the last of a unit.

    `used` are quantified values that count, `censored` those below `limit` that count as such (M3).
    """

    dv: FloatArray
    used: BoolArray
    censored: BoolArray
    limit: FloatArray
    output: IntArray


class Prior(NamedTuple):
    """Normal distribution of the parameter vector's first parts: mean (n_units, p), and L^-1 of the covariance LL'."""

    mean: FloatArray
    whitening: FloatArray


def log_variance(error: str, predicted: FloatArray, sigma: FloatArray, second: FloatArray) -> FloatArray:
    """Return the logarithm of the residual variance at a prediction.

    Parameters
    ----------
    error : str
    predicted, sigma, second : ndarray, of shapes that go together
        `sigma` and `second` are logarithms of standard deviations; `second`, the proportional one, counts for the
        combined error alone.
    """
    if error == "combined":
        return np.log(np.exp(2.0 * sigma) + np.exp(2.0 * second) * predicted**2)
    return 2.0 * (sigma + np.log(predicted)) if error == "proportional" else 2.0 * sigma


@dataclass(frozen=True)
class Objective:
    """What is minimised.

    Attributes
    ----------
    problem : Problem
    error : str
        additive, proportional, combined or log.
    observed : Observed
    n_outputs : int
    prior : Prior or None
    sigma : ndarray, shape (n_scales,), or None
        Logarithms of the standard deviations if they are not estimated.
    weight : ndarray, shape (n_units, width), or None
        How often each observation counts (a bootstrap of subjects); once where None.
    anchor : ndarray, shape (n_units, width), or None
        Logarithm of the variance around which its own term is written as a square; None for the concentrated form.
    """

    problem: Problem
    error: str
    observed: Observed
    n_outputs: int = 1
    prior: Prior | None = None
    sigma: FloatArray | None = None
    weight: FloatArray | None = None
    anchor: FloatArray | None = None

    @property
    def concentrated(self) -> bool:
        """Whether sigma is solved for."""
        return (
            self.prior is None and self.sigma is None and self.n_outputs == 1 and not bool(self.observed.censored.any())
        )

    @property
    def n_scales(self) -> int:
        """Number of standard deviations: two an output for the combined model, else one."""
        return self.n_outputs * (2 if self.error == "combined" else 1)

    @property
    def n_extra(self) -> int:
        """Number of entries of a parameter vector behind the structural ones."""
        if self.sigma is not None:
            return 0
        return self.n_scales if not self.concentrated else int(self.error == "combined")

    def norm(self, units: IntArray) -> FloatArray:
        """Geometric mean of the observations of each unit, which keeps the concentrated residuals near 1."""
        dv, used = self.observed.dv[units], self.observed.used[units]
        if self.error not in ("proportional", "combined"):
            return np.ones(len(units))
        logs = np.where(used, np.log(np.maximum(np.abs(dv), TINY)), 0.0)
        positive = used & (dv != 0.0)
        return np.exp(np.where(positive, logs, 0.0).sum(axis=1) / np.maximum(positive.sum(axis=1), 1))

    def residuals(self, units: IntArray, x: FloatArray) -> FloatArray:
        """Residuals whose sum of squares is minimised, shape (m, k, n_residuals); x has shape (m, k, p)."""
        predicted = self.problem.predict(units, x)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            if self.concentrated:
                return self._concentrated(units, x, predicted)
            return self._full(units, x, predicted)

    def _difference(self, units: IntArray, predicted: FloatArray) -> FloatArray:
        dv = self.observed.dv[units][:, None]
        if self.error == "log":
            return np.log(np.maximum(dv, TINY)) - np.log(predicted)
        return dv - predicted

    def _concentrated(self, units: IntArray, x: FloatArray, predicted: FloatArray) -> FloatArray:
        used, weight = self.observed.used[units][:, None], self._weight(units)[:, None]
        result = self._difference(units, predicted)
        if self.error in ("proportional", "combined"):
            log_h = self.log_shape(predicted, x)
            count = np.maximum(np.where(used, weight, 0.0).sum(axis=2), 1e-9)
            mean = np.where(used, weight * log_h, 0.0).sum(axis=2) / count
            scale = np.exp(mean[:, :, None] - log_h) / self.norm(units)[:, None, None]
            result = result * scale
        return np.where(used, np.sqrt(weight) * result, 0.0)

    def _weight(self, units: IntArray) -> FloatArray:
        return np.ones((len(units), 1)) if self.weight is None else self.weight[units]

    def log_shape(self, predicted: FloatArray, x: FloatArray) -> FloatArray:
        """Logarithm of sd over sigma in the concentrated form, shape (m, k, width)."""
        if self.error == "proportional":
            return np.log(predicted)
        if self.error == "combined":
            return 0.5 * np.log(predicted**2 + np.exp(2.0 * x[:, :, -1:]))
        return np.zeros_like(predicted)

    def log_variance(self, units: IntArray, predicted: FloatArray, scales: FloatArray) -> FloatArray:
        """Logarithm of the variance, shape (m, k, width), for logarithms of sigma of shape (m, k, n_scales)."""
        output = self.observed.output[units][:, None]
        pick = np.take_along_axis(scales, np.broadcast_to(output, (*scales.shape[:2], output.shape[2])), axis=2)
        second = pick
        if self.error == "combined":
            second = np.take_along_axis(
                scales, np.broadcast_to(output + self.n_outputs, (*scales.shape[:2], output.shape[2])), axis=2
            )
        return log_variance(self.error, predicted, pick, second)

    def _scales(self, x: FloatArray) -> FloatArray:
        """Logarithms of sigma in the vectors of the full form, additive ones first where there are two kinds."""
        if self.sigma is not None:
            return np.broadcast_to(self.sigma, (*x.shape[:2], self.n_scales))
        return x[:, :, -self.n_scales :]

    def _full(self, units: IntArray, x: FloatArray, predicted: FloatArray) -> FloatArray:
        observed = self.observed
        used, censored = observed.used[units][:, None], observed.censored[units][:, None]
        log_var = self.log_variance(units, predicted, self._scales(x))
        sd = np.exp(0.5 * log_var)
        parts = [np.where(used, self._difference(units, predicted) / sd, 0.0)]
        assert self.anchor is not None  # set by `anchored` before the full form is minimised
        above = log_var - self.anchor[units][:, None] + 1.0
        # Far below the anchor the square root has no value: NaN refuses the step, and a new anchor is set later on.
        parts.append(np.where(used, np.sqrt(above), 0.0))
        if censored.any():
            below = self.below(units, predicted, sd)
            parts.append(np.where(censored, np.sqrt(-2.0 * log_ndtr(below)), 0.0))
        if self.weight is not None:
            parts = [np.sqrt(self.weight[units])[:, None] * part for part in parts]
        if self.prior is not None:
            p = self.prior.mean.shape[1]
            parts.append((x[:, :, :p] - self.prior.mean[units][:, None]) @ self.prior.whitening.T)
        return np.concatenate(parts, axis=2)

    def below(self, units: IntArray, predicted: FloatArray, sd: FloatArray) -> FloatArray:
        """How many standard deviations the limit stands above the prediction, shape (m, k, width)."""
        limit = self.observed.limit[units][:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.error == "log":
                return (np.log(np.maximum(limit, TINY)) - np.log(predicted)) / sd
            return (limit - predicted) / sd

    def anchored(self, units: IntArray, x: FloatArray) -> Objective:
        """Return the full form written around the variances at x, shape (m, p)."""
        predicted = self.problem.predict(units, x[:, None])
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            log_var = self.log_variance(units, predicted, self._scales(x[:, None]))[:, 0]
        anchor = np.zeros(self.observed.dv.shape) if self.anchor is None else self.anchor.copy()
        anchor[units] = log_var
        return replace(self, anchor=anchor)

    def estimates(self, units: IntArray, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return predictions (m, width) and logarithms of sigma (m, n_scales) at x, shape (m, p)."""
        predicted = self.problem.predict(units, x[:, None])
        if not self.concentrated:
            return predicted[:, 0], np.array(self._scales(x[:, None])[:, 0])
        used = self.observed.used[units]
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            shape = np.exp(self.log_shape(predicted, x[:, None]))[:, 0]
            weight = np.where(used, self._weight(units), 0.0)
            squares = weight * np.where(used, self._difference(units, predicted)[:, 0] / shape, 0.0) ** 2
            sigma = 0.5 * np.log(squares.sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9))
        if self.error == "combined":
            return predicted[:, 0], np.column_stack((sigma + x[:, -1], sigma))
        return predicted[:, 0], sigma[:, None]

    def weighted(self, units: IntArray, predicted: FloatArray, scales: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the difference and its standard deviation for each observation, shape (m, width) each."""
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            log_var = self.log_variance(units, predicted[:, None], scales[:, None])[:, 0]
            return self._difference(units, predicted[:, None])[:, 0], np.exp(0.5 * log_var)

    def ofv(self, units: IntArray, predicted: FloatArray, scales: FloatArray) -> FloatArray:
        """Return sum(res^2/var + ln var), for a value below its limit -2 ln P(below), shape (m,)."""
        used, censored = self.observed.used[units], self.observed.censored[units]
        difference, sd = self.weighted(units, predicted, scales)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            terms = np.where(used, (difference / sd) ** 2 + 2.0 * np.log(sd), 0.0)
            if censored.any():
                below = self.below(units, predicted[:, None], sd[:, None])[:, 0]
                terms = terms + np.where(censored, -2.0 * log_ndtr(below), 0.0)
        return terms.sum(axis=1)
