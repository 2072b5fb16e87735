"""Which multipliers genotype, comedication and covariates put on a drug, at which evidence level; and what is said
of those that are not applied. Inhibitors do not add up: of several the strongest counts, likewise of inducers."""

from __future__ import annotations

from dataclasses import dataclass, field

from pkpd.assumption import Assumption
from pkpd.library.catalogue import canonical_perpetrator, interactions_for, load_gene, misspelt_perpetrator
from pkpd.library.drug import Drug
from pkpd.library.effect import Effect
from pkpd.library.gene import Genotype
from pkpd.library.interaction import Interaction
from pkpd.library.model import Model
from pkpd.patients.patient import Patient

__all__ = ["Factors", "collect_factors"]

EXPLORATORY_NOTE = (
    "ABCB1 genotype and tariquidar effects are exploratory; no clinical trial shows benefit in SE; tariquidar is "
    "unlicensed."
)


@dataclass
class Factors:
    """Multipliers by target, and how they came about."""

    multipliers: dict[str, float] = field(default_factory=dict)
    lines: list[Assumption] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def of(self, target: str) -> float:
        """Return the multiplier of a target, 1 where nothing acts on it."""
        return self.multipliers.get(target, 1.0)

    def put(self, target: str, multiplier: float) -> None:
        """Multiply a target's factor."""
        self.multipliers[target] = self.of(target) * multiplier


def collect_factors(drug: Drug, model: Model, patient: Patient, evidence: str) -> Factors:
    """Collect everything that acts on the parameters of `drug` in `patient`.

    Parameters
    ----------
    drug, model, patient
    evidence : {"established", "exploratory"}
        ``established`` applies what the library marks as on; ``exploratory`` also the rows with a scenario value.

    Returns
    -------
    Factors
    """
    factors = Factors()
    exploratory = evidence == "exploratory"
    for genotype in patient.genotypes.values():
        _genotype(factors, drug, genotype, exploratory, genotype.gene in patient.sampled_genes)
    for gene in drug.metabolised_by:
        if gene not in patient.genotypes:
            reason = "not stated: unknown, multiplier 1, not taken as normal"
            factors.lines.append(Assumption(f"{gene} on {drug.name}", 1.0, "1", "default", "", "", "", reason))
    _comedication(factors, drug, patient, exploratory)
    _covariates(factors, drug, model, patient)
    return factors


def _genotype(factors: Factors, drug: Drug, genotype: Genotype, exploratory: bool, sampled: bool) -> None:
    item = f"{genotype} on {drug.name}"
    if genotype.gene == "HLA-B":
        _hla(factors, drug, genotype, item)
        return
    found = drug.effects_for(genotype)
    if sampled:
        gene = load_gene(genotype.gene)
        factors.lines.append(
            Assumption(
                str(genotype),
                1.0,
                "1",
                "imputed",
                gene.status,
                gene.grade,
                gene.source,
                "drawn from allele frequencies",
            )
        )
    if not found:
        reason = "no effect on this drug is known to the library"
        if drug.is_unaffected_by(genotype.gene):
            reason = "no effect expected"
        elif any(effect.gene == genotype.gene for effect in drug.effects):
            reason = "the values of the model hold: the effects in the library are of other genotypes of this gene"
        if genotype.note:
            reason += f" ({genotype.note})"
        factors.lines.append(Assumption(item, 1.0, "1", "applied", "assumption", "N", "project", reason))
    for effect in found:
        _effect(factors, effect, item, exploratory)
    if genotype.gene == "ABCB1" and found:
        factors.warnings.append(EXPLORATORY_NOTE)


def _effect(factors: Factors, effect: Effect, item: str, exploratory: bool) -> None:
    target = f"{item}: {effect.target}"
    evidence = (effect.status, effect.grade, effect.source)
    detail = "; ".join(part for part in (effect.note, effect.guideline) if part)
    if effect.on:
        factors.put(effect.target, effect.multiplier)
        reason = f"for {effect.subject}" + (f"; {detail}" if detail else "")
        factors.lines.append(Assumption(target, effect.multiplier, "1", "applied", *evidence, reason))
    elif exploratory and effect.scenario_multiplier is not None:
        factors.put(effect.target, effect.scenario_multiplier)
        reason = f"exploratory, for {effect.subject}" + (f"; {detail}" if detail else "")
        factors.lines.append(Assumption(target, effect.scenario_multiplier, "1", "applied", *evidence, reason))
    else:
        value = effect.scenario_multiplier if effect.scenario_multiplier is not None else effect.multiplier
        reason = f"off: evidence grade {effect.grade}" + (f"; {detail}" if detail else "")
        factors.lines.append(Assumption(target, value, "1", "withheld", *evidence, reason))


def _hla(factors: Factors, drug: Drug, genotype: Genotype, item: str) -> None:
    """A flag for phenytoin, and no effect on kinetics anywhere."""
    gene = load_gene("HLA-B")
    factors.lines.append(
        Assumption(
            item, 1.0, "1", "applied", gene.status, gene.grade, gene.source, "no effect on kinetics; a safety flag"
        )
    )
    if genotype.diplotype == "+" and drug.name == "phenytoin":
        factors.warnings.append(f"HLA-B*15:02 carrier and {drug.name}: {gene.rule}")


