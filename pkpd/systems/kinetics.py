"""From individuals to systems that the engine solves: blocks, feeds, rate constants, doses and outputs.

One system is one drug (phenytoin with its prodrug) in one patient. Individuals with the same shape are solved together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pkpd.engine.cascade import Structure
from pkpd.individual.individual import Individual
from pkpd.systems.ways import Ways, way_key

__all__ = ["Output", "Shape", "factors_of", "rates_of", "saturation_of", "shape_of", "theta_of"]

FloatArray = NDArray[np.float64]
MOST_SHAPES = 1000
_SHAPES: dict[tuple[object, ...], Shape] = {}


class Output(NamedTuple):
    """A column of the results: state, and what turns its amount into a concentration (1/V of a name, or 1)."""

    name: str
    state: int
    volume: str


@dataclass(frozen=True)
class Shape:
    """What individuals of one group have in common.

    Attributes
    ----------
    structure : Structure
    entries : dict of str to int
        Route key to the state that its doses enter.
    central : int
        Block of the drug itself.
    saturable : bool
    outputs : tuple of Output
        Concentrations: plasma, effect site, brain, metabolites.
    terminal : dict of str to tuple of int
        Output to the blocks whose rate constants decide its terminal half-life.
    """

    structure: Structure
    entries: dict[str, int]
    central: int
    saturable: bool
    outputs: tuple[Output, ...]
    terminal: dict[str, tuple[int, ...]]


class _Builder:
    """Collects blocks and feeds; a block is known by its name."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.peripherals: list[int] = []
        self.feeds: list[tuple[int, int]] = []

    def block(self, name: str, peripherals: int = 0) -> int:
        self.names.append(name)
        self.peripherals.append(peripherals)
        return len(self.names) - 1

    def state(self, block: int) -> int:
        return block + sum(self.peripherals[:block])


def shape_of(person: Individual, routes: Ways) -> Shape:
    """Return the shape of an individual's system, dosed by `routes` (route key to (drug, route))."""
    # It depends on the file, the model, its sites and the routes; a fit takes sites and metabolites away.
    drug, model = person.drug, person.model
    sites = "KE0" in person.parameters, person.brain is not None
    made = model.name, model.compartments, model.elimination, tuple(m.name for m in model.metabolites)
    key = (drug.name, drug.sha256, *made, *sites, tuple(routes.items()))
    if key not in _SHAPES:
        if len(_SHAPES) > MOST_SHAPES:
            _SHAPES.clear()
        _SHAPES[key] = _new_shape(person, routes)
    return _SHAPES[key]


def _new_shape(person: Individual, routes: Ways) -> Shape:
    build, drug = _Builder(), person.drug.name
    depots = {key: build.block(key) for key, (_, route) in routes.items() if route != "iv"}
    prodrug = -1
    if any(given != drug for given, _ in routes.values()):
        prodrug = build.block("prodrug")
    central = build.block("central", person.model.compartments - 1)
    entries = {}
    for key, (given, route) in routes.items():
        goal = central if given == drug else prodrug
        entries[key] = build.state(depots[key] if route != "iv" else goal)
        if route != "iv":
            build.feeds.append((depots[key], goal))
    if prodrug >= 0:
        build.feeds.append((prodrug, central))
    outputs = [Output(f"{drug}_plasma_mg_L", build.state(central), "V1")]
    terminal = {outputs[0].name: tuple(range(central + 1))}
    blocks = {"central": central}
    for metabolite in person.model.metabolites:
        block = build.block(metabolite.name, metabolite.compartments - 1)
        blocks[metabolite.name] = block
        build.feeds.append((blocks[metabolite.parent], block))
        if metabolite.presystemic and way_key(drug, "po") in depots:
            build.feeds.append((depots[way_key(drug, "po")], block))
        outputs.append(Output(f"{metabolite.name}_plasma_mg_L", build.state(block), metabolite.parameters["V1"]))
        terminal[outputs[-1].name] = tuple(range(block + 1))
    for site, there in (("effect", "KE0" in person.parameters), ("brain", person.brain is not None)):
        if there:
            build.feeds.append((central, build.block(site)))
            outputs.append(Output(f"{drug}_{site}_mg_L", build.state(len(build.names) - 1), ""))
    return Shape(
        Structure(tuple(build.peripherals), tuple(build.feeds)),
        entries,
        central,
        person.model.elimination != "linear",
        tuple(outputs),
        terminal,
    )


def theta_of(people: Sequence[Individual], routes: Ways) -> FloatArray:
    """Return the rate constants of each individual, shape (n, n_theta), 1/h, in the order that `Structure` gives."""
    return np.array([rates_of(person, routes) for person in people])


def rates_of(person: Individual, routes: Ways) -> list[float]:
    """Return the rate constants of one individual; arrays where its parameters are arrays."""
    p, drug, model = person.parameters, person.drug.name, person.model
    depots = [key for key, (_, route) in routes.items() if route != "iv"]
    blocks = [person.rate[key] for key in depots]
    feeds = list(blocks)
    if any(given != drug for given, _ in routes.values()):
        blocks.append(p["KPRO"])
        feeds.append(p["KPRO"])
    linear = p["CL"] / p["V1"] if model.elimination != "michaelis-menten" else 0.0
    blocks += [linear, *_exchange(p, ("V1", "Q2", "V2", "Q3", "V3"), model.compartments)]
    leaving = {"central": linear}
    for metabolite in model.metabolites:
        role = metabolite.parameters
        out = p[role["CL"]] / p[role["V1"]]
        names = tuple(role.get(key, "") for key in ("V1", "Q2", "V2", "Q3", "V3"))
        blocks += [out, *_exchange(p, names, metabolite.compartments)]
        formed = metabolite.formation if isinstance(metabolite.formation, float) else p[str(metabolite.formation)]
        ratio = metabolite.molar_ratio.value if metabolite.molar_ratio else 1.0
        feeds.append(leaving[metabolite.parent] * formed * ratio)
        if metabolite.presystemic and way_key(drug, "po") in depots:
            feeds.append(p[metabolite.presystemic] * ratio)
        leaving[metabolite.name] = out
    if "KE0" in p:
        blocks.append(p["KE0"])
        feeds.append(p["KE0"] / p["V1"])
    if person.brain is not None:
        blocks.append(person.brain.k * person.brain.out)
        feeds.append(person.brain.k * person.fu / p["V1"])
    return blocks + feeds


def _exchange(p: Mapping[str, float], names: tuple[str, ...], compartments: int) -> list[float]:
    """Rate constants to and from each peripheral: Q/V of the centre, Q/V of the peripheral."""
    values = [p[name] if name else 0.0 for name in names[: 2 * compartments - 1]]
    rates = []
    for i in range(1, compartments):
        rates += [values[2 * i - 1] / values[0], values[2 * i - 1] / values[2 * i]]
    return rates


def factors_of(shape: Shape, people: Sequence[Individual]) -> FloatArray:
    """Return what turns each output's state into a concentration, shape (n, n_out)."""
    return np.array(
        [[1.0 / person.parameters[o.volume] if o.volume else 1.0 for o in shape.outputs] for person in people]
    )


def saturation_of(people: Sequence[Individual]) -> tuple[FloatArray, FloatArray]:
    """Return VM (mg/h) and KM times V1 (mg) of each individual."""
    vm = np.array([person.parameters["VM"] for person in people])
    return vm, np.array([person.parameters["KM"] * person.parameters["V1"] for person in people])
