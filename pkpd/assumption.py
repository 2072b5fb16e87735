"""One line of the list of assumptions: what was taken as given for a subject, and with which evidence."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Assumption"]


class Assumption(NamedTuple):
    """One line of the list of assumptions; `action` is applied, withheld, default or imputed."""

    item: str
    value: float | str
    unit: str
    action: str
    status: str
    grade: str
    source: str
    reason: str
