"""The constants of the receptor layer, its presets and the draws of their joint posterior; plain data, no equations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from pkpd.errors import ParameterError, did_you_mean
from pkpd.library.evidence import Source
from pkpd.library.parameter import Value
from pkpd.library.receptor_role import ReceptorRole

__all__ = ["PgpInduction", "Posterior", "Preset", "Receptors", "Target"]


@dataclass(frozen=True)
class Preset:
    """How episodes of one kind are drawn, and the one patient who stands for them.

    Attributes
    ----------
    name, title : str
    drive, drive_sd : float, dimensionless
        Normal distribution of the drive.
    drive_min : float
        Drives below are drawn again; minus infinity where there is no such limit.
    plasticity, plasticity_log_sd : float, dimensionless
        Median and log sd of the speed of receptor change (lognormal; rodent = 1).
    noise_sd : float, dimensionless
        Stationary sd of the Ornstein-Uhlenbeck noise.
    noise_tau_min : float, minutes
    sensitivity_log_sd : float, dimensionless
        Of the factor on the concentration of each drug, median 1; kinetics and dynamics together.
    non_responder_share, non_responder_factor : float, dimensionless
        Share of episodes that do not respond to benzodiazepines, and what is left of their sensitivity.
    tau_h_min : float, minutes
        Time constant of endogenous termination.
    chloride_plasticity_scale : float, dimensionless
        Multiplies both KCC2 rates.
    representative_drive, representative_plasticity : float, dimensionless
        Of the single patient (sensitivities 1, no noise).
    values : dict of str to Value
        The same numbers with source, status and grade.
    like : str
        The preset from which values that this one does not state are taken; empty for none.
    own : frozenset of str
        The fields that this preset states itself.
    """

    name: str
    title: str
    drive: float
    drive_sd: float
    plasticity: float
    plasticity_log_sd: float
    noise_sd: float
    noise_tau_min: float
    sensitivity_log_sd: float
    non_responder_share: float
    non_responder_factor: float
    tau_h_min: float
    chloride_plasticity_scale: float
    representative_drive: float
    representative_plasticity: float
    drive_min: float = -math.inf
    values: Mapping[str, Value] = field(default_factory=dict, repr=False)
    like: str = ""
    own: frozenset[str] = field(default=frozenset(), repr=False)

    def replace(self, **changes: float) -> Preset:
        """Return a copy with some numbers changed, in their values too."""
        values = dict(self.values)
        for name, number in changes.items():
            values[name] = values[name].replace(value=number, raw=number, low=None, high=None)
        return replace(self, values=values, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Target:
    """What a column of the posterior stands for: a field of a preset, or a constant of a drug.

    Attributes
    ----------
    preset : str
        Field of `Preset`; empty for a column of a drug.
    drug, constant : str
        A drug and the name of its constant, on the basis of total plasma; empty for a column of the preset.
    times : str
        Another column by which the number is multiplied (a ratio); empty for none.
    """

    preset: str = ""
    drug: str = ""
    constant: str = ""
    times: str = ""


@dataclass(frozen=True)
class Posterior:
    """Joint draws of the parameters of the clinical preset.

    Attributes
    ----------
    columns : tuple of str
    draws : tuple of tuple of float
        One row a draw, in the order of the columns.
    targets : dict of str to Target
    source, status, grade, note : str
    """

    columns: tuple[str, ...]
    draws: tuple[tuple[float, ...], ...]
    targets: Mapping[str, Target]
    source: str
    status: str
    grade: str
    note: str = ""

    def __len__(self) -> int:
        return len(self.draws)

    def draw(self, number: int) -> dict[str, float]:
        """Return one draw by column.

        Raises
        ------
        ParameterError
            If there is no draw of that number (they count from 0).
        """
        if not 0 <= number < len(self.draws):
            raise ParameterError(
                f"posterior draw {number!r} does not exist; expected 0 to {len(self.draws) - 1}. Ask for at most "
                f"{len(self.draws)} draws."
            )
        return dict(zip(self.columns, self.draws[number]))

    def preset_changes(self, number: int) -> dict[str, float]:
        """Return the fields of the preset that a draw sets."""
        return {self.targets[name].preset: x for name, x in self._numbers(number).items() if self.targets[name].preset}

    def drug_changes(self, number: int) -> dict[str, dict[str, float]]:
        """Return the constants (total plasma, mg/L) that a draw sets: drug to constant to number."""
        changes: dict[str, dict[str, float]] = {}
        for name, value in self._numbers(number).items():
            target = self.targets[name]
            if target.drug:
                changes.setdefault(target.drug, {})[target.constant] = value
        return changes

    def _numbers(self, number: int) -> dict[str, float]:
        row = self.draw(number)
        return {
            name: value * row[self.targets[name].times] if self.targets[name].times else value
            for name, value in row.items()
        }


class PgpInduction(NamedTuple):
    """Seizure-driven P-gp (exploratory): lag, time constants of rise and fall in hours, and the fold it goes to."""

    lag_h: float
    up_h: float
    down_h: float
    ceiling: float


@dataclass(frozen=True)
class Receptors:
    """Everything the library knows about the receptor layer.

    Attributes
    ----------
    values : dict of str to Value
        Constants that hold for every episode. The layer's clock is the minute: `Value.value` is in the unit written
        in the file (1/min, min, mM, mV, K, mM/(min mV)), not in hours.
    presets : dict of str to Preset
        status, status-fast, status-rodent.
    agents : dict of str to ReceptorRole
        Agents without a drug file: flumazenil, ganaxolone.
    posterior : Posterior
    sections : dict of str to tuple of str
        Section of the file to the names of its values.
    sources : dict of str to Source
    sha256 : str
    """

    values: Mapping[str, Value]
    presets: Mapping[str, Preset]
    agents: Mapping[str, ReceptorRole]
    posterior: Posterior
    sections: Mapping[str, tuple[str, ...]] = field(repr=False)
    sources: Mapping[str, Source] = field(repr=False)
    sha256: str = field(repr=False)

    def __getitem__(self, name: str) -> float:
        """The number of a value, in the unit of the file."""
        return self.values[name].value

    @property
    def pgp(self) -> PgpInduction:
        """The law of seizure-driven P-gp, in hours as the brain model counts."""
        lag, up, down = (self[f"pgp_induction_{name}"] / 60.0 for name in ("lag", "tau_up", "tau_down"))
        return PgpInduction(lag, up, down, self["pgp_induction_max"])

    def preset(self, name: str) -> Preset:
        """Return a preset by name.

        Raises
        ------
        ParameterError
            If there is none of that name; the nearest is offered.
        """
        if name not in self.presets:
            hint = did_you_mean(str(name), self.presets).strip() or "Choose one of these, or 'none'."
            known = ", ".join(self.presets)
            raise ParameterError(f"seizure '{name}' is not a preset; expected one of none, {known}. {hint}")
        return self.presets[name]

    def with_draw(self, number: int) -> Receptors:
        """Return a copy whose clinical preset, and those like it, take a draw of the posterior.

        Fields that a preset states itself (the plasticity of ``status-fast``) stay. The constants of the drugs that the
        draw sets are given by ``posterior.drug_changes(number)``, for `ReceptorRole.with_constants`.
        """
        changes = self.posterior.preset_changes(number)
        presets = {}
        for name, preset in self.presets.items():
            applied = changes if name == "status" else {} if preset.like != "status" else changes
            own = preset.own if preset.like else frozenset()
            presets[name] = preset.replace(**{key: x for key, x in applied.items() if key not in own})
        return replace(self, presets=presets)
