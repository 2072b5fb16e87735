"""The receptor layer's constants load with unit, source and grade; roles convert to unbound brain without loss."""

import math

import pytest
from minimal_drug import TEXT
from numpy.testing import assert_allclose

from pkpd.errors import DrugFileError, ParameterError
from pkpd.library.catalogue import list_drugs, load_drug
from pkpd.library.evidence import GRADES, STATUSES
from pkpd.library.folders import library_folder
from pkpd.library.receptor_file import load_receptors, read_receptors
from pkpd.library.receptor_role import RAMSAY_LEVELS, ROLE_CODES
from pkpd.library.transport import kp_uu

SHIPPED = library_folder() / "receptors.toml"
EVIDENCE = 'source = "paper", status = "seen", grade = "C"'


def altered(folder, old, new):
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    path = folder / "receptors.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def drug_with(folder, receptor):
    path = folder / "testdrug.toml"
    path.write_text(TEXT.replace("\n[sources]\n", f"\n[receptor]\n{receptor}\n\n[sources]\n"), encoding="utf-8")
    return load_drug(path)


def brain_ratio(drug):
    return kp_uu(drug.brain.rho.value, 1.0, drug.brain.other_efflux.value)


# ---- the shipped constants


def test_every_number_of_the_layer_has_a_source():
    receptors = load_receptors()
    numbers = dict(receptors.values)
    for name, preset in receptors.presets.items():
        numbers |= {f"{name}.{key}": value for key, value in preset.values.items()}
    for name, role in receptors.agents.items():
        numbers |= {f"{name}.{key}": value for key, value in role.constants.items()}
    assert len(numbers) > 100
    for name, value in numbers.items():
        assert all(key in receptors.sources for key in value.source.split("; ")), name
        assert value.status in STATUSES, name
        assert value.grade in GRADES, name
    assert len(receptors.sha256) == 64
    assert load_receptors() is receptors


def test_every_source_is_used_somewhere():
    text = SHIPPED.read_text(encoding="utf-8").partition("[sources]")[0]
    assert not [key for key in load_receptors().sources if f'"{key}"' not in text]


@pytest.mark.parametrize("source_status", [("fitted", "project"), ("assumption", "textbook")])
def test_no_estimate_rests_on_an_assumption_nor_the_reverse(source_status):
    status, source = source_status
    assert not [n for n, v in load_receptors().values.items() if v.status == status and v.source == source]


def test_the_constants_rest_at_rest():
    """Relations that the equations need for an exact resting state, computed by hand."""
    c = load_receptors()
    assert_allclose(c["k_int"] / c["k_rec"], 0.2, rtol=1e-15)  # internal pool at rest
    assert_allclose(c["cl_out"] * c["k_out_rest"] / c["k_in"], 3.36, rtol=1e-15)  # chloride equilibrium of KCC2, mM
    assert_allclose(c["g_synaptic"] + c["g_extrasynaptic"], 1.0, rtol=1e-15)
    nernst = -8.314462618 * c["temperature"] / 96485.33212 * 1e3 * math.log(c["cl_out"] / c["cl_in_rest"])
    assert_allclose(nernst, -84.94, atol=0.01)  # mV
    assert_allclose(
        -c["rt_over_f"] * math.log(c["cl_out"] / c["cl_in_rest"]), nernst, rtol=2e-5
    )  # RT/F has five digits
    assert c["v_ictal_nmda"] == c["v_rest"] + c["dv_ictal"]
    assert c["ketamine_on_drive"] == c["w_nmda"]
    assert c.pgp == (4.0, 10.0, 72.0, 1.8)  # hours, hours, hours, fold
    assert c.values["k_int"].unit.text == "1/min"
    assert c["k_int"] == 0.0025  # kept in the layer's minutes


