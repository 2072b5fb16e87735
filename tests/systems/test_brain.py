"""The unbound brain concentration follows dCu/dt = k (Cu_plasma - (1 + f rho + o) Cu), and leaves plasma alone.

Expected numbers come from scipy on parameters typed in from the papers, and from the steady state 1/(1 + f rho + o).
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import pkpd
from pkpd.individual.individual import individual
from pkpd.library.catalogue import load_drug
from pkpd.solution import Solution
from published_models import BRAIN, LORAZEPAM, MIDAZOLAM, PHENYTOIN, rates_to_brain, solve_with_brain

EVIDENCE_WARNING = (
    "ABCB1 genotype and tariquidar effects are exploratory; no clinical trial shows benefit in SE; tariquidar is "
    "unlicensed."
)
LINEAR = "midazolam 10 mg iv over 2 min; midazolam 5 mg/h iv at 30 min for 2 h; levetiracetam 2000 mg iv over 10 min"
MIXED = f"{LINEAR}; phenytoin 1000 mg iv over 20 min"


def adult(**columns: object) -> pkpd.Patient:
    return pkpd.Patient(**{"age_y": 35, "weight_kg": 70, "height_cm": 175, "sex": "M", **columns})


def brain(drug: str, solution: Solution) -> np.ndarray:
    return solution.outputs[f"{drug}_brain_mg_L"][0]


def at_steady_state(drug: str, who: pkpd.Patient, evidence: str = "established") -> float:
    """Brain over unbound plasma after 30 days of an infusion: all half-lives concerned are below a day and a half."""
    end = pkpd.simulate(f"{drug} 10 mg/h iv", who, until="30 d", times=[720.0], evidence=evidence)
    return float(brain(drug, end)[0] / end.outputs[f"{drug}_unbound_mg_L"][0, 0])


@pytest.mark.parametrize("fold", [1.0, 2.0, 5.0])
@pytest.mark.parametrize(
    ("drug", "values", "order", "rate", "duration"),
    [
        ("midazolam", MIDAZOLAM, "midazolam 10 mg iv over 2 min", 300.0, 1.0 / 30.0),
        ("lorazepam", LORAZEPAM, "lorazepam 4 mg iv over 2 min", 120.0, 1.0 / 30.0),
    ],
)
def test_brain_agrees_with_scipy(
    drug: str, values: dict[str, float], order: str, rate: float, duration: float, fold: float
) -> None:
    times = np.array([0.0, 0.01, duration, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0, 8.0, 24.0])
    ours = pkpd.simulate(order, adult(pgp_fold=fold), until="24 h", times=list(times))
    plasma, cerebral = solve_with_brain(values, drug, rate, duration, times, fold)
    # scipy runs at 1e-11 a step; the sum of its steps is what is compared
    assert_allclose(ours.outputs[f"{drug}_plasma_mg_L"][0], plasma, rtol=1e-7, atol=1e-12)
    assert_allclose(brain(drug, ours), cerebral, rtol=1e-7, atol=1e-12)


def test_brain_of_a_saturable_drug_agrees_with_scipy() -> None:
    times = np.array([0.0, 0.05, 0.1, 0.2, 0.5, 1.0, 4.0, 12.0, 24.0])
    ours = pkpd.simulate("fosphenytoin 1200 mg PE iv over 6 min", adult(pgp_fold=3.0), until="24 h", times=list(times))
    entering = 1200.0 * 252.27 / 274.25 / 0.1
    plasma, cerebral = solve_with_brain(PHENYTOIN, "phenytoin", entering, 0.1, times, 3.0)
    # DESIGN asks 1e-6 of Michaelis-Menten
    assert_allclose(ours.outputs["phenytoin_plasma_mg_L"][0], plasma, rtol=1e-6, atol=1e-9)
    assert_allclose(brain("phenytoin", ours), cerebral, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("drug", ["midazolam", "levetiracetam", "phenytoin"])
def test_without_efflux_the_brain_only_diffuses(drug: str) -> None:
    """With P-gp off, Cu is the plasma's unbound level smoothed by k alone; checked by the integral of the equation."""
    times = np.linspace(0.0, 4.0, 2401)
    off = pkpd.simulate(f"{drug} 500 mg iv over 10 min", adult(pgp_fold=0.0), until="4 h", times=list(times))
    k = rates_to_brain(drug)[0]
    difference = off.outputs[f"{drug}_unbound_mg_L"][0] - brain(drug, off)
    entered = np.concatenate([[0.0], np.cumsum((difference[1:] + difference[:-1]) / 2.0 * np.diff(times))]) * k
    # trapezoid of a kinked curve with 6 s steps: error k h^2/12 f'' stays below 1e-4 of the peak
    assert_allclose(entered, brain(drug, off), rtol=0.0, atol=1e-4 * brain(drug, off).max())


