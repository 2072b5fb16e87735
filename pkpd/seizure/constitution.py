"""What makes one episode: drive, plasticity, sensitivities to drugs, and the path of the noise.

Everything random is keyed by (seed, subject, purpose, attempt), so an episode is the same alone and in a crowd, for any
chunking. The numbers of each preset stand in the library; a recalibration changes the file, not this module.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pkpd.library.catalogue import load_drug
from pkpd.patients.patient import Patient
from pkpd.streams import stream

if TYPE_CHECKING:
    from pkpd.library.receptor_file import Preset

__all__ = ["KNOT_MIN", "Constitution", "draw_constitution", "draw_noise", "knots", "noise_path", "typical_constitution"]

FloatArray = NDArray[np.float64]
KNOT_MIN = 0.5


@dataclass(frozen=True)
class Constitution:
    """Constants of one episode.

    Attributes
    ----------
    drive, plasticity : float
    tau_h : float, minutes
        Time constant of endogenous termination.
    chloride_scale : float
        Scale of chloride plasticity.
    sensitivity : dict of str to float
        Drug to the factor on its effect-site level; 1 where missing.
    noise : ndarray
        Noise on the drive at half-minute knots from the onset; empty for none.
    """

    drive: float
    plasticity: float
    tau_h: float
    chloride_scale: float
    sensitivity: Mapping[str, float]
    noise: FloatArray


def typical_constitution(preset: Preset, patient: Patient) -> Constitution:
    """Return the representative patient of a preset: no noise, sensitivities 1; the patient's own numbers go first."""
    drive = preset.representative_drive if patient.seizure_drive is None else patient.seizure_drive
    speed = preset.representative_plasticity if patient.receptor_plasticity is None else patient.receptor_plasticity
    return Constitution(drive, speed, preset.tau_h_min, preset.chloride_plasticity_scale, {}, np.empty(0))


def draw_constitution(
    preset: Preset,
    patient: Patient,
    seed: int,
    subject: int,
    spreads: Mapping[str, float],
    minutes: float,
    attempt: int = 0,
) -> Constitution:
    """Draw an episode.

    Parameters
    ----------
    preset : Preset
    patient : Patient
        A stated seizure_drive or receptor_plasticity is kept.
    seed, subject : int
    spreads : mapping of str to float
        Drug to the log sd of its clearance in this run; the sensitivity's spread is reduced by it, never below 0.
    minutes : float
        Length of the noise path.
    attempt : int
        Number of the draw, where earlier ones were rejected.
    """
    mark = f" #{attempt}" if attempt else ""

    def normal(purpose: str) -> float:
        return float(stream(seed, subject, f"seizure {purpose}{mark}").standard_normal())

    drive = patient.seizure_drive
    if drive is None:
        rng = stream(seed, subject, f"seizure drive{mark}")
        drive = preset.drive + preset.drive_sd * float(rng.standard_normal())
        while preset.drive_min is not None and drive < preset.drive_min:
            drive = preset.drive + preset.drive_sd * float(rng.standard_normal())
    speed = patient.receptor_plasticity
    if speed is None:
        speed = preset.plasticity
        if preset.plasticity_log_sd > 0.0:
            speed *= math.exp(preset.plasticity_log_sd * normal("plasticity"))
    resistant = False
    if preset.non_responder_share > 0.0:
        resistant = float(stream(seed, subject, f"seizure non-responder{mark}").random()) < preset.non_responder_share
    sensitivity = {}
    for drug, spread in spreads.items():
        rest = math.sqrt(max(0.0, preset.sensitivity_log_sd**2 - spread**2))
        sensitivity[drug] = math.exp(rest * normal(f"sensitivity {drug}")) if rest > 0.0 else 1.0
        if resistant and load_drug(drug).is_benzodiazepine:
            sensitivity[drug] *= preset.non_responder_factor
    noise = draw_noise(preset, seed, subject, minutes, attempt)
    return Constitution(drive, speed, preset.tau_h_min, preset.chloride_plasticity_scale, sensitivity, noise)


def draw_noise(preset: Preset, seed: int, subject: int, minutes: float, attempt: int = 0) -> FloatArray:
    """Return the noise of an episode on half-minute knots; empty for a preset without noise.

    A shorter path is the beginning of a longer one, so that an episode may be followed for longer at any time.
    """
    if preset.noise_sd <= 0.0:
        return np.empty(0)
    rng = stream(seed, subject, "seizure noise" + (f" #{attempt}" if attempt else ""))
    return noise_path(preset.noise_sd, preset.noise_tau_min, rng.standard_normal(knots(minutes)))


def knots(minutes: float) -> int:
    """Return the number of noise knots that cover so many minutes."""
    return math.ceil(minutes / KNOT_MIN - 1e-9) + 2


def noise_path(sd: float, tau_min: float, normal: FloatArray) -> FloatArray:
    """Return an Ornstein-Uhlenbeck path at half-minute knots from standard normal draws, exactly.

    Notes
    -----
    u_0 = sd z_0; u_k+1 = a u_k + sd sqrt(1 - a^2) z_k+1 with a = exp(-0.5/tau).
    """
    from scipy.signal import lfilter

    a = math.exp(-KNOT_MIN / tau_min)
    shocks = sd * math.sqrt(1.0 - a * a) * normal
    shocks[0] = sd * normal[0]
    path: FloatArray = lfilter([1.0], [1.0, -a], shocks)
    return path