def test_presets():
    receptors = load_receptors()
    status, fast, rodent = (receptors.preset(name) for name in ("status", "status-fast", "status-rodent"))
    assert (status.drive, status.drive_sd, status.drive_min) == (0.26, 0.32, -math.inf)
    assert (status.plasticity, status.plasticity_log_sd) == (0.115, 0.85)
    assert (status.noise_sd, status.noise_tau_min, status.sensitivity_log_sd) == (0.165, 22.0, 1.2)
    assert (status.non_responder_share, status.non_responder_factor) == (0.25, 0.1)
    assert (status.tau_h_min, status.chloride_plasticity_scale) == (5.0, 0.57)
    assert (status.representative_drive, status.representative_plasticity) == (0.73, 0.13)
    # the fast preset is the clinical one at plasticity 2
    assert fast.own == {"plasticity", "plasticity_log_sd", "representative_plasticity"}
    assert (fast.plasticity, fast.plasticity_log_sd, fast.representative_plasticity) == (2.0, 0.0, 2.0)
    assert (fast.drive, fast.noise_sd, fast.representative_drive) == (0.26, 0.165, 0.73)
    assert (rodent.drive, rodent.drive_sd, rodent.drive_min, rodent.plasticity) == (0.66, 0.06, 0.60, 1.0)
    assert (rodent.noise_sd, rodent.sensitivity_log_sd, rodent.non_responder_share) == (0.0, 0.0, 0.0)
    assert (rodent.tau_h_min, rodent.chloride_plasticity_scale, rodent.plasticity_log_sd) == (1.0, 1.0, 0.0)
    assert (rodent.representative_drive, rodent.representative_plasticity) == (0.70, 1.0)


def test_an_unknown_preset_is_refused():
    with pytest.raises(ParameterError, match=r"seizure 'status-rodnt' is not a preset; .*status-rodent.*Did you mean"):
        load_receptors().preset("status-rodnt")


# ---- the posterior


def test_a_draw_sets_presets_and_drugs():
    receptors = load_receptors()
    assert len(receptors.posterior) == 24
    assert all(len(row) == 18 for row in receptors.posterior.draws)
    changed = receptors.with_draw(0)
    status, fast = changed.preset("status"), changed.preset("status-fast")
    assert (status.drive, status.tau_h_min, status.chloride_plasticity_scale) == (0.2564, 4.586, 0.5885)
    assert status.values["drive"].value == 0.2564
    assert (fast.drive, fast.plasticity) == (0.2564, 2.0)  # what a preset states itself stays
    assert changed.preset("status-rodent") == receptors.preset("status-rodent")
    assert receptors.preset("status").drive == 0.26
    drugs = receptors.posterior.drug_changes(0)
    assert drugs["lorazepam"] == {"k_occ": 0.1072}
    assert_allclose(drugs["diazepam"]["k_occ"], 6.152 * 0.1072, rtol=1e-15)
    assert_allclose(drugs["midazolam"]["k_occ"], 0.7991 * 0.1072, rtol=1e-15)
    assert drugs["levetiracetam"] == {"e_max": 0.2213, "ec50": 8.209}
    for name, constants in drugs.items():
        assert load_drug(name).receptor.with_constants(constants).constants.keys() >= constants.keys()


def test_draws_scatter_about_the_preset():
    """Half of the draws or so on either side: a column mapped to the wrong parameter would not."""
    receptors = load_receptors()
    for name, target in receptors.posterior.targets.items():
        changes = [receptors.posterior.drug_changes(k) for k in range(24)]
        if target.preset:
            here = getattr(receptors.preset("status"), target.preset)
            drawn = [receptors.posterior.preset_changes(k)[target.preset] for k in range(24)]
        else:
            here = load_drug(target.drug).receptor.constants[target.constant].value
            drawn = [change[target.drug][target.constant] for change in changes]
        assert min(drawn) < here < max(drawn), name


@pytest.mark.parametrize("number", [-1, 24])
def test_a_draw_that_does_not_exist(number):
    with pytest.raises(ParameterError, match=rf"posterior draw {number} does not exist; expected 0 to 23\. Ask for"):
        load_receptors().with_draw(number)


# ---- the roles of the drugs

ROLES = {
    "lorazepam": (1, 0.0, 0.105, 1.0),
    "midazolam": (1, 0.0, 0.076, 1.0),
    "diazepam": (1, 0.0, 0.63, 1.0),
    "propofol": (2, 2.8, 3.0, 2.0),
    "phenobarbital": (2, 2.1, 25.0, 1.5),
    "phenytoin": (3, 0.3, 15.0, 1.5),
    "levetiracetam": (4, 0.195, 7.0, 2.0),
    "valproate": (4, 0.2, 75.0, 1.5),
    "ketamine": (5, 1.0, 0.25, 1.0),
    "fosphenytoin": (0, 0.0, math.inf, 1.0),
}


def test_every_drug_has_a_role():
    assert {name: load_drug(name).receptor.row for name in list_drugs()} == ROLES
    assert list(ROLE_CODES.values()) == list(range(7))
    assert load_receptors().agents["flumazenil"].row == (6, 0.0, 0.0036, 1.0)