def test_tariquidar_is_the_same_as_no_pgp_and_only_exploratory() -> None:
    def run(evidence: str, **columns: object) -> Solution:
        return pkpd.simulate("midazolam 10 mg iv", adult(**columns), until="2 h", every="5 min", evidence=evidence)

    plain, off = run("exploratory"), run("exploratory", pgp_fold=0.0)
    assert_array_equal(brain("midazolam", run("exploratory", comedication=["tariquidar"])), brain("midazolam", off))
    held = run("established", comedication=["tariquidar"])
    assert_array_equal(brain("midazolam", held), brain("midazolam", plain))
    row = held.assumptions.query("item.str.startswith('tariquidar on midazolam')").iloc[0]
    assert (row["action"], row["grade"]) == ("withheld", "D")
    assert EVIDENCE_WARNING in held.warnings


BARRIER = pytest.mark.parametrize(
    ("evidence", "columns"),
    [
        ("established", {"pgp_fold": 2.0}),
        ("established", {"pgp_fold": 0.0}),
        ("established", {"pgp_fold": 10.0}),
        ("exploratory", {"genotype": {"ABCB1": "CC"}}),
        ("exploratory", {"genotype": {"ABCB1": "TT"}}),
        ("exploratory", {"comedication": ["tariquidar"]}),
    ],
)


@BARRIER
def test_transport_at_the_barrier_leaves_plasma_bitwise_unaltered(evidence: str, columns: dict[str, object]) -> None:
    plain = pkpd.simulate(LINEAR, adult(), until="8 h", every="7 min", evidence=evidence)
    other = pkpd.simulate(LINEAR, adult(**columns), until="8 h", every="7 min", evidence=evidence)
    for name, values in plain.outputs.items():
        if name.endswith("_brain_mg_L"):
            assert not np.array_equal(values, other.outputs[name]), name
        else:
            assert_array_equal(values, other.outputs[name], err_msg=name)
    for name, value in plain.metric_values.items():
        if "_brain_" not in name:
            assert_array_equal(value, other.metric_values[name], err_msg=name)


@pytest.mark.parametrize("fold", [0.0, 1.5, 2.0, 3.0, 4.0])
def test_fold_lowers_the_brain_at_steady_state(fold: float) -> None:
    """Rho 0.1: x 0.96, 0.92, 0.85, 0.79 at 1.5, 2, 3, 4 times P-gp, and x 1.10 under full inhibition."""
    ratio = at_steady_state("midazolam", adult(pgp_fold=fold)) / at_steady_state("midazolam", adult())
    assert_allclose(ratio, 1.1 / (1.0 + 0.1 * fold), rtol=1e-9)  # steady state to the last exponential
    printed = {0.0: 1.10, 1.5: 0.96, 2.0: 0.92, 3.0: 0.85, 4.0: 0.79}[fold]
    assert_allclose(ratio, printed, atol=0.0051)  # the table prints two digits


def test_twofold_pgp_takes_a_twelfth_off() -> None:
    ratio = at_steady_state("midazolam", adult(pgp_fold=2.0)) / at_steady_state("midazolam", adult())
    assert_allclose(ratio, 11.0 / 12.0, rtol=1e-9)


@pytest.mark.parametrize(("genotype", "factor"), [("CC", 1.15), ("CT", 1.0), ("TT", 0.85)])
def test_abcb1_acts_on_pgp_in_the_exploratory_scenario(genotype: str, factor: float) -> None:
    who = adult(genotype={"ABCB1": genotype})
    assert_allclose(at_steady_state("midazolam", who, "exploratory"), 1.0 / (1.0 + 0.1 * factor), rtol=1e-9)
    both = adult(genotype={"ABCB1": genotype}, pgp_fold=2.0)
    assert_allclose(at_steady_state("midazolam", both, "exploratory"), 1.0 / (1.0 + 0.2 * factor), rtol=1e-9)


