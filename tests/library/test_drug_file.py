"""A drug file from any folder loads, and a broken one is refused with where, what, expected and what to do."""

import math
import re

import pytest
from minimal_drug import TEXT, write
from numpy.testing import assert_allclose

from pkpd.errors import DrugFileError, ParameterError
from pkpd.library.catalogue import list_drugs, load_drug


def test_a_file_from_a_temporary_folder_loads(tmp_path):
    path = write(tmp_path)
    for drug in (load_drug(path), load_drug(str(path)), load_drug("testdrug", folder=tmp_path)):
        assert drug.name == "testdrug"
        assert drug.path == path
        assert len(drug.sha256) == 64
    assert list_drugs(tmp_path) == ("testdrug",)
    assert "testdrug" not in list_drugs()


def test_numbers_are_canonical(tmp_path):
    drug = load_drug(write(tmp_path))
    assert_allclose(drug.routes["po"].F.value, 0.5, rtol=1e-15)  # 50 %
    assert_allclose(drug.routes["po"].KA.value, 1.2, rtol=1e-15)  # 0.02 a minute
    assert_allclose(drug.molar_mass.value, 300e-6, rtol=1e-15)  # mg/nmol
    assert_allclose(drug.default_range.high_mg_L, 0.2, rtol=1e-15)
    assert drug.molar_mass.raw == 300.0
    # ln 2 over 0.05 h, and 1 + rho = 1.1 because the half-time is that of k (1 + rho)
    assert_allclose(drug.brain.exchange_rate(), math.log(2) / 0.05 / 1.1, rtol=1e-14)


def test_parameters_of_an_individual(tmp_path):
    model = load_drug(write(tmp_path)).models["testdrug_adult"]
    values, clipped = model.evaluate({"weight_kg": 35.0, "age_y": 60.0}, {"CL": 0.5, "V1": -0.25})
    assert clipped == []
    # by hand: 100 mL/min = 6 L/h
    assert_allclose(values["CL"], (6 * 0.5**0.75 - 0.05 * 20) * math.exp(0.5), rtol=1e-14)
    assert_allclose(values["V1"], 7.0 * math.exp(-0.25), rtol=1e-14)
    assert list(values) == ["CL_70", "CL_age", "CL", "V1_per_kg", "V1", "Q2", "V2"]


def test_a_negative_clearance_is_clipped_and_listed(tmp_path):
    model = load_drug(write(tmp_path)).models["testdrug_adult"]
    values, clipped = model.evaluate({"age_y": 170.0})
    assert values["CL"] == 0.0
    assert clipped == ["testdrug_adult: CL -0.5 L/h is below 0 and was put there"]


def test_references_and_ranges(tmp_path):
    model = load_drug(write(tmp_path)).models["testdrug_adult"]
    assert model.at_reference({"weight_kg": 60.0}) == (("age_y", 40.0),)
    assert model.out_of_range({"weight_kg": 150.0}) == (
        "weight_kg 150 is outside the range 40 to 120 of the model 'testdrug_adult'",
    )
    assert model.out_of_range({}) == ()


def test_variability(tmp_path):
    model = load_drug(write(tmp_path)).models["testdrug_adult"]
    assert_allclose(model.iiv["CL"].omega2, math.log(1.09), rtol=1e-14)  # ln(1 + 0.3^2)
    assert model.iiv["V2"].same_as == "V1"
    assert model.covariances == (("CL", "V1", 0.02),)


