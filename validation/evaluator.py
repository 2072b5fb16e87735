"""Computes what a row of data/reference asks for.

Kinetics come from `validation.kinetics` (written apart from the engine) or, for concentrations, from the package's
own engine; parameters, effects and formulas come from the library.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from pkpd.library import covariates as formulas
from pkpd.library.catalogue import load_drug, load_gene
from pkpd.library.covariates import COVARIATES
from pkpd.library.expression import parse
from pkpd.units import convert
from validation import kinetics
from validation.formulas import evaluate_function

# canonical unit of what a quantity computes, where it is not written in the table of parameters
_UNITS = {
    "concentration": "mg/L", "effect_concentration": "mg/L", "cmax": "mg/L", "c0": "mg/L", "css_rate": "mg/L",
    "css_mm": "mg/L", "concentration_with_genotype": "mg/L", "c0_with_clearance": "mg/L",
    "half_life": "h", "t_half_alpha": "h", "tmax": "h", "absorption_half_life": "h", "conversion_half_life": "h",
    "vss": "L", "vss_per_kg": "L/kg", "vd_beta_per_kg": "L/kg", "cl_per_kg": "L/h/kg", "auc_inf": "mg*h/L",
    "ka_for_tmax": "1/h", "dose_entering": "mg",
}  # fmt: skip
_CONTROL = frozenset(
    "order dose_mg dose_mg_PE dose_mg_per_kg route duration_h time_h rate_mg_h rate_mg_day every_h level_mg_L tmax_h "
    "vm_factor cl_factor ce ce_mg_L weight_log_sd weight_low_kg weight_high_kg max_mg".split()
)


class Row:
    """One row: its inputs split into the patient's covariates and what is given."""

    def __init__(self, fields: dict[str, str]) -> None:
        self.fields = fields
        self.drug, self.model_name, self.quantity = fields["drug"], fields["model"], fields["quantity"]
        self.inputs = dict(item.split("=", 1) for item in fields["inputs"].split(";") if item)
        self.covariates = {key: float(value) for key, value in self.inputs.items() if key in COVARIATES}

    def number(self, key: str, default: float | None = None) -> float:
        return float(self.inputs[key]) if default is None else float(self.inputs.get(key, default))

    @property
    def model(self):
        return load_drug(self.drug).model(self.model_name)

    def complete_covariates(self) -> dict[str, float]:
        """The row's covariates with those that follow from them by formula, as the patient layer fills them."""
        full = dict(self.covariates)
        if "age_y" in full:
            full.setdefault("pma_wk", 52.0 * full["age_y"] + 40.0)
        if {"weight_kg", "height_cm", "male"} <= full.keys():
            full["lbm_james_kg"] = formulas.lbm_james(full["weight_kg"], full["height_cm"], full["male"])
        return full

    def parameters(self, etas: dict[str, float] | None = None) -> dict[str, float]:
        """The model's parameters; a factor of the row acts on VM or CL."""
        values, _ = self.model.evaluate(self.complete_covariates(), etas or {})
        for key, name in (("vm_factor", "VM"), ("cl_factor", "CL")):
            if key in self.inputs:
                values[name] *= self.number(key)
        return values

    def dose_mg(self) -> float:
        """Mass that enters the model: the ordered dose times the salt factor of what was ordered."""
        order = self.inputs.get("order", self.drug)
        if order == "fosphenytoin_sodium":
            phenytoin_equivalents = self.number("dose_mg_per_kg") * self.covariates["weight_kg"]
            phenytoin_equivalents /= load_drug("fosphenytoin").salt_per_PE.value
            return phenytoin_equivalents * load_drug("fosphenytoin").dose_factor.value
        dose = self.number("dose_mg_PE") if "dose_mg_PE" in self.inputs else self.number("dose_mg")
        factor = load_drug(order).dose_factor
        return dose * (factor.value if factor else 1.0)

    def dose(self) -> kinetics.Dose:
        """The dose as the solver of the tests takes it."""
        available, rate = self.absorption(self.inputs.get("route", "iv"), self.parameters())
        prodrug = self.inputs.get("order", "").startswith("fosphenytoin")
        if "rate_mg_h" in self.inputs:
            return kinetics.Dose(math.inf, self.number("rate_mg_h"), None, prodrug)
        duration = self.number("duration_h", 0.0)
        amount = self.dose_mg() * available
        return kinetics.Dose(duration, amount / duration if duration else amount, rate, prodrug)

    def absorption(self, route: str, values: dict[str, float]) -> tuple[float, float | None]:
        """Bioavailable fraction and absorption rate: the model's own, else those of the drug."""
        if route == "iv":
            return 1.0, None
        entry, suffix = load_drug(self.drug).routes.get(route), route.upper()
        available = values.get(f"F_{suffix}", entry.F.value if entry else math.nan)
        rate = values.get(f"KA_{suffix}", entry.KA.value if entry and entry.KA else math.nan)
        return available, rate