def test_abcb1_genotypes_are_identical_by_default_and_the_evidence_is_said() -> None:
    alone = pkpd.simulate(MIXED, adult(), until="4 h", every="10 min")
    for genotype in ("CC", "CT", "TT"):
        found = pkpd.simulate(MIXED, adult(genotype={"ABCB1": genotype}), until="4 h", every="10 min")
        for name, values in alone.outputs.items():
            assert_array_equal(values, found.outputs[name], err_msg=f"{genotype} {name}")
        assert EVIDENCE_WARNING in found.warnings
        rows = found.assumptions.query("item.str.startswith('ABCB1')")
        assert set(rows["action"]) == {"withheld"} and set(rows["grade"]) == {"N"}
    assert EVIDENCE_WARNING not in alone.warnings


def test_no_pgp_substrate_no_effect_of_pgp() -> None:
    """Lorazepam has rho 0, valproate another transporter: even tenfold P-gp changes nothing."""
    for drug in ("lorazepam", "valproate"):
        runs = [pkpd.simulate(f"{drug} 10 mg iv", adult(pgp_fold=f), until="2 h", every="10 min") for f in (1.0, 10.0)]
        assert_array_equal(brain(drug, runs[0]), brain(drug, runs[1]))


def test_valproate_reaches_a_tenth_of_its_unbound_plasma_level() -> None:
    assert_allclose(at_steady_state("valproate", adult()), 0.10, rtol=1e-9)


@pytest.mark.parametrize("drug", sorted(BRAIN))
def test_first_moments_show_the_published_half_time(drug: str) -> None:
    """Right after a bolus Cu = k Cu_plasma(0) t, with k = ln2 / half-time / (1 + rho + o)."""
    moment = 1e-6
    start = pkpd.simulate(f"{drug} 100 mg iv", adult(), until="1 h", times=[0.0, moment])
    slope = brain(drug, start)[1] / moment / start.outputs[f"{drug}_unbound_mg_L"][0, 0]
    # what leaves plasma and brain meanwhile is of the order of moment times the rates, at most 1e-4
    assert_allclose(slope, rates_to_brain(drug)[0], rtol=2e-4)


@pytest.mark.parametrize(("drug", "minutes"), [("lorazepam", 4.0), ("levetiracetam", 28.0), ("midazolam", 3.0)])
def test_half_of_the_way_is_gone_in_the_half_time(drug: str, minutes: float) -> None:
    """Against a plasma level that stands still the deviation decays at k (1 + rho + o)."""
    person = individual(load_drug(drug), adult(), {f"{drug} iv": (drug, "iv")}, {}, "established")
    assert person.brain is not None
    assert_allclose(math.log(2.0) / (person.brain.k * person.brain.out) * 60.0, minutes, rtol=1e-12)


@pytest.mark.parametrize("weight", [20.0, 70.0, 140.0])
def test_propofol_equilibrates_slower_in_the_heavy(weight: float) -> None:
    """ke0 = 0.146 (weight/70)^-0.25 per minute, and brain equals unbound plasma in the end."""
    who = pkpd.Patient(age_y=35, weight_kg=weight, height_cm=170, sex="M")
    start = pkpd.simulate("propofol 100 mg iv", who, until="1 h", times=[0.0, 1e-6])
    slope = brain("propofol", start)[1] / 1e-6 / start.outputs["propofol_unbound_mg_L"][0, 0]
    assert_allclose(slope, 0.146 * 60.0 * (weight / 70.0) ** -0.25, rtol=2e-4)


def test_propofol_has_its_own_effect_site_beside_the_brain() -> None:
    end = pkpd.simulate("propofol 100 mg/h iv", adult(), until="60 d", times=[1440.0])
    # V3 of about 270 L is filled through Q3 with a half-life of hours: after 60 days all levels stand still
    assert_allclose(brain("propofol", end), end.outputs["propofol_unbound_mg_L"][0], rtol=1e-6)
    assert_allclose(end.outputs["propofol_effect_mg_L"][0], end.outputs["propofol_plasma_mg_L"][0], rtol=1e-6)