BROKEN = [
    # (replaced, by, message)
    (
        'unit = "L/kg"',
        'unit = "mg"',
        r"\[models.testdrug_adult.parameters.V1\].*its result does not follow the unit of",
    ),
    (
        'value = 5.0\nunit = "L/h"',
        'value = 5.0\nunit = "L"',
        r"\[models.testdrug_adult.parameters.Q2\]: unit 'L' is a volume, but 'Q2' needs a clearance; expected a unit "
        r"such as 'L/h'. Did you mean 'L/h'\?",
    ),
    ('unit = "1/min"', 'unit = "1/minn"', r"\[routes.po.KA\]: unit '1/minn'.*Did you mean 'min'"),
    (
        'unit = "1/min"',
        'unit = "h"',
        r"unit 'h' is a time, but 'KA' needs a rate constant; expected a unit such as '1/h'",
    ),
    (
        'unit = "g/mol", ',
        "",
        r"\[drug.molar_mass\]: the key 'unit' is missing; expected 'unit' in this table. Add unit",
    ),
    (
        'unit = "g/mol", source = "paper"',
        'unit = "g/mol"',
        r"\[drug.molar_mass\]: the key 'source' is missing.*Add source",
    ),
    (
        'source = "paper", status = "seen", grade = "A" }',
        'source = "papr", status = "seen", grade = "A" }',
        r"the source 'papr' is not in \[sources\].*Did you mean 'paper'",
    ),
    ('status = "memory"', 'status = "guessed"', r"\[ranges 1\]: 'status' is 'guessed'; expected one of seen, seen-2nd"),
    ('grade = "A"', 'grade = "E"', r"'grade' is 'E'; expected one of A, B, C, D, N"),
    (', grade = "B" }\nfu', "}\nfu", r"\[drug.molar_mass\]: the key 'grade' is missing"),
    ("(weight_kg/70)**0.75", "open('/etc/passwd')", r"parameters.CL\].*the call of 'open' is not allowed"),
    ("(weight_kg/70)**0.75", "weightkg", r"'weightkg' is not known.*Did you mean 'weight_kg'"),
    (
        "CL_age * (age_y - 40)",
        "0.05 * (age_y - 40)",
        r"parameters.CL\].*does not follow the unit of time.*Check the units",
    ),
    (
        'unit = "L/h"\nsource = "paper"\nstatus = "derived"',
        'unit = "mL/min"\nsource = "paper"\nstatus = "derived"',
        r"the result of an equation is canonical, but the unit is 'mL/min'; expected 'L/h'",
    ),
    (
        'title = "Test',
        'titel = "Test',
        r"\[drug\]: the key 'titel' is not known; expected one of.*Did you mean 'title'",
    ),
    ("[brain]", "[brian]", r"testdrug.toml: the key 'brian' is not known.*Did you mean 'brain'"),
    (
        ".parameters.Q2]",
        ".parameters.Q]",
        r"\[models.testdrug_adult\]: the parameter 'Q2' is missing \(2 compartments, linear",
    ),
    ("compartments = 2", "compartments = 4", r"'compartments' is 4; expected one of 1, 2, 3"),
    (
        'elimination = "linear"',
        'elimination = "liner"',
        r"'elimination' is 'liner'; expected one of linear.*Did you mean 'linear'",
    ),
    ('class = ["adult"]', 'class = ["adults"]', r"the class 'adults' is not known.*Did you mean 'adult'"),
    (
        "weight_kg = { reference",
        "weight = { reference",
        r"the covariate 'weight' is not known.*Did you mean 'weight_kg'",
    ),
    ("value = 0.91", "value = 0.8", r"\[brain\]: 'kp_uu' is 0.8, but 1/\(1 \+ rho \+ other_efflux\) is 0.9091"),
    ("covariance = 0.02", "covariance = 0.2", r"the matrix is not positive definite"),
    (
        "CL = { cv_percent = 30.0 }",
        "CLL = { cv_percent = 30.0 }",
        r"\[models.testdrug_adult.iiv\]: 'CLL' is no parameter here.*Did you mean 'CL'",
    ),
    ("V1 = { omega2 = 0.04 }", "V1 = { omega2 = 0.04, cv_percent = 20 }", r"either cv_percent or omega2"),
    ("value = 30.0", "value = -30.0", r"parameters.V2\]: the value is -30; expected a positive number"),
    ("value = 30.0", "value = nan", r"'value' is nan; expected a finite number"),
    ("value = 30.0", 'value = "30"', r"'value' is '30'; expected a finite number. Write value = 1.0, without quotes"),
    ("value = 50, ", "value = 150, ", r"\[routes.po\]: 'F' is 1.5; expected a fraction"),
    (
        'KA = { value = 0.02, unit = "1/min", source = "paper", status = "seen", grade = "A" }\n',
        "",
        r"\[routes.po\]: the absorption rate is missing",
    ),
    ("[routes.po]", "[routes.oral]", r"the route 'oral' is not known; expected one of iv, im, po"),
    ('default_range = "usual"', 'default_range = "usal"', r"'default_range' is 'usal'.*Did you mean 'usual'"),
    ('target = "CL"', 'target = "CLint"', r"\[effects 1\]: 'target' is 'CLint'; expected one of CLint_hepatic"),
    ('gene = "CYP2C19"', 'gene = "CYP2C91"', r"'gene' is 'CYP2C91'.*Did you mean 'CYP2C9"),
    ('state = "PM"', 'state = "PM"\ndiplotype = "*2/*2"', r"the row is for state and diplotype"),
    ('name = "testdrug"', 'name = "other"', r"the name is 'other'; expected 'testdrug'"),
    ('type = "proportional"', 'type = "relative"', r"residual\]: 'type' is 'relative'"),
]


