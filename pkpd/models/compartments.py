"""Compartment models as users name them, and as the engine reads them.

Knows the short forms (``"2cmt oral mm"``), the spellings of the parameters, the numbering of the compartments
(NONMEM's) and the layout of a parameter set. It knows nothing of drugs, data sets and doses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pkpd.errors import ParameterError, did_you_mean
from pkpd.options import one_of

if TYPE_CHECKING:
    from pkpd.engine.cascade import Structure

__all__ = ["Compartments", "as_model", "parameter_name", "theta"]

FloatArray = NDArray[np.float64]

ABSORPTIONS = (None, "first-order")
ELIMINATIONS = ("linear", "michaelis-menten", "both")

#: Accepted spellings (upper case) and the one that is written.
SPELLINGS = {
    "V": "V1",
    "VC": "V1",
    "Q": "Q2",
    "VP": "V2",
    "VP1": "V2",
    "QP1": "Q2",
    "VP2": "V3",
    "QP2": "Q3",
    "VMAX": "VM",
}
#: Words of a short form after "1cmt", "2cmt", "3cmt": what they set.
WORDS: dict[str, tuple[str, str | None]] = {
    "iv": ("absorption", None),
    "oral": ("absorption", "first-order"),
    "linear": ("elimination", "linear"),
    "mm": ("elimination", "michaelis-menten"),
    "both": ("elimination", "both"),
}
SHORT_FORMS = "'1cmt', '2cmt oral', '3cmt', '1cmt mm', '2cmt oral mm' or '1cmt both'"


@dataclass(frozen=True)
class Compartments:
    """A model of one to three compartments, without any drug in it.

    Compartments are numbered as in NONMEM: with absorption 1 is the depot and 2 the central compartment, then the
    peripherals; without, 1 is the central compartment.

    Parameters
    ----------
    n : int
        1, 2 or 3: the central compartment and its peripherals; a depot is not counted.
    absorption : None or "first-order"
        "first-order" puts a depot before the central compartment (parameter KA).
    elimination : "linear", "michaelis-menten" or "both"
        Linear needs CL; Michaelis-Menten VM (amount/time) and KM (concentration); both need all three.

    Raises
    ------
    ParameterError
        If an argument is not one of those listed.

    Examples
    --------
    >>> from pkpd import Compartments
    >>> Compartments(n=2, absorption="first-order").parameters
    ('CL', 'V1', 'Q2', 'V2', 'KA')
    """

    n: int = 1
    absorption: str | None = None
    elimination: str = "linear"

    def __post_init__(self) -> None:
        if isinstance(self.n, bool) or self.n not in (1, 2, 3):
            raise ParameterError(
                f"Compartments: n={self.n!r} is not possible; a model has 1, 2 or 3 compartments besides the depot. "
                "Give n=1, n=2 or n=3."
            )
        one_of("Compartments: absorption=", self.absorption, ABSORPTIONS)
        one_of("Compartments: elimination=", self.elimination, ELIMINATIONS)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters of the model, in the order of the documentation."""
        names = ["CL"] if self.elimination != "michaelis-menten" else []
        names += ["V1", "Q2", "V2", "Q3", "V3"][: 2 * self.n - 1]
        names += ["KA"] if self.absorption else []
        names += ["VM", "KM"] if self.elimination != "linear" else []
        return tuple(names)

    @property
    def count(self) -> int:
        """The number of compartments, the depot included; compartment c is state c - 1."""
        return self.n + (self.absorption is not None)

    @property
    def central(self) -> int:
        """The number of the central compartment in the data (CMT)."""
        return 2 if self.absorption else 1

    @property
    def saturable(self) -> bool:
        """Whether elimination has a Michaelis-Menten part."""
        return self.elimination != "linear"

    @property
    def structure(self) -> Structure:
        """The blocks of the engine: the depot if there is one, then the central compartment with its peripherals."""
        from pkpd.engine.cascade import Structure

        if self.absorption:
            return Structure((0, self.n - 1), ((0, 1),))
        return Structure((self.n - 1,), ())


def as_model(model: str | Compartments) -> Compartments:
    """Return the model that a short form stands for.

    Parameters
    ----------
    model : Compartments or str
        A model, or ``"1cmt"``, ``"2cmt"``, ``"3cmt"`` followed by any of the words ``oral`` (or ``iv``) and ``mm``
        (or ``linear``, ``both``), in any letter case.

    Returns
    -------
    Compartments

    Raises
    ------
    ParameterError
        If a word is not known or contradicts another one.
    """
    if isinstance(model, Compartments):
        return model
    if not isinstance(model, str) or not model.strip():
        raise ParameterError(
            f"model: {model!r} is neither a short form nor a Compartments object; expected {SHORT_FORMS}. "
            "Name the compartments first."
        )
    first, *words = re.sub(r"^\s*(\d+)[\s-]+(?=cmt)", r"\1", model.lower()).split()
    if not re.fullmatch(r"[123]cmt", first):
        raise ParameterError(
            f"model '{model}': '{first}' is not a number of compartments; expected {SHORT_FORMS}."
            f"{did_you_mean(first, ['1cmt', '2cmt', '3cmt']) or ' Begin with 1cmt, 2cmt or 3cmt.'}"
        )
    chosen: dict[str, Any] = {}
    for word in words:
        if word not in WORDS:
            raise ParameterError(
                f"model '{model}': '{word}' is not a word of a short form; expected one of {', '.join(WORDS)}."
                f"{did_you_mean(word, WORDS) or f' Write {SHORT_FORMS}.'}"
            )
        what, value = WORDS[word]
        if what in chosen:
            raise ParameterError(
                f"model '{model}': '{word}' sets the {what}, which another word sets already; "
                f"expected one word for the {what}. Remove one of them."
            )
        chosen[what] = value
    return Compartments(n=int(first[0]), **chosen)


def parameter_name(text: str) -> str:
    """Return the written spelling of a parameter name: ``V``, ``Vc`` and ``v1`` are ``V1``, ``Q`` is ``Q2``."""
    name = text.strip().upper()
    return SPELLINGS.get(name, name)


def theta(model: Compartments, values: Mapping[str, FloatArray]) -> FloatArray:
    """Return parameter sets as the engine reads them.

    Parameters
    ----------
    model : Compartments
    values : mapping of str to ndarray, shape (n_sets,)
        The parameters of the model by their written names, in one system of units.

    Returns
    -------
    ndarray, shape (n_sets, n_theta), 1/time
        Block by block the rate constant out of the block, then to and from each peripheral; at the end the
        coefficient of the feed from the depot. The Michaelis-Menten part is not in it.
    """
    v1 = np.asarray(values["V1"], dtype=np.float64)
    columns = []
    if model.absorption:
        columns.append(values["KA"])
    columns.append(np.zeros_like(v1) if model.elimination == "michaelis-menten" else values["CL"] / v1)
    for number in range(2, model.n + 1):
        q = values[f"Q{number}"]
        columns += [q / v1, q / values[f"V{number}"]]
    if model.absorption:
        columns.append(values["KA"])
    return np.column_stack(columns)
