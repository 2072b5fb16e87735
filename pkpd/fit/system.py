"""What is fitted, as the engine sees it: structure, rate constants, outputs, and which parameters act on a dose.

A system knows the names of its parameters and how arrays of their values become rate constants. It knows no data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd.engine.cascade import Structure
from pkpd.models.compartments import Compartments, theta

__all__ = ["Entry", "Output", "System", "compartment_system"]

FloatArray = NDArray[np.float64]
Values = Mapping[str, FloatArray]


class Output(NamedTuple):
    """Something that is observed: the amount in `state` over the parameter `volume`, times the parameter `factor`.

    An empty name of a parameter stands for 1.
    """

    name: str
    state: int
    volume: str
    factor: str = ""


class Entry(NamedTuple):
    """Where a dose goes: the state, the parameters that act on it (empty: none), and a constant factor of its amount.

    `rate_constant` is the absorption rate constant on the way to the central compartment, empty for a dose into it.
    """

    state: int
    fraction: str
    lag: str
    rate: str
    duration: str
    rate_constant: str
    factor: float = 1.0


@dataclass(frozen=True)
class System:
    """A model ready to be solved for arrays of parameters.

    Attributes
    ----------
    label : str
    kinetic : tuple of str
        Parameters that the rate constants are made of.
    structure : Structure
    central : int
        Block of the drug itself; its centre is the saturable one where `saturable`.
    saturable : bool
    outputs : tuple of Output
    rates : callable
        Values of the parameters, each of shape (n_sets,), to rate constants, shape (n_sets, n_theta).
    entries : dict of str to Entry
        By route key, or by the number of the compartment as text.
    compartments : int
        Central compartment and peripherals of the drug itself.
    """

    label: str
    kinetic: tuple[str, ...]
    structure: Structure
    central: int
    saturable: bool
    outputs: tuple[Output, ...]
    rates: Callable[[Values], FloatArray]
    entries: Mapping[str, Entry]
    compartments: int

    @property
    def dose_parameters(self) -> tuple[str, ...]:
        """Parameters that act on doses."""
        names = [name for entry in self.entries.values() for name in entry[1:5] if name]
        return tuple(dict.fromkeys(names))


def compartment_system(form: Compartments) -> System:
    """Return the system of a bare compartment model, with the parameters and compartments that `predict` knows."""
    entries = {}
    for number in range(1, form.count + 1):
        absorbed = "KA" if form.absorption and number == 1 else ""
        names = (f"F{number}", f"ALAG{number}", f"R{number}", f"D{number}")
        entries[str(number)] = Entry(number - 1, *names, absorbed)
    return System(
        label=_label(form),
        kinetic=form.parameters,
        structure=form.structure,
        central=1 if form.absorption else 0,
        saturable=form.saturable,
        outputs=(Output("plasma", form.central - 1, "V1"),),
        rates=lambda values: theta(form, values),
        entries=entries,
        compartments=form.n,
    )


def _label(form: Compartments) -> str:
    words = [f"{form.n}cmt"] + (["oral"] if form.absorption else [])
    return " ".join(words + {"linear": [], "michaelis-menten": ["mm"], "both": ["both"]}[form.elimination])