@pytest.mark.parametrize("name", [name for name in ROLES if name not in ("ketamine", "fosphenytoin")])
def test_the_total_plasma_equivalent_is_what_counts(name):
    """Cu_brain/K_unbound equals C_total/K_total for the fu and Kp,uu that made Cu_brain."""
    drug = load_drug(name)
    role, ratio = drug.receptor, brain_ratio(drug)
    assert role.basis == "total"
    for fu in (drug.fu.value, 0.5 * drug.fu.value):
        unbound = role.unbound(fu, ratio)
        total = 0.7 * role.half
        assert_allclose(total * fu * ratio / unbound.half, 0.7, rtol=1e-14)
        assert unbound.basis == "unbound"
        assert (unbound.code, unbound.e_max, unbound.hill) == (role.code, role.e_max, role.hill)
        for converted, value in zip(unbound.ramsay_c50, role.ramsay_c50, strict=True):
            assert_allclose(converted.value, value.value * fu * ratio, rtol=1e-15)
        assert unbound.bis == role.bis  # at the drug's own effect site, always total
        for key, value in role.constants.items():
            kept = unbound.constants[key]
            assert (kept.source, kept.status, kept.grade) == (value.source, value.status, value.grade)
        assert unbound.unbound(fu, ratio) is unbound


def test_conversion_by_hand():
    lorazepam = load_drug("lorazepam").receptor.unbound(0.091, 1.0)
    assert_allclose(lorazepam.half, 0.00955, rtol=1e-3)  # the rounded figure of the reference
    assert_allclose(lorazepam.constants["k_occ"].high, 0.123 * 0.091, rtol=1e-14)
    assert "unbound brain" in lorazepam.constants["k_occ"].note
    valproate = load_drug("valproate")
    assert_allclose(valproate.receptor.unbound(0.1, brain_ratio(valproate)).half, 0.75, rtol=1e-14)  # 75 x 0.1 x 0.1


def test_ketamine_is_unbound_as_it_stands():
    role = load_drug("ketamine").receptor
    assert role.basis == "unbound"
    assert role.unbound(0.53, 0.91) is role


def test_sedation_and_eeg_constants():
    lorazepam, midazolam, propofol = (load_drug(name).receptor for name in ("lorazepam", "midazolam", "propofol"))
    assert RAMSAY_LEVELS == (2, 3, 4, 5, 6)
    assert [value.value for value in lorazepam.ramsay_c50] == [0.034, 0.051, 0.104, 0.152, 0.188]
    assert [value.value for value in midazolam.ramsay_c50] == [0.068, 0.101, 0.208, 0.304, 0.375]
    assert lorazepam.information["memory_ec50"][0].value == 0.0137
    assert len(midazolam.information["eeg_ec50"]) == 5
    bis = {key: value.value for key, value in propofol.bis.items()}
    assert bis == {"bis_ce50": 3.08, "bis_e0": 93.0, "bis_gamma_below": 1.89, "bis_gamma_above": 1.47}
    assert (propofol.bsr_ce50.value, midazolam.bsr_ce50.value, lorazepam.bsr_ce50) == (6.0, 1.5, None)


@pytest.mark.parametrize(
    ("fu", "ratio", "word"), [(0.0, 1.0, "fu is 0.0"), (1.2, 1.0, "fu is 1.2"), (0.1, 0.0, "kp_uu")]
)
def test_conversion_refuses_what_cannot_be(fu, ratio, word):
    with pytest.raises(ParameterError, match=word):
        load_drug("lorazepam").receptor.unbound(fu, ratio)


def test_a_constant_that_the_role_does_not_have():
    with pytest.raises(ParameterError, match=r"the constant 'ec50' is not known; expected one of k_occ\."):
        load_drug("lorazepam").receptor.with_constants({"ec50": 1.0})


# ---- broken files


def test_a_drug_without_the_table_has_no_role(tmp_path):
    path = tmp_path / "testdrug.toml"
    path.write_text(TEXT, encoding="utf-8")
    assert load_drug(path).receptor is None