def _comedication(factors: Factors, drug: Drug, patient: Patient, exploratory: bool) -> None:
    if not patient.comedication:
        return
    names = tuple(canonical_perpetrator(name) for name in patient.comedication)
    rows = interactions_for(drug.name, names)
    acting = {name for row in rows for name in row.perpetrators}
    for name in names:
        if name not in acting:
            reason = "no interaction with this drug is known to the library"
            factors.lines.append(Assumption(f"{name} on {drug.name}", 1.0, "1", "applied", "", "", "", reason))
            if hint := misspelt_perpetrator(name):
                factors.warnings.append(f"comedication '{name}' is not in the table of interactions.{hint}")
    chosen = _strongest(factors, drug, [row for row in rows if row.is_quantified])
    for row in rows:
        _interaction(factors, drug, patient, row, row in chosen, exploratory)


def _strongest(factors: Factors, drug: Drug, rows: list[Interaction]) -> list[Interaction]:
    """Keep one inhibitor and one inducer, and what is neither."""
    kept = [row for row in rows if row.kind == "other"]
    for kind in ("inhibitor", "inducer"):
        same = sorted((row for row in rows if row.kind == kind), key=lambda row: -row.strength)
        kept += same[:1]
        if len(same) > 1:
            others = ", ".join(row.perpetrator for row in same[1:])
            factors.warnings.append(
                f"{drug.name}: of several {kind}s the strongest counts, {same[0].perpetrator}; not added: {others}"
            )
    return kept


def _interaction(
    factors: Factors, drug: Drug, patient: Patient, row: Interaction, chosen: bool, exploratory: bool
) -> None:
    item = f"{row.perpetrator} on {drug.name}"
    evidence = (row.status, row.grade, row.source)
    if not row.is_quantified:
        factors.lines.append(Assumption(item, "", "", "withheld", *evidence, f"not quantified; {row.note}"))
        factors.warnings.append(f"{row.perpetrator} with {drug.name}: {row.note}")
        return
    parts = {"CLint_hepatic": row.hepatic, "CLint_gut": row.gut, "CL": row.cl_multiplier, "CLp": row.pgp}
    applied = chosen and (exploratory or not row.exploratory)
    why = "" if applied else "exploratory only" if chosen else "a stronger one of its kind counts"
    for target, multiplier in parts.items():
        if multiplier is None:
            continue
        spared = _spared_by_cyp3a5(drug, patient, row) if target == "CLint_hepatic" else 0.0
        multiplier = multiplier * (1.0 - spared) + spared
        if applied:
            factors.put(target, multiplier)
        said = "; ".join(
            part for part in (why, row.dose, row.note, f"CYP3A5 spares {spared:g}" if spared else "") if part
        )
        action = "applied" if applied else "withheld"
        factors.lines.append(Assumption(f"{item}: {target}", multiplier, "1", action, *evidence, said))
    if row.pgp is not None:
        factors.warnings.append(EXPLORATORY_NOTE)


def _spared_by_cyp3a5(drug: Drug, patient: Patient, row: Interaction) -> float:
    """Share of hepatic CLint that CYP3A5 keeps going under an inhibitor of CYP3A4."""
    genotype = patient.genotypes.get("CYP3A5")
    if row.kind != "inhibitor" or genotype is None:
        return 0.0
    key = {"NM": "cyp3a5_share_expresser", "IM": "cyp3a5_share_heterozygous"}.get(genotype.phenotype or "", "")
    return drug.hepatic[key].value if key in drug.hepatic else 0.0


def _covariates(factors: Factors, drug: Drug, model: Model, patient: Patient) -> None:
    for effect in drug.covariate_effects:
        if any(getattr(patient, name, None) is None for name in effect.needs):
            continue
        item = f"{effect.name} on {drug.name}: {effect.target}"
        evidence = (effect.status, effect.grade, effect.source)
        if any(name in model.covariates for name in effect.skip_if_model_has):
            factors.lines.append(
                Assumption(item, 1.0, "1", "withheld", *evidence, "the model has this covariate itself")
            )
            continue
        multiplier = effect.multiplier(patient.covariates)
        if not effect.on:
            factors.lines.append(Assumption(item, multiplier, "1", "withheld", *evidence, effect.note or "off"))
            continue
        factors.put(effect.target, multiplier)
        factors.lines.append(Assumption(item, multiplier, "1", "applied", *evidence, effect.note))
        value = patient.covariates[effect.needs[0]]
        low, high = effect.low_valid, effect.high_valid
        if (low is not None and value < low) or (high is not None and value > high):
            factors.warnings.append(
                f"{drug.name}, {effect.name}: {effect.needs[0]} {value:g} is outside the fitted range "
                f"{'' if low is None else f'{low:g}'} to {'' if high is None else f'{high:g}'}"
            )