@pytest.mark.parametrize(("old", "new", "message"), BROKEN, ids=[row[2][:50] for row in BROKEN])
def test_broken_files_are_refused(tmp_path, old, new, message):
    with pytest.raises(DrugFileError, match=message) as caught:
        load_drug(write(tmp_path, old, new))
    text = str(caught.value)
    assert text.startswith("testdrug.toml")
    assert "expected" in text
    assert text.endswith((".", "?", ")"))


@pytest.mark.parametrize("share", [0.1, 0.35, 0.6, 0.9])
def test_a_truncated_file_is_refused(tmp_path, share):
    path = tmp_path / "testdrug.toml"
    path.write_text(TEXT[: int(len(TEXT) * share)], encoding="utf-8")
    with pytest.raises(DrugFileError, match=r"^testdrug.toml.*expected"):
        load_drug(path)


def test_a_file_that_breaks_off_in_a_table_names_the_place(tmp_path):
    path = tmp_path / "testdrug.toml"
    path.write_text(TEXT[: TEXT.index('unit = "1", source')], encoding="utf-8")
    with pytest.raises(DrugFileError, match=r"the TOML is broken or breaks off \(.*line|end of document.*\)"):
        load_drug(path)


def test_wrong_encoding_and_missing_files(tmp_path):
    path = tmp_path / "testdrug.toml"
    path.write_bytes(TEXT.replace("Test drug", "Tést").encode("latin-1"))
    with pytest.raises(DrugFileError, match="testdrug.toml: byte .* is not UTF-8; expected a text in UTF-8"):
        load_drug(path)
    with pytest.raises(DrugFileError, match=re.escape("the file cannot be opened (No such file or directory)")):
        load_drug(tmp_path / "absent.toml")


def test_unknown_names():
    with pytest.raises(ParameterError, match="drug 'lorazepan' is not in the library.*Did you mean 'lorazepam'"):
        load_drug("lorazepan")
    with pytest.raises(ParameterError, match="the model 'lorazepam_swart' is not in the library"):
        load_drug("lorazepam").model("lorazepam_swart")


def test_an_equation_without_a_value_names_itself(tmp_path):
    path = write(tmp_path, "(weight_kg/70)**0.75", "(weight_kg/70)**0.75 * log(age_y) / log(age_y)")
    with pytest.raises(ParameterError, match="model 'testdrug_adult': 'CL = .*has no value for .*age_y = -1"):
        load_drug(path).models["testdrug_adult"].evaluate({"age_y": -1.0})
