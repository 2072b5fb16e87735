"""Dosing, genotype and brain entry of antiseizure drugs in status epilepticus, on one clock.

The public names below are loaded when they are first used, so that ``import pkpd`` costs next to nothing.
Research and teaching software: it never tells anybody what to give.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pkpd.errors import (
    ConvergenceError,
    DataError,
    DrugFileError,
    ParameterError,
    PkpdError,
    PkpdWarning,
    RegimenError,
    SolverError,
    UnitError,
)

if TYPE_CHECKING:
    from pkpd.batch.evaluate import evaluate
    from pkpd.check.run import check
    from pkpd.dataset.dataset import read_data
    from pkpd.fit import fit
    from pkpd.library.catalogue import list_drugs, load_drug
    from pkpd.models.compartments import Compartments
    from pkpd.nca.nca import nca
    from pkpd.patients.patient import Patient
    from pkpd.patients.population import Population
    from pkpd.predict.predict import predict
    from pkpd.simulate import simulate
    from pkpd.trial.trial import trial

__version__ = "0.1.0"

_HOMES = {
    "Compartments": "pkpd.models.compartments",
    "Patient": "pkpd.patients.patient",
    "Population": "pkpd.patients.population",
    "check": "pkpd.check.run",
    "evaluate": "pkpd.batch.evaluate",
    "fit": "pkpd.fit",
    "list_drugs": "pkpd.library.catalogue",
    "load_drug": "pkpd.library.catalogue",
    "nca": "pkpd.nca.nca",
    "predict": "pkpd.predict.predict",
    "read_data": "pkpd.dataset.dataset",
    "simulate": "pkpd.simulate",
    "trial": "pkpd.trial.trial",
}

__all__ = [
    "Patient",
    "Population",
    "simulate",
    "evaluate",
    "trial",
    "predict",
    "fit",
    "Compartments",
    "nca",
    "read_data",
    "check",
    "load_drug",
    "list_drugs",
    "PkpdError",
    "UnitError",
    "ParameterError",
    "DrugFileError",
    "RegimenError",
    "DataError",
    "SolverError",
    "ConvergenceError",
    "PkpdWarning",
    "__version__",
]


class _Package(ModuleType):
    """The package object: a function wins over the submodule of its name.

    Loading ``pkpd/simulate.py`` makes the import system bind the module as ``pkpd.simulate``, where users expect
    the function. That one assignment is passed over; ``from pkpd.simulate import ...`` still finds the module.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pkpd' has no attribute '{name}'; public names: {', '.join(__all__)}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
