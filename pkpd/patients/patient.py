"""Who is treated: one patient, validated when made, with the covariates that the models and formulas ask for.

A `Patient` knows what was stated, what was filled in and why. It knows no drug: which covariate a model uses, and
which values lie outside a model's experience, is decided where patient and model meet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pkpd.errors import DataError, ParameterError, did_you_mean
from pkpd.options import keywords_explained
from pkpd.patients.columns import COLUMNS, check_column_names, is_missing, known_columns
from pkpd.patients.covariates import ADULT_AGE_Y, Default, fill_covariates
from pkpd.patients.genes import gene_columns, read_genes, resolve
from pkpd.patients.look_alikes import check_look_alikes

if TYPE_CHECKING:
    import pandas as pd

    from pkpd.library.gene import Genotype

__all__ = ["Default", "Patient", "patients_from_frame"]


@dataclass(frozen=True, init=False, repr=False)
class Patient:
    """A typical patient: body, laboratory, genotype and comedication.

    Every argument is optional and given by name; ``None`` stands for "not given". Missing adult values are 35 y,
    70 kg, 170 cm and M, listed in `defaults`; under 18 y the weight is required. A gene that is not stated is unknown.

    Parameters
    ----------
    genotype : mapping of str to str, optional
        Gene to diplotype in either order (``"*1/*22"``), genotype (``"CC"``), ``"+"`` or ``"-"`` for HLA-B*15:02, or
        phenotype (``"PM"``, ``"IM"``, ``"NM"``, ``"RM"``, ``"UM"``, or spelled out). ``HLA_B`` is ``HLA-B``.
    comedication : list of str or str, optional
        Drugs taken before and throughout; a text is separated by ``;``, and ``"none"`` is empty.
    sampled_genes : tuple of str, optional
        Genes whose genotype was drawn from the frequencies of the ancestry group, not stated.
    **columns
        The patient columns below, and the gene columns (``CYP2C9="*1/*3"``).
        ``age_y``, ``weight_kg``, ``height_cm``; ``sex`` (M or F); ``pma_wk``, postmenstrual age in weeks (default
        52 age_y + 40); ``ancestry`` (EUR, AFR, EAS, SAS, AMR); ``serum_creatinine_mg_dL``; ``crcl_mL_min``;
        ``albumin_g_L``; ``crp_mg_L`` or ``il6_pg_mL``; ``temperature_C``; ``organ_failures``; ``apache_ii``;
        ``peep_cmH2O``; ``alcohol_abuse``, ``opioid``, ``venous``, ``head_injury``, ``vasopressor``, ``steroid``,
        ``low_carbohydrate`` (0 or 1); ``pgp_fold``; ``seizure_drive``; ``receptor_plasticity``.

    Raises
    ------
    ParameterError
        If a value cannot be read or cannot be, a name is unknown, both crp_mg_L and il6_pg_mL are given, or a child
        has no weight.

    Examples
    --------
    >>> who = Patient(age_y=60, weight_kg=80, sex="F", genotype={"CYP2C9": "*3/*1"}, comedication="none")
    >>> who.covariates["weight_kg"], who.covariates["male"]
    (80.0, 0.0)
    >>> [item.item for item in who.defaults]
    ['height_cm']
    """

    age_y: float | None = None
    weight_kg: float | None = None
    height_cm: float | None = None
    sex: str | None = None
    pma_wk: float | None = None
    ancestry: str | None = None
    serum_creatinine_mg_dL: float | None = None
    crcl_mL_min: float | None = None
    albumin_g_L: float | None = None
    crp_mg_L: float | None = None
    il6_pg_mL: float | None = None
    temperature_C: float | None = None
    organ_failures: int | None = None
    apache_ii: int | None = None
    peep_cmH2O: float | None = None
    alcohol_abuse: bool | None = None
    opioid: bool | None = None
    venous: bool | None = None
    head_injury: bool | None = None
    vasopressor: bool | None = None
    steroid: bool | None = None
    low_carbohydrate: bool | None = None
    pgp_fold: float | None = None
    seizure_drive: float | None = None
    receptor_plasticity: float | None = None
    genotype: Mapping[str, str] = field(default_factory=dict, hash=False)
    comedication: tuple[str, ...] = ()
    sampled_genes: tuple[str, ...] = ()

    @keywords_explained
    def __init__(
        self,
        *,
        genotype: Mapping[str, str] | None = None,
        comedication: str | Iterable[str] | None = None,
        sampled_genes: Iterable[str] = (),
        **columns: Any,
    ) -> None:
        values = dict.fromkeys(COLUMNS)
        gene_cells: dict[str, Any] = {}
        for name, value in columns.items():
            if name in COLUMNS:
                if value is not None:
                    values[name] = COLUMNS[name].read(value)
            elif name in gene_columns():
                gene_cells[name] = value
            else:
                raise _unknown_name(name)
        genes = read_genes(genotype or {}, gene_cells)
        # The instance is frozen for everybody else; this is the one place that fills it.
        self.__dict__.update(values)
        self.__dict__["genotype"] = genes
        self.__dict__["comedication"] = _comedication(comedication)
        self.__dict__["sampled_genes"] = tuple(sampled_genes)
        self.__dict__["_genotypes"] = {gene: resolve(gene, text) for gene, text in genes.items()}
        _check_together(self)

    def __repr__(self) -> str:
        given = [f"{name}={self.__dict__[name]!r}" for name in COLUMNS if self.__dict__[name] is not None]
        others = ("genotype", "comedication", "sampled_genes")
        given += [f"{name}={self.__dict__[name]!r}" for name in others if self.__dict__[name]]
        return f"Patient({', '.join(given)})"

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Patient:
        """Patient of one row of a table, where an empty cell or NaN means "not given".

        Parameters
        ----------
        row : mapping of str to object
            Column name to cell. Columns that do not describe a patient are passed over: `check_column_names`
            looks once at the names of a whole table.

        Returns
        -------
        Patient

        Raises
        ------
        ParameterError
            As `Patient`.
        """
        known = known_columns()
        return cls(**{name: value for name, value in row.items() if name in known and not is_missing(value)})

    @property
    def genotypes(self) -> dict[str, Genotype]:
        """Gene to resolved genotype, for the genes that were stated or sampled."""
        found: dict[str, Genotype] = self.__dict__["_genotypes"]
        return found

    @property
    def covariates(self) -> dict[str, float]:
        """Covariates by canonical name, in canonical units, given, by default or derived; not to change.

        A covariate that neither is given nor can be derived is absent.
        """
        return self._filled[0]

    @property
    def defaults(self) -> tuple[Default, ...]:
        """What was filled in or derived, each with item, value, unit and reason."""
        return self._filled[1]

    @cached_property
    def _filled(self) -> tuple[dict[str, float], tuple[Default, ...]]:
        return fill_covariates(self.__dict__)


def _check_together(patient: Patient) -> None:
    """What cannot be true of two columns at once."""
    age = patient.age_y
    if patient.crp_mg_L is not None and patient.il6_pg_mL is not None:
        raise ParameterError(
            f"patient, columns 'crp_mg_L' and 'il6_pg_mL': both are given ('{patient.crp_mg_L:g}' and "
            f"'{patient.il6_pg_mL:g}'); expected one of them, as both measure the same inflammation. Leave one empty."
        )
    if age is not None and age < ADULT_AGE_Y and patient.weight_kg is None:
        raise ParameterError(
            f"patient, column 'weight_kg': missing at age_y '{age:g}'; expected a weight, which is required under "
            "18 years. Give weight_kg."
        )
    if patient.pma_wk is not None:
        if age is None:
            raise ParameterError(
                f"patient, column 'pma_wk': '{patient.pma_wk:g}' stands without an age; expected age_y beside it. "
                "Give age_y, in years since birth."
            )
        # A year has 52.18 weeks and the models' rule counts 52: the window holds for both counts.
        if not 52.0 * age + 20.0 <= patient.pma_wk <= 52.2 * age + 46.0:
            raise ParameterError(
                f"patient, column 'pma_wk': '{patient.pma_wk:g}' does not fit age_y '{age:g}'; expected age plus 20 to "
                f"46 weeks of gestation, {52.0 * age + 20.0:.4g} to {52.2 * age + 46.0:.4g}. Correct one of the two."
            )


def _comedication(given: str | Iterable[str] | None) -> tuple[str, ...]:
    """Names in lower case, each once, in the order given."""
    if given is None:
        return ()
    if not isinstance(given, str | Iterable):
        given = [given]  # refused below
    items = given.split(";") if isinstance(given, str) else list(given)
    wrong = [item for item in items if not isinstance(item, str) or "," in item]
    if wrong:
        raise ParameterError(
            f"patient, column 'comedication': '{wrong[0]}' is not the name of one drug; expected names of drugs, as a "
            "list or separated by ';'. Leave it out if there are none."
        )
    names = [" ".join(item.split()).lower() for item in items]
    return tuple(dict.fromkeys(name for name in names if name not in ("", "none")))


def _unknown_name(name: str) -> ParameterError:
    known = known_columns()
    nearest = did_you_mean(name, known)
    return ParameterError(
        f"patient, column '{name}': there is no such column; expected one of {', '.join(COLUMNS)}, a gene, genotype "
        f"or comedication. Correct the name, or leave it out.{nearest}"
    )


def patients_from_frame(frame: pd.DataFrame) -> list[Patient]:
    """Typical patients, one of each row of a table.

    Parameters
    ----------
    frame : pandas.DataFrame
        Patient columns by their names; an empty cell means "not given", other columns are passed over.

    Returns
    -------
    list of Patient

    Raises
    ------
    DataError
        If a column looks like a misspelt known one, means one by another name, or stands twice.
    ParameterError
        If a row has an impossible value; the message names the row, the column and the value.
    """
    check_column_names(frame.columns)
    check_look_alikes(frame.columns)
    twice = [name for name in frame.columns if name in known_columns() and list(frame.columns).count(name) > 1]
    if twice:
        raise DataError(
            f"table of patients, column '{twice[0]}': it stands there {len(twice)} times; expected each "
            "column once. Delete one of them."
        )
    names = [name for name in frame.columns if name in known_columns()]
    columns: Sequence[list[Any]] = [frame[name].tolist() for name in names]
    patients = []
    for number in range(len(frame)):
        try:
            patients.append(Patient.from_row({name: cells[number] for name, cells in zip(names, columns)}))
        except ParameterError as error:
            raise ParameterError(f"row {number + 1} of the patients: {error}") from None
    return patients