def unknown_inputs(row: Row) -> set[str]:
    """Input keys that neither a covariate nor a quantity would read (functions have names of their own)."""
    if row.quantity.partition(":")[0] in ("function", "effect_multiplier", "covariate_effect", "genotype_share"):
        return set()
    return set(row.inputs) - set(COVARIATES) - _CONTROL


# ---------------------------------------------------------------------------------------------- quantities of a model
def _parameter(row: Row, name: str) -> float:
    value = row.parameters()[name]
    return convert(value, row.model.parameters[name].unit.canonical_text, row.fields["unit"])


def _expression(row: Row, text: str) -> float:
    values = row.parameters()
    value = parse(text, values).evaluate(values)
    first = row.model.parameters[text.split()[0]].unit.canonical_text if row.fields["unit"] != "1" else "1"
    return convert(value, first, row.fields["unit"])


def _share(row: Row, level: Callable[[dict[str, float]], float]) -> float:
    """Share (%) of the population above a level: evenly spread normal points, so the answer is the same each time."""
    names = [name for name in row.model.iiv if row.model.iiv[name].same_as is None]
    points = kinetics.normal_points(1000, len(names))
    sizes = [math.sqrt(row.model.iiv[name].omega2) for name in names]
    etas = [dict(zip(names, point * sizes, strict=True)) for point in points]
    return 100.0 * float(np.mean([level(draw) > row.number("level_mg_L") for draw in etas]))


def _share_of_children_above(row: Row, _: str) -> float:
    """Share (%) above a level among children whose weights are drawn as well (one more dimension of the points)."""
    names, middle, spread = list(row.model.iiv), row.covariates["weight_kg"], row.number("weight_log_sd")
    sizes = [math.sqrt(row.model.iiv[name].omega2) for name in names]
    above = []
    for *point, z in kinetics.normal_points(1000, len(names) + 1):
        weight = min(max(middle * math.exp(spread * z), row.number("weight_low_kg")), row.number("weight_high_kg"))
        etas = {name: size * value for name, size, value in zip(names, sizes, point, strict=True)}
        values, _ = row.model.evaluate({"weight_kg": weight}, etas)
        dose = min(row.number("dose_mg_per_kg") * weight, row.number("max_mg"))
        given = kinetics.Dose(row.number("duration_h"), dose / row.number("duration_h"))
        above.append(kinetics.after_infusion(values, given, row.number("time_h")) > row.number("level_mg_L"))
    return 100.0 * float(np.mean(above))


def _share_trough_above(row: Row, _: str) -> float:
    every, dose = row.number("every_h"), row.dose()
    return _share(row, lambda etas: kinetics.steady_trough(row.parameters(etas), dose, every))


def _concentration(row: Row, _: str) -> float:
    return kinetics.concentration(row.parameters(), row.dose(), row.number("time_h"))


def _effect_concentration(row: Row, _: str) -> float:
    return kinetics.concentration(row.parameters(), row.dose(), row.number("time_h"), effect=True)


def _bis(row: Row, _: str) -> float:
    values = row.parameters()
    ce = values["CE50"] if "ce" in row.inputs else row.number("ce_mg_L")
    gamma = values["GAMMA_LOW"] if ce < values["CE50"] else values["GAMMA_HIGH"]
    return values["BIS0"] * values["CE50"] ** gamma / (values["CE50"] ** gamma + ce**gamma)


def _css_mm(row: Row, _: str) -> float | str:
    values = row.parameters()
    return kinetics.css_michaelis_menten(row.number("rate_mg_day") / 24.0, values["VM"], values["KM"])


def _css_rate(row: Row, _: str) -> float:
    values = row.parameters()
    return row.absorption(row.inputs["route"], values)[0] * row.number("rate_mg_h") / values["CL"]


def _auc_inf(row: Row, _: str) -> float:
    values = row.parameters()
    return row.dose_mg() * row.absorption(row.inputs["route"], values)[0] / values["CL"]


def _absorption_half_life(row: Row, _: str) -> float:
    return math.log(2.0) / row.absorption(row.inputs["route"], row.parameters())[1]


def _per_kg(function: Callable[[dict[str, float]], float]) -> Callable[[Row, str], float]:
    return lambda row, _: function(row.parameters()) / row.covariates["weight_kg"]


def _of(function: Callable[[dict[str, float]], float]) -> Callable[[Row, str], float]:
    return lambda row, _: function(row.parameters())


