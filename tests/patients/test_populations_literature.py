"""Shares of simulated populations against shares that papers print: draws, doses, engine and output together."""

from __future__ import annotations

import numpy as np
import pytest

import pkpd

#: Bilbao-Meseguer 2021, Table 4: creatinine clearance (mL/min), dose every 12 h over 30 min (mg), and the percentage of
#: intensive-care patients whose trough at steady state lies above 6 and above 12 mg/L.
TROUGHS = [(80, 1000, 93.0, 60.0), (120, 1000, 86.0, 43.0), (160, 1500, 87.0, 51.0), (240, 2000, 55.0, 15.0)]


@pytest.mark.slow
@pytest.mark.parametrize(("clearance", "dose", "above_6", "above_12"), TROUGHS)
def test_levetiracetam_troughs_in_intensive_care(clearance: int, dose: int, above_6: float, above_12: float) -> None:
    crowd = pkpd.Population(6000, seed=1, age_y=50, weight_kg=70, crcl_mL_min=clearance)
    found = pkpd.simulate(
        f"levetiracetam {dose} mg iv over 30 min every 12 h x 20",
        crowd,
        until="240 h",
        times=[240.0],
        models="levetiracetam=levetiracetam_bilbao2021_icu",
    )
    trough = found.outputs["levetiracetam_plasma_mg_L"][:, 0]
    # 5 points are the tolerance of the reference; chance adds 0.6 with 6000 subjects
    assert abs(100.0 * np.mean(trough > 6.0) - above_6) < 5.0
    assert abs(100.0 * np.mean(trough > 12.0) - above_12) < 5.0
