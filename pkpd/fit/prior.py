"""What is known before the data: variances between subjects, and the residual error."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pkpd.assumption import Assumption
from pkpd.errors import ParameterError, did_you_mean
from pkpd.fit.choice import Known
from pkpd.fit.cohort import Cohort
from pkpd.fit.likelihood import Prior
from pkpd.library.model import Model
from pkpd.units import convert

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["known_for_map", "prior_of", "read_omega", "read_sigma"]

FloatArray = NDArray[np.float64]


def known_for_map(known: Known, cohort: Cohort, omega: Mapping[str, float]) -> Known:
    """Return what is known of the parameters where those with a variance are estimated.

    Parameters
    ----------
    known : Known
        Of the model.
    cohort : Cohort
    omega : mapping of str to float
        Variances; those without influence on what is predicted are passed over.
    """
    model, reference = cohort.known.model, cohort.reference
    names = tuple(dict.fromkeys((*known.names, *model.parameters)))
    wanted = [name for name in known.names if name in model.parameters]
    plain, _ = model.evaluate()
    moving = []
    for name, variance in omega.items():
        shared = model.iiv.get(name)
        if variance <= 0.0 or name not in model.parameters or (shared is not None and shared.same_as in omega):
            continue
        moved, _ = model.evaluate(etas={name: 0.1})
        if any(moved[each] != plain[each] for each in wanted):
            moving.append(name)
    values = {**{name: reference.parameters[name] for name in model.parameters}, **known.values}
    return Known(names, tuple(moving), values, known.aliases, ())


def read_omega(
    omega: Mapping[str, float] | pd.DataFrame | None, known: Known, model: Model | None
) -> dict[tuple[str, str], float]:
    """Return variances and covariances of the logarithms of parameters, by pairs of names.

    Raises
    ------
    ParameterError
        If there are none, or a value cannot be.
    """
    found: dict[tuple[str, str], float] = {}
    if omega is None:
        if model is None or not model.iiv:
            what = "a short form has" if model is None else f"the model '{model.name}' states"
            raise ParameterError(
                f"omega: missing, and {what} no variances between subjects; method='map' needs those of the logarithms "
                "of the parameters. Give omega={'CL': 0.09, 'V1': 0.04}, say, or a model that states them."
            )
        found = {(name, name): iiv.omega2 for name, iiv in model.iiv.items()}
        for a, b, covariance in model.covariances:
            found[a, b] = found[b, a] = covariance
        return found
    if not isinstance(omega, Mapping):
        names = {label: known.name("omega", label) for label in (*omega.index, *omega.columns)}
        for a in omega.index:
            for b in omega.columns:
                found[names[a], names[b]] = float(omega.loc[a, b])
    else:
        found = {(known.name("omega", name),) * 2: _variance("omega", name, value) for name, value in omega.items()}
    return found


def _variance(argument: str, name: object, value: Any) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = math.nan
    if isinstance(value, bool) or not 0.0 <= found < math.inf:
        raise ParameterError(
            f"{argument}: {name} is {value!r}; expected a variance, a finite number from 0 up. Correct it (a "
            "coefficient of variation of 30 % is a variance of about 0.09)."
        )
    return found


def prior_of(omega: Mapping[tuple[str, str], float], estimated: Sequence[str], mean: FloatArray) -> Prior:
    """Return the prior of the estimated parameters around their typical values, shape (n_units, p), logarithms.

    Raises
    ------
    ParameterError
        If one has no variance, or the matrix is no covariance matrix.
    """
    for name in estimated:
        if not omega.get((name, name), 0.0) > 0.0:
            raise ParameterError(
                f"omega: '{name}' is estimated and has no variance above 0; expected one for each of "
                f"{' '.join(estimated)}. Add it to omega, or hold '{name}' in fixed."
                f"{did_you_mean(name, [a for a, _ in omega])}"
            )
    matrix = np.array([[omega.get((a, b), 0.0) for b in estimated] for a in estimated])
    try:
        whitening = np.linalg.inv(np.linalg.cholesky(0.5 * (matrix + matrix.T)))
    except np.linalg.LinAlgError:
        raise ParameterError(
            f"omega: the covariance matrix of {', '.join(estimated)} is not positive; expected each covariance below "
            "the product of the two deviations. Correct the covariances."
        ) from None
    return Prior(mean, whitening)


def read_sigma(
    sigma: float | Mapping[str, float] | None, error: str, model: Model | None, outputs: Sequence[float], unit: str
) -> tuple[FloatArray, str, list[Assumption]]:
    """Return logarithms of the residual standard deviations, the error model, and what was taken.

    Parameters
    ----------
    sigma : float or mapping, optional
        Variance; for the combined error those of ``additive`` and ``proportional``.
    error : str
        What the user asked for; without `sigma` the model's own error goes before it.
    model : Model or None
    outputs : sequence of float
        What the model's additive deviation is multiplied by for each output: 1, and fu for unbound levels.
    unit : str
        Unit of additive deviations.
    """
    if sigma is None:
        return _of_model(error, model, outputs, unit)
    if error == "combined":
        if not isinstance(sigma, Mapping) or set(sigma) != {"additive", "proportional"}:
            raise ParameterError(
                f"sigma: {sigma!r} is not enough for the combined error; expected two variances. Give "
                "sigma={'additive': 0.01, 'proportional': 0.04}, say."
            )
        parts = [_variance("sigma", name, sigma[name]) for name in ("additive", "proportional")]
    else:
        if isinstance(sigma, Mapping) and set(sigma) != {error}:
            raise ParameterError(
                f"sigma: {dict(sigma)!r} does not fit error='{error}'; expected its variance alone. Give sigma=0.04, "
                f"or sigma={{'{error}': 0.04}}."
            )
        value = sigma[error] if isinstance(sigma, Mapping) else sigma
        parts = [_variance("sigma", error, value)]
    if max(parts) == 0.0:
        raise ParameterError("sigma: the residual variance is 0; expected one above 0. Correct sigma.")
    logs = [0.5 * math.log(max(part, 1e-30)) for part in parts for _ in outputs]
    return np.array(logs), error, []


def _of_model(
    error: str, model: Model | None, outputs: Sequence[float], unit: str
) -> tuple[FloatArray, str, list[Assumption]]:
    residual = dict(model.residual) if model is not None else {}
    if model is None or not residual:
        what = "a short form has" if model is None else f"the model '{model.name}' states"
        raise ParameterError(
            f"sigma: missing, and {what} no residual error; method='map' needs its variance. Give sigma=0.04, say, "
            "which is a proportional error of 20 %."
        )
    kind = str(residual["type"])
    additive = convert(float(residual.get("add_sd", 0.0)), str(residual.get("add_unit", "mg/L")), unit)  # type: ignore[arg-type]
    relative = float(residual.get("prop_sd", 0.0))  # type: ignore[arg-type]
    if kind == "log":
        cv = float(residual.get("cv_percent", 0.0)) / 100.0  # type: ignore[arg-type]
        relative = float(residual.get("log_sd", math.sqrt(math.log1p(cv * cv))))  # type: ignore[arg-type]
    parts = {"additive": [additive], "combined": [additive, relative]}.get(kind, [relative])
    line = Assumption(
        "residual error", kind, "", "default", str(residual.get("status", "")), str(residual.get("grade", "")),
        str(residual.get("source", "")),
        f"sigma not given: the model's, sd {', '.join(f'{part:.4g}' for part in parts)}"
        + ("" if kind == error else f"; it goes before error='{error}'")
        + ("" if len(outputs) == 1 else "; the same for every output, but for unbound levels times fu where additive"),
    )  # fmt: skip
    additive_kind = kind in ("additive", "combined")
    logs = [
        math.log(max(part * (share if additive_kind and number == 0 else 1.0), 1e-15))
        for number, part in enumerate(parts)
        for share in outputs
    ]
    return np.array(logs), kind, [line]