# --------------------------------------------------------------------------------------------- quantities of the drug
def _fact(row: Row, name: str) -> float:
    drug = load_drug(row.drug)
    value = drug.hepatic[name] if name in drug.hepatic else getattr(drug, name)
    return convert(value.value, value.unit.canonical_text, row.fields["unit"])


def _binding(row: Row, option: str) -> float:
    return load_drug(row.drug).binding.options[option].fu(row.covariates)


def _salt_basis(row: Row, _: str) -> float:
    return load_drug("fosphenytoin").dose_factor.value / load_drug("fosphenytoin").salt_per_PE.value


def _effect_multiplier(row: Row, _: str) -> float:
    genotype = load_gene(row.inputs["gene"]).resolve(row.inputs["genotype"])
    product = 1.0
    for effect in load_drug(row.drug).effects_for(genotype):
        if row.inputs.get("evidence") == "exploratory" and effect.scenario_multiplier is not None:
            product *= effect.scenario_multiplier
        elif effect.on:
            product *= effect.multiplier
    return product


def _covariate_effect(row: Row, _: str) -> float:
    by_name = {effect.name: effect for effect in load_drug(row.drug).covariate_effects}
    return by_name[row.inputs["effect"]].multiplier(row.covariates)


def _genotype_share(row: Row, _: str) -> float:
    """Share of a phenotype or activity score among pairs of alleles drawn at their frequencies."""
    gene = load_gene(row.inputs["gene"])
    if "freq" in row.inputs:
        shares = {allele: float(f) for allele, f in (item.split(":") for item in row.inputs["freq"].split(","))}
    else:
        group = row.inputs["ancestry"]
        shares = {allele: by_group[group].value for allele, by_group in gene.frequencies.items()}
    shares["*1"] = 1.0 - sum(shares.values())
    total = 0.0
    for first, p in shares.items():
        for second, q in shares.items():
            found = gene.resolve(f"{first}/{second}")
            if "phenotype" in row.inputs:
                total += p * q * (found.phenotype == row.inputs["phenotype"])
            else:
                total += p * q * (found.activity_score == row.number("activity_score"))
    return total


QUANTITIES: dict[str, Callable[[Row, str], float | str]] = {
    "parameter": _parameter,
    "expression": _expression,
    "fact": _fact,
    "binding": _binding,
    "function": lambda row, name: evaluate_function(name, row.drug, row.inputs),
    "concentration": _concentration,
    "concentration_with_genotype": _concentration,
    "effect_concentration": _effect_concentration,
    "half_life": _of(lambda values: math.log(2.0) / min(kinetics.rates(values))),
    "t_half_alpha": _of(lambda values: math.log(2.0) / max(kinetics.rates(values))),
    "conversion_half_life": _of(lambda values: math.log(2.0) / values["KPRO"]),
    "vss": _of(kinetics.volume_at_steady_state),
    "vss_per_kg": _per_kg(kinetics.volume_at_steady_state),
    "vd_beta_per_kg": _per_kg(lambda values: values["CL"] / min(kinetics.rates(values))),
    "cl_per_kg": _per_kg(lambda values: values["CL"]),
    "auc_inf": _auc_inf,
    "tmax": lambda row, _: kinetics.peak(row.parameters(), row.dose())[0],
    "cmax": lambda row, _: kinetics.peak(row.parameters(), row.dose())[1],
    "ka_for_tmax": lambda row, _: kinetics.ka_for_tmax(row.parameters(), row.number("tmax_h")),
    "c0": lambda row, _: row.dose_mg() / row.parameters()["V1"],
    "c0_with_clearance": lambda row, _: row.dose_mg() / row.parameters()["V1"],
    "css_rate": _css_rate,
    "css_mm": _css_mm,
    "bis": _bis,
    "dose_entering": lambda row, _: row.dose_mg(),
    "bioavailability": lambda row, _: load_drug(row.drug).routes[row.inputs["route"]].F.value,
    "absorption_half_life": _absorption_half_life,
    "share_of_children_above": _share_of_children_above,
    "share_trough_above": _share_trough_above,
    "salt_basis": _salt_basis,
    "effect_multiplier": _effect_multiplier,
    "covariate_effect": _covariate_effect,
    "genotype_share": _genotype_share,
}


def answer(row: Row) -> float | str:
    """What the library says to a row, in the row's unit; a text where there is no number."""
    name, _, argument = row.quantity.partition(":")
    value = QUANTITIES[name](row, argument)
    if isinstance(value, str) or name not in _UNITS:
        return value
    return convert(value, _UNITS[name], row.fields["unit"])
