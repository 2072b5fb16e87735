"""Fit models to concentration data: individual, pooled, two-stage and Bayesian, with uncertainty always."""

from pkpd.fit.result import Fit
from pkpd.fit.run import fit

__all__ = ["Fit", "fit"]
