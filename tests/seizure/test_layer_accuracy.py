"""Plasma, brain and receptors as one system in scipy: the representative patient, two drugs, six hours.

Kinetics are typed in from the papers (`published_models`), events are those of the orders, and LSODA at 1e-10 runs from
event to event. Asked: plasma 1e-6, receptor states 5e-4, chloride 0.05 mM, cessation 0.1 min.
"""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import solve_ivp

import pkpd
from pkpd.library.catalogue import load_drug
from pkpd.library.receptor_file import load_receptors
from pkpd.models import receptors as layer
from pkpd.seizure.inputs import brain_role, layer_constants
from published_models import ACID_FRACTION, LORAZEPAM, PHENYTOIN, rates_to_brain

C = layer_constants(load_receptors())
CLINICAL = load_receptors().preset("status")
ROLES = [brain_role(load_drug(name)) for name in ("lorazepam", "phenytoin")]
CODES = np.array([role.code for role in ROLES])
CONSTANTS = np.array([[role.half, role.hill, role.e_max] for role in ROLES])
E_REST = layer.ghk_potential(C[layer.CL_REST], C)
B_REST = 1.0 / (1.0 + C[layer.MG] / C[layer.MG_HALF] * np.exp(-C[layer.MG_SLOPE] * C[layer.V_ICTAL]))
TO_LORAZEPAM, TO_PHENYTOIN = rates_to_brain("lorazepam"), rates_to_brain("phenytoin")
N_KINETIC = 7


def slope(t, x, drive, q, lorazepam_rate, phenytoin_rate):
    """Change per minute: lorazepam plasma, peripheral, brain; prodrug (mg), phenytoin plasma, peripheral, brain."""
    l1, l2, l_brain, prodrug, p1, p2, p_brain = x[:N_KINETIC]
    z, p = LORAZEPAM, PHENYTOIN
    eliminated = p["VM"] * p1 / (p["KM"] + p1)
    kinetic = [
        (lorazepam_rate - z["CL"] * l1 - z["Q2"] * (l1 - l2)) / z["V1"],
        z["Q2"] * (l1 - l2) / z["V2"],
        TO_LORAZEPAM[0] * TO_LORAZEPAM[2] * l1 - TO_LORAZEPAM[1] * l_brain,
        phenytoin_rate - p["KPRO"] * prodrug,
        (p["KPRO"] * prodrug - eliminated - p["Q2"] * (p1 - p2)) / p["V1"],
        p["Q2"] * (p1 - p2) / p["V2"],
        TO_PHENYTOIN[0] * TO_PHENYTOIN[2] * p1 - TO_PHENYTOIN[1] * p_brain,
    ]
    y, a, b, inputs = x[N_KINETIC:], np.zeros(layer.N_STATES), np.zeros(layer.N_STATES), np.zeros(4)
    layer.drug_inputs(np.array([l_brain, p_brain]), np.ones(2), CODES, CONSTANTS, inputs)
    scale = CLINICAL.chloride_plasticity_scale
    layer.fill_rates(y, inputs, drive, q, CLINICAL.tau_h_min, scale, E_REST, B_REST, C, a, b)
    return np.concatenate((np.array(kinetic) / 60.0, a - b * y))


def by_scipy(drive, q, inputs, minutes):
    """States every minute; `inputs` are (start, stop, lorazepam mg/h, phenytoin mg/h). First time with S below 0.2."""
    x = np.zeros(N_KINETIC + layer.N_STATES)
    x[N_KINETIC:] = layer.rest_state(C)
    x[N_KINETIC] = 1.0
    cuts = sorted({0.0, minutes, *(t for start, stop, _, _ in inputs for t in (start, stop))})
    rows, off = [x], np.inf
    for start, stop in zip(cuts, cuts[1:]):
        rate = [sum(row[i] for row in inputs if row[0] <= start < row[1]) for i in (2, 3)]
        path = solve_ivp(
            slope, (start, stop), x, "LSODA", args=(drive, q, *rate), rtol=1e-10, atol=1e-12, dense_output=True,
            max_step=5.0,
        )  # fmt: skip
        fine = np.linspace(start, stop, 20_000)
        low = np.flatnonzero(path.sol(fine)[N_KINETIC] < 0.2)
        off = min(off, fine[low[0]]) if len(low) else off
        rows += list(path.sol(np.arange(np.floor(start) + 1.0, np.floor(stop) + 1.0)).T)
        x = path.y[:, -1]
    return np.array(rows).T, off


@pytest.mark.parametrize("delay, q", [(20.0, 0.13), (90.0, 0.13), (10.0, 2.0)])
def test_two_drugs_and_the_seizure_for_six_hours(delay, q):
    minutes = 360.0
    orders = f"lorazepam 4 mg iv over 2 min at {delay} min; fosphenytoin 1400 mg PE iv over 10 min at {delay + 10} min"
    who = pkpd.Patient(age_y=35, weight_kg=70, height_cm=175, sex="M", seizure_drive=0.73, receptor_plasticity=q)
    found = pkpd.simulate(orders, who, until="6 h", every="1 min", seizure="status")
    inputs = [(delay, delay + 2.0, 120.0, 0.0), (delay + 10.0, delay + 20.0, 0.0, 1400.0 * ACID_FRACTION * 6.0)]
    x, off = by_scipy(0.73, q, inputs, minutes)
    for place, column in (
        (0, "lorazepam_plasma"),
        (2, "lorazepam_brain"),
        (4, "phenytoin_plasma"),
        (6, "phenytoin_brain"),
    ):
        assert_allclose(found.outputs[f"{column}_mg_L"][0], x[place], rtol=1e-6, atol=1e-12)
    y = x[N_KINETIC:]
    for name in ("gaba_a_surface", "gaba_a_internal", "kcc2", "nmda_synaptic", "inflammation", "tolerance_sedation"):
        assert_allclose(found.outputs[name][0], y[layer.STATES.index(name)], rtol=0.0, atol=5e-4, err_msg=name)
    assert_allclose(found.outputs["chloride_mM"][0], y[layer.CL], rtol=0.0, atol=0.05)
    stopped = found.metrics()["time_to_cessation_min"].item()
    if off < minutes:
        assert abs(delay + stopped - off) < 0.1
    else:
        assert np.isnan(stopped)


def test_a_drug_without_a_solution_fails_its_own_row():
    """A dose beyond all numbers stops the integration of phenytoin; the other scenario goes on."""
    table = pkpd.evaluate(
        pd.DataFrame(
            {
                "scenario": ["absurd", "sound"],
                "regimen": [
                    "phenytoin 1e30 mg iv over 10 min; lorazepam 4 mg iv at 20 min if seizing",
                    "lorazepam 4 mg iv",
                ],
                "until": "1 h",
                "seizure": "status",
            }
        ),
        workers=1,
    )
    assert table["status"].tolist() == ["error", "ok"]
    assert "phenytoin: the integration stopped at" in table["reason"].iloc[0]
