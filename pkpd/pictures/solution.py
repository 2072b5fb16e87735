"""The pictures of a solution by name: concentrations, the seizure with its receptors, propofol's risk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pkpd.errors import ParameterError, did_you_mean
from pkpd.options import keywords_explained
from pkpd.pictures.concentrations import profiles
from pkpd.pictures.picture import Picture, svg_text
from pkpd.pictures.seizure import pris_panel, receptor_panel

if TYPE_CHECKING:
    from pkpd.solution import Solution

__all__ = ["TITLES", "draw", "pictures_of", "svgs_of"]

TITLES = {
    "concentrations": "Concentrations",
    "receptors": "Seizure and receptors",
    "pris": "Propofol infusion syndrome",
}

_PICTURES: dict[str, tuple[Callable[..., Picture], str, str]] = {
    "concentrations": (profiles, "time_h", ""),
    "receptors": (receptor_panel, "seizure_activity", "a simulation with seizure='status'"),
    "pris": (pris_panel, "pris_risk", "an order of propofol"),
}


def pictures_of(solution: Solution) -> list[str]:
    """Return the names of the pictures that a result has."""
    return [name for name, (_, column, _) in _PICTURES.items() if column == "time_h" or column in solution.outputs]


def draw(solution: Solution, what: str, **options: Any) -> Picture:
    """Draw one picture of a result.

    Raises
    ------
    ParameterError
        If there is no such picture, or the result has nothing to show in it.
    """
    if not isinstance(what, str) or what not in _PICTURES:
        hint = did_you_mean(str(what), _PICTURES) or " Choose one of these."
        raise ParameterError(f"plot: '{what}' is no picture; expected one of {', '.join(_PICTURES)}.{hint}")
    function, _, needs = _PICTURES[what]
    if what not in pictures_of(solution):
        raise ParameterError(
            f"plot: the result has nothing to show in '{what}'; expected {needs}. Add it, and simulate."
        )
    return keywords_explained(function)(solution, **options)


def svgs_of(solution: Solution, title: str | None = None) -> dict[str, str]:
    """Return every picture of a result as SVG text, by name; concentrations on a logarithmic axis."""
    options: dict[str, dict[str, Any]] = {"concentrations": {"log": True}}
    return {
        name: svg_text(draw(solution, name, title=title, **options.get(name, {}))) for name in pictures_of(solution)
    }
