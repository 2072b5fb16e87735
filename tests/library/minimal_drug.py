"""A small but complete drug file for the tests, and the means to break it in one place."""

from pathlib import Path

TEXT = """
[drug]
name = "testdrug"
title = "Test drug"
default_range = "usual"
molar_mass = { value = 300.0, unit = "g/mol", source = "paper", status = "seen", grade = "B" }
fu = { value = 0.2, unit = "1", source = "paper", status = "seen", grade = "B" }

[routes.iv]
F = { value = 1.0, unit = "1", source = "paper", status = "seen", grade = "A" }

[routes.po]
F = { value = 50, unit = "%", source = "paper", status = "seen", grade = "A" }
KA = { value = 0.02, unit = "1/min", source = "paper", status = "seen", grade = "A" }

[[ranges]]
label = "usual"
low = 100.0
high = 200.0
unit = "ng/mL"
source = "paper"
status = "memory"

[brain]
kp_uu = { value = 0.91, unit = "1", source = "paper", status = "seen", grade = "C" }
rho = { value = 0.1, unit = "1", source = "paper", status = "seen", grade = "C" }
other_efflux = { value = 0.0, unit = "1", source = "project", status = "assumption", grade = "D" }
half_time = { value = 3.0, unit = "min", source = "paper", status = "seen", grade = "C" }

[[effects]]
gene = "CYP2C19"
state = "PM"
target = "CL"
multiplier = 0.5
source = "paper"
status = "seen"
grade = "C"
on = true

[models.testdrug_adult]
class = ["adult"]
title = "adults"
source = "paper"
status = "seen"
grade = "B"
compartments = 2
elimination = "linear"

[models.testdrug_adult.covariates]
weight_kg = { reference = 70, low = 40, high = 120 }
age_y = { reference = 40, low = 18, high = 80 }

[models.testdrug_adult.parameters]
CL_70 = { value = 100.0, unit = "mL/min", source = "paper", status = "seen", grade = "B" }
CL_age = { value = -0.05, unit = "L/h/year", source = "paper", status = "seen", grade = "B" }

[models.testdrug_adult.parameters.CL]
equation = "CL_70 * (weight_kg/70)**0.75 + CL_age * (age_y - 40)"
unit = "L/h"
source = "paper"
status = "derived"
grade = "B"
low = 0

[models.testdrug_adult.parameters.V1_per_kg]
value = 0.2
unit = "L/kg"
source = "paper"
status = "seen"
grade = "B"

[models.testdrug_adult.parameters.V1]
equation = "V1_per_kg * weight_kg"
unit = "L"
source = "paper"
status = "derived"
grade = "B"

[models.testdrug_adult.parameters.Q2]
value = 5.0
unit = "L/h"
source = "paper"
status = "seen"
grade = "B"

[models.testdrug_adult.parameters.V2]
value = 30.0
unit = "L"
source = "paper"
status = "seen"
grade = "B"

[models.testdrug_adult.iiv]
source = "paper"
status = "seen"
CL = { cv_percent = 30.0 }
V1 = { omega2 = 0.04 }
V2 = { omega2 = 0.09, same_as = "V1" }

[[models.testdrug_adult.covariances]]
a = "CL"
b = "V1"
covariance = 0.02

[models.testdrug_adult.residual]
type = "proportional"
prop_sd = 0.2

[sources]
paper = { cite = "A paper, 2020", doi = "10.1/2" }
project = { cite = "assumption", status = "assumption" }
"""


def write(folder: Path, old: str = "", new: str = "") -> Path:
    """Write the file into `folder`, with `old` (which must be there) replaced by `new`."""
    assert old in TEXT
    path = folder / "testdrug.toml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    return path
