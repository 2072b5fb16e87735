"""The check of the data before a fit: errors stop it, warnings go with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pkpd.check.run import check
from pkpd.dataset.dataset import Dataset
from pkpd.dataset.rules import Finding, raise_errors
from pkpd.errors import ParameterError
from pkpd.fit.library_model import drug_of
from pkpd.models.compartments import Compartments

__all__ = ["checked"]

#: The first so many warnings of the check are told one by one.
TOLD = 5


def checked(data: Dataset, model: str | Compartments, by: str | Sequence[str] | None) -> list[str]:
    """Return the warnings of the check as sentences.

    Raises
    ------
    DataError
        The first error.
    """
    found = check(_with_drug(data, model), by=by)
    each = [Finding(*row) for row in found.itertuples(index=False, name=None)]
    raise_errors([finding for finding in each if finding.severity == "error"], data.source)
    warnings = [finding for finding in each if finding.severity == "warning"]
    told = [f"check, {_where(finding)}: {finding.message} {finding.fix}" for finding in warnings[:TOLD]]
    if len(warnings) > TOLD:
        told.append(f"check: {len(warnings) - TOLD} more warnings; `pkpd check` lists them")
    return told


def _where(finding: Finding) -> str:
    return f"line {finding.line}" if finding.line else "file"


def _with_drug(data: Dataset, model: str | Compartments) -> Dataset:
    """The data as those of the drug that is fitted, so that doses and levels can be judged."""
    if "DRUG" in data.names or isinstance(model, Compartments) or data.structure or "DRUG" in data.frame.columns:
        return data
    try:
        drug, _, given = drug_of(model)
    except ParameterError:  # a short form, or a word that is refused later with its own sentence
        return data
    return replace(data, frame=data.frame.assign(DRUG=given or drug.name), names={**data.names, "DRUG": "DRUG"})