def test_units_of_a_role_are_converted(tmp_path):
    value = f'{{ value = 90.0, unit = "ng/mL", low = 80.0, {EVIDENCE} }}'
    role = drug_with(tmp_path, f'role = "benzodiazepine"\nk_occ = {value}').receptor
    assert_allclose((role.half, role.constants["k_occ"].low), (0.09, 0.08), rtol=1e-15)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('role = "benzodiazepin"', r"'role' is 'benzodiazepin'; expected one of .* Did you mean 'benzodiazepine'"),
        ('role = "benzodiazepine"', r"\[receptor\]: the key 'k_occ' is missing"),
        (f'role = "none"\nk_occ = {{ value = 1.0, unit = "mg/L", {EVIDENCE} }}', r"the key 'k_occ' is not known"),
        (f'role = "benzodiazepine"\nk_occ = {{ value = 1.0, unit = "mg", {EVIDENCE} }}', r"unit 'mg' is a mass"),
        (
            f'role = "benzodiazepine"\nk_occ = {{ value = 0.0, unit = "mg/L", {EVIDENCE} }}',
            r"'k_occ' is 0; expected a pos",
        ),
        (
            f'role = "sodium"\ne_max = {{ value = 1.0, unit = "1", {EVIDENCE} }}\n'
            f'ec50 = {{ value = 1.0, unit = "mg/L", {EVIDENCE} }}\nhill = {{ value = 1.0, unit = "1", {EVIDENCE} }}',
            r"'e_max' is 1, which would leave nothing of the excitation; expected a share below 1",
        ),
        (
            f'role = "benzodiazepine"\nk_occ = {{ value = 1.0, unit = "mg/L", {EVIDENCE} }}\n'
            f'ramsay_c50 = {{ value = [1.0, 2.0, 4.0, 3.0, 5.0], unit = "mg/L", {EVIDENCE} }}',
            r"expected five rising concentrations, for Ramsay 2 to 6",
        ),
        (
            f'role = "benzodiazepine"\nk_occ = {{ value = 1.0, unit = "mg/L", {EVIDENCE} }}\n'
            f'bis_e0 = {{ value = 93.0, unit = "1", {EVIDENCE} }}',
            r"the key 'bis_ce50' is missing",
        ),
    ],
)
def test_a_broken_role_is_refused(tmp_path, table, message):
    with pytest.raises(DrugFileError, match=message):
        drug_with(tmp_path, table)


def test_a_role_needs_brain_entry(tmp_path):
    start, _, rest = TEXT.partition("[brain]\n")
    rest = "[[effects]]" + rest.partition("[[effects]]")[2]
    value = f'{{ value = 1.0, unit = "mg/L", {EVIDENCE} }}'
    path = tmp_path / "testdrug.toml"
    path.write_text(start + rest + f'\n[receptor]\nrole = "benzodiazepine"\nk_occ = {value}\n', encoding="utf-8")
    with pytest.raises(DrugFileError, match=r"has the role 'benzodiazepine' at the receptors, but no brain entry"):
        load_drug(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('tau_s = { value = 0.1, unit = "min"', 'tau_s = { value = 6.0, unit = "s"', r"unit is 's'; expected 'min'"),
        ("k_int = {", "k_ing = {", r"\[trafficking\]: the key 'k_ing' is not known; .*Did you mean 'k_int'"),
        ("tau_s = { value = 0.1", "tau_s = { value = 0.0", r"'tau_s' is 0; expected a positive number"),
        ("k_deg = { value = 0.0005", "k_deg = { value = -0.0005", r"'k_deg' is -0.0005; expected a number from 0 up"),
        ('source = "jahr1990"', 'source = "jahr1991"', r"the source 'jahr1991' is not in \[sources\]"),
        ('like = "status"', 'like = "statos"', r"'like' is 'statos'; expected an earlier preset: status\. Did"),
        ("share = { value = 0.25", "share = { value = 25", r"'value' is 25; expected a number within its own 'low'"),
        ("drive_sd = { value = 0.32", "driv_sd = { value = 0.32", r"the key 'driv_sd' is not known"),
        ("drive_sd = { preset", "drive_zd = { preset", r"\[posterior.targets\]: the key 'drive_zd' is not known"),
        ("  [0.2564, 0.3231,", "  [0.3231,", r"row 1 of 'draws' does not fit the columns; expected 18 numbers"),
        ('times = "k_lorazepam_total"', 'times = "k_lorazepam"', r"'times' is 'k_lorazepam'; expected one of"),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused(tmp_path, old, new, message):
    with pytest.raises(DrugFileError, match=message):
        read_receptors(altered(tmp_path, old, new))
