"""Effects of genotypes and covariates on a parameter, as the drug files state them; says which row fits a genotype."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pkpd.errors import did_you_mean
from pkpd.library.covariates import COVARIATES
from pkpd.library.evidence import Source
from pkpd.library.expression import Expression, parse
from pkpd.library.folders import gene_names
from pkpd.library.gene import Genotype, canonical_pair
from pkpd.library.reading import Table, read_evidence

__all__ = ["TARGETS", "CovariateEffect", "Effect", "match_effects", "read_covariate_effect", "read_effect"]

TARGETS = ("CLint_hepatic", "CLint_gut", "CL", "Vmax", "Km", "F", "CLp")
STATES = ("PM", "IM", "NM", "RM", "UM", "CC", "CT", "TT", "+", "-", "any")
_EVIDENCE = ("source", "status", "grade", "note", "guideline", "on", "low", "high", "target")
_EFFECT_KEYS = (*_EVIDENCE, "gene", "state", "diplotype", "allele", "activity_score", "no_function_alleles")
_COVARIATE_KEYS = (*_EVIDENCE, "name", "needs", "equation", "skip_if_model_has", "low_valid", "high_valid")


@dataclass(frozen=True)
class Effect:
    """What a genotype does to one parameter.

    Attributes
    ----------
    gene : str
    target : str
        CLint_hepatic, CLint_gut, CL, Vmax, Km, F or CLp (P-gp clearance at the blood-brain barrier).
    multiplier : float
        Applied where `on`; 1 where the evidence is null.
    on : bool
        Applied under the evidence level ``established``.
    scenario_multiplier : float or None
        Applied under ``exploratory`` in its place.
    state, diplotype, allele : str
        The row is for this phenotype (or genotype), for this pair of alleles, or for carriers of this allele.
    activity_score : float or None
    no_function_alleles : int or None
        Narrows an activity score to pairs with so many no-function alleles.
    low, high : float or None
        Plausible range of the multiplier.
    source, status, grade, note, guideline : str
    """

    gene: str
    target: str
    multiplier: float
    on: bool
    scenario_multiplier: float | None
    source: str
    status: str
    grade: str
    state: str = ""
    diplotype: str = ""
    allele: str = ""
    activity_score: float | None = None
    no_function_alleles: int | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""
    guideline: str = ""

    @property
    def subject(self) -> str:
        """For whom the row is: ``"*1/*3"``, ``"activity score 1"``, ``"*1B carrier"`` or ``"PM"``."""
        if self.diplotype:
            return self.diplotype
        if self.activity_score is not None:
            return f"activity score {self.activity_score:g}"
        return f"{self.allele} carrier" if self.allele else self.state

    @property
    def span(self) -> str:
        """What the multiplier may be by its sources: ``"0.2 to 0.5"``; empty where nothing, or one value, is stated."""
        if self.low is None or self.high is None or self.low == self.high:
            return ""
        return f"{self.low:g} to {self.high:g}"

    def specificity(self, genotype: Genotype) -> int:
        """Return how closely the row fits a genotype of its gene: 0 not at all, 5 the very pair of alleles."""
        if self.diplotype:
            return 5 if genotype.diplotype == self.diplotype else 0
        if self.activity_score is not None:
            if genotype.activity_score != self.activity_score:
                return 0
            if self.no_function_alleles is None:
                return 3
            return 4 if genotype.no_function_alleles == self.no_function_alleles else 0
        if self.allele:
            return 2 if self.allele in genotype.alleles else 0
        return 1 if self.state in ("any", genotype.phenotype, genotype.diplotype) else 0


def match_effects(effects: Iterable[Effect], genotype: Genotype) -> tuple[Effect, ...]:
    """Return the rows that fit a genotype: of its gene, for each target the most specific one.

    A pair of alleles goes before an activity score, that before the carrier of an allele, and that before the
    phenotype, so that ``*1/*20`` takes its own row and not the one of all intermediate metabolisers.
    """
    best: dict[str, tuple[int, Effect]] = {}
    for effect in effects:
        fit = effect.specificity(genotype) if effect.gene == genotype.gene else 0
        if fit > best.get(effect.target, (0, None))[0]:
            best[effect.target] = (fit, effect)
    return tuple(effect for _, effect in best.values())


@dataclass(frozen=True)
class CovariateEffect:
    """What a covariate does to one parameter, outside of the published model.

    Attributes
    ----------
    name : str
    needs : tuple of str
        The covariates that a patient must state for it.
    target : str
    equation : Expression
        Gives the multiplier from these covariates.
    on : bool
    skip_if_model_has : tuple of str
        Left out where the model already has one of these covariates.
    low_valid, high_valid : float or None
        Range of the (first) covariate; outside is a warning.
    source, status, grade, note : str
    """

    name: str
    needs: tuple[str, ...]
    target: str
    equation: Expression
    on: bool
    skip_if_model_has: tuple[str, ...]
    low_valid: float | None
    high_valid: float | None
    source: str
    status: str
    grade: str
    note: str = ""

    def multiplier(self, covariates: Mapping[str, float]) -> float:
        """Evaluate the equation; every covariate of `needs` must be there."""
        return self.equation.evaluate(covariates)


def read_effect(table: Table, sources: Mapping[str, Source]) -> Effect:
    """Read one row of ``[[effects]]``."""
    table.only((*_EFFECT_KEYS, "multiplier", "scenario_multiplier"))
    subjects = [key for key in ("state", "diplotype", "allele", "activity_score") if key in table]
    if len(subjects) != 1:
        problem = f"the row is for {' and '.join(subjects) or 'nobody'}"
        raise table.error(problem, "one of state, diplotype, allele, activity_score", "Keep one of them.")
    multiplier, scenario = table.number("multiplier"), table.number("scenario_multiplier", None)
    for number in (multiplier, scenario, table.number("low", None)):
        if number is not None and number < 0:
            raise table.error(f"a multiplier is {number:g}", "a number from 0 up", "Correct it.")
    source, status, grade = read_evidence(table, sources)
    counted = table.number("no_function_alleles", None)
    return Effect(
        gene=table.text("gene", choices=(*gene_names(), "any")),
        target=table.text("target", choices=TARGETS),
        multiplier=multiplier,
        on=table.flag("on"),
        scenario_multiplier=scenario,
        source=source,
        status=status,
        grade=grade,
        state=table.text("state", "", choices=STATES),
        activity_score=table.number("activity_score", None),
        no_function_alleles=None if counted is None else int(counted),
        low=table.number("low", None),
        high=table.number("high", None),
        diplotype=_read_diplotype(table),
        **{key: table.text(key, "") for key in ("allele", "note", "guideline")},
    )


def _read_diplotype(table: Table) -> str:
    """Read a pair of alleles into the order in which genotypes are compared."""
    text = table.text("diplotype", "")
    parts = text.split("/")
    if len(parts) == 1 and text in ("", "CC", "CT", "TT", "+", "-"):
        return text
    if len(parts) != 2:
        raise table.error(f"'diplotype' is '{text}'", "two alleles such as '*1/*3', or CC, CT, TT", "Correct it.")
    return "/".join(canonical_pair(*parts))


def read_covariate_effect(table: Table, sources: Mapping[str, Source]) -> CovariateEffect:
    """Read one row of ``[[covariate_effects]]``."""
    table.only(_COVARIATE_KEYS)
    needs = table.texts("needs")
    for name in (*needs, *table.texts("skip_if_model_has")):
        if name not in COVARIATES:
            hint = did_you_mean(name, COVARIATES) or "Use one of these."
            raise table.error(f"the covariate '{name}' is not known", f"one of {', '.join(COVARIATES)}", hint)
    source, status, grade = read_evidence(table, sources)
    return CovariateEffect(
        name=table.text("name"),
        needs=needs,
        target=table.text("target", choices=TARGETS),
        equation=parse(table.text("equation"), needs, table.where),
        on=table.flag("on"),
        skip_if_model_has=table.texts("skip_if_model_has"),
        low_valid=table.number("low_valid", None),
        high_valid=table.number("high_valid", None),
        source=source,
        status=status,
        grade=grade,
        note=table.text("note", ""),
    )
