"""The options of a fit, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pkpd.errors import ParameterError, did_you_mean
from pkpd.fit.case import BLQ_METHODS
from pkpd.fit.likelihood import ERRORS
from pkpd.options import check_names, check_workers, need_mapping, need_truth, one_of
from pkpd.streams import seed_number

__all__ = ["CHOICES", "check_options", "kinds_of"]

CHOICES: Mapping[str, tuple[str, ...]] = {
    "method": ("individual", "pooled", "two-stage", "map"),
    "error": ERRORS,
    "interval": ("wald", "profile", "bootstrap"),
    "blq": BLQ_METHODS,
    "ties": ("record", "dose-first"),
}
MAPPINGS = {
    "start": "{'CL': 5, 'V1': 30}",
    "fixed": "{'F1': 0.8}",
    "bounds": "{'KA': (0.1, 10)}",
    "omega": "{'CL': 0.09, 'V1': 0.04}",
}


def check_options(options: Mapping[str, Any]) -> None:
    """Refuse an option that is not on its list.

    Raises
    ------
    ParameterError
    """
    for name, allowed in CHOICES.items():
        one_of(f"fit: {name}=", options[name], allowed)
    for name, example in MAPPINGS.items():
        need_mapping(name, options[name], example)
    check_names("vary", options["vary"], "['CL', 'V1']")
    need_truth("check", options["check"])
    seed_number(options["seed"])
    check_workers(options["workers"])
    n_boot = options["n_boot"]
    if isinstance(n_boot, bool) or not isinstance(n_boot, int) or n_boot < 20:
        raise ParameterError(
            f"fit: n_boot={n_boot!r} is not possible; expected a whole number of at least 20. Use 200 or more for "
            "intervals that are reported."
        )


def kinds_of(dvid: Any, outputs: Sequence[str], several: Sequence[str] = ()) -> dict[Any, int]:
    """Return the output that each kind of observation is of.

    Parameters
    ----------
    dvid : object
        None or one DVID: the first output. A list of DVID: the outputs in their order. A mapping from DVID to the
        name of an output.
    outputs : sequence of str
        Names of the outputs of the model.
    several : sequence of str
        Those that a list names, in its order; all outputs by default.
    """
    if dvid is None or isinstance(dvid, str | int | float):
        return {dvid: 0}
    if isinstance(dvid, Mapping):
        return {kind: _output(name, outputs) for kind, name in dvid.items()}
    kinds = list(dvid)
    names = list(several or outputs)
    if len(kinds) > len(names):
        raise ParameterError(
            f"dvid: {len(kinds)} kinds of observation are asked for, and the model gives {len(names)} "
            f"({', '.join(names)}); expected no more. Name a model with the metabolite, or fewer DVID."
        )
    return {kind: _output(name, outputs) for kind, name in zip(kinds, names)}


def _output(name: object, outputs: Sequence[str]) -> int:
    word = str(name).strip().lower()
    if word not in outputs:
        raise ParameterError(
            f"dvid: '{name}' is not an output of the model; expected one of {', '.join(outputs)}."
            f"{did_you_mean(word, outputs) or ' Choose one of these.'}"
        )
    return list(outputs).index(word)
