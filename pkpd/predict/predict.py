"""The bare engine on a NONMEM data set: doses and parameters in, IPRED out, without drug knowledge.

Knows how records and parameters become problems of the engine. It works in the units of the data and converts nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pkpd.dataset.dataset import Dataset, Table, as_dataset
from pkpd.errors import PkpdWarning, SolverError, did_you_mean
from pkpd.models.compartments import Compartments, as_model, theta
from pkpd.options import keywords_explained, one_of
from pkpd.predict.histories import dose_first, histories, reordered
from pkpd.predict.parameters import ParameterSets, dose_values, named_values, parameter_sets

if TYPE_CHECKING:
    import pandas as pd

    from pkpd.engine.events import Changes, Doses, Pieces

__all__ = ["predict"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@keywords_explained
def predict(
    data: str | Path | pd.DataFrame | Dataset,
    model: str | Compartments,
    parameters: Mapping[str, Any] | pd.DataFrame,
    *,
    covariates: str = "locf",
    ties: str = "record",
    units: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Predict the concentration at every row of a data set with NONMEM columns.

    Parameters
    ----------
    data : path, pandas.DataFrame or Dataset
        Records with at least ID and TIME; see `read_data` for the columns. Rows of one ID stand together, in time
        order.
    model : Compartments or str
        ``Compartments(...)`` or a short form: ``"1cmt"``, ``"2cmt oral"``, ``"3cmt"``, ``"1cmt mm"``,
        ``"2cmt oral mm"``. With absorption compartment 1 is the depot and 2 the central one; without, 1 is central.
        A dose whose CMT is missing or 0 goes into compartment 1.
    parameters : mapping of str to number, mapping or str
        CL V1 Q2 V2 Q3 V3 (central, first and second peripheral, with or without a depot; V, Vc, Vp and Q are
        understood), KA, VM (amount/time), KM (amount/volume), and for compartment number n Fn ALAGn Rn Dn. A value is
        a number, a mapping (or pandas Series) from ID, or the name of a column of the data. They are in the units of
        the data: with TIME in minutes and AMT in mg, CL is in L/min when V1 is in L, and IPRED in mg/L.
    covariates : "locf" or "nocb"
        For parameters from columns: ``locf`` holds a row's value until the next row, ``nocb`` uses the next row's
        value over the interval that ends there (NONMEM's rule).
    ties : "record" or "dose-first"
        Order of the rows of one time: as they stand, or doses before the others. A reset parts the rows before it
        from those after it.
    units : mapping of str to str, optional
        Units of columns, such as ``{"TIME": "min"}``. They are checked and change no number.

    Returns
    -------
    pandas.DataFrame
        The data with the column IPRED: the amount in the central compartment over V1 of that row, after what the row
        does. A column of that name is replaced.

    Raises
    ------
    DataError
        If the data cannot be read or a record breaks a rule; the message names the line.
    ParameterError
        If a parameter is missing, unknown or has an impossible value, or an option is unknown.
    SolverError
        If a steady state is asked for that does not exist; the message names the ID.

    Warns
    -----
    PkpdWarning
        If the data have no column AMT, and so no dose.

    Notes
    -----
    Records act as in NONMEM: EVID 0 to 4; SS=1 clears the system, the running infusions and the doses still to come,
    SS=2 adds; a constant infusion at steady state (AMT 0) has ended with its record; additional doses and lagged doses
    act before the records of their time; F, lag, rate and duration come from the dose record. AMT x F is the amount:
    a given RATE (or R) stays and F changes the duration, a given duration (D) stays and F changes the rate, and D 0 is
    a bolus.

    Examples
    --------
    >>> import pandas as pd
    >>> data = pd.DataFrame({"ID": 1, "TIME": [0, 0, 2], "AMT": [100, 0, 0]})
    >>> predict(data, "1cmt", {"CL": 5, "V1": 20})["IPRED"].round(3).tolist()
    [5.0, 5.0, 3.033]
    """
    from pkpd.engine.scan import divide_runs

    one_of("predict: covariates=", covariates, ("locf", "nocb"))
    one_of("predict: ties=", ties, ("record", "dose-first"))
    dataset, form = as_dataset(data, units), as_model(model)
    table = dataset.table(form.count)
    values = named_values(parameters, form)
    if "AMT" not in dataset.names:
        _warn_of_no_doses(dataset)
    order = dose_first(table) if ties == "dose-first" else None
    if order is not None:
        table = reordered(table, order)
    sets = parameter_sets(dataset, table, values, form, order)
    ipred = _amounts(dataset, table, values, form, sets, covariates == "locf", order)
    divide_runs(ipred, sets.start, sets.values["V1"])
    if order is not None:
        ipred[order] = ipred.copy()
    return _with_column(dataset.frame, "IPRED", ipred)


def _warn_of_no_doses(dataset: Dataset) -> None:
    columns = [str(name) for name in dataset.frame.columns]
    warnings.warn(
        f"{dataset.source}: there is no column AMT, so no record is a dose and IPRED is 0 everywhere; expected the "
        f"amount of each dose in AMT.{did_you_mean('AMT', columns) or ' Add the column.'}",
        PkpdWarning,
        stacklevel=3,
    )


def _with_column(frame: pd.DataFrame, name: str, values: FloatArray) -> pd.DataFrame:
    """The frame with one more column, sharing the others where pandas copies on write (from version 3 on)."""
    import pandas as pd

    result = frame.copy(deep=int(pd.__version__.split(".")[0]) < 3)
    result[name] = pd.Series(values, index=frame.index, copy=False)
    return result


def _amounts(
    dataset: Dataset,
    table: Table,
    values: Mapping[str, Any],
    model: Compartments,
    sets: ParameterSets,
    locf: bool,
    order: IntArray | None,
) -> FloatArray:
    """The amount in the central compartment at every row."""
    from pkpd.engine.events import expand
    from pkpd.engine.linear import Problems, solve_states

    pieces = histories(table)
    doses = _doses(dataset, table, values, pieces, order)
    actions, first, last = expand(table.time, pieces, doses, _changes(sets, pieces, locf), changes_first=locf)
    problems = Problems(sets.at(pieces.start), first, last, pieces.start, pieces.stop)
    orders = np.arange(len(table.time), dtype=np.int64)
    rates, central = theta(model, sets.values), model.central - 1
    try:
        if not model.saturable:
            return solve_states(model.structure, rates, actions, problems, table.time, orders, central)
        from pkpd.models.saturable import solve_saturable

        vm = np.ascontiguousarray(sets.values["VM"])
        km_amount = sets.values["KM"] * sets.values["V1"]
        block = 1 if model.absorption else 0
        return solve_saturable(
            model.structure, rates, vm, km_amount, block, actions, problems, table.time, orders, central
        )
    except SolverError as error:
        problem = getattr(error, "problem", None)
        if problem is None:
            raise
        row = int(pieces.start[problem])
        who = table.ids[int(table.id_index(row))]
        raise SolverError(
            f"{dataset.source} ID {who}: {error}. Check the dose, II and the elimination parameters of this ID."
        ) from None


def _doses(dataset: Dataset, table: Table, values: Mapping[str, Any], pieces: Pieces, order: IntArray | None) -> Doses:
    """The dose records with F, lag, R and D of their row."""
    from pkpd.engine.events import Doses

    r = table.records
    given = r.dose
    row, amt, rate, ii, ss = r.row[given], r.amt[given], r.rate[given], r.ii[given], r.ss[given].astype(np.int64)
    cmt = np.where(r.cmt[given] == 0, 1, r.cmt[given]).astype(np.int64)
    f, lag, r_n, d_n = dose_values(dataset, table, values, row, cmt, rate, order)
    amount = amt * f
    code = rate
    if (code < 0).any():
        with np.errstate(divide="ignore", invalid="ignore"):
            by_duration = np.where(d_n > 0, amount / d_n, 0.0)
        rate = np.where(code == -1, r_n, np.where(code == -2, by_duration, code))
    duration = np.divide(amount, rate, out=np.zeros(len(row)), where=rate > 0)
    piece = np.searchsorted(pieces.start, row, side="right") - 1
    return Doses(piece, row, cmt - 1, amount, rate, duration, lag, ii, r.addl[given].astype(np.int64), ss)


def _changes(sets: ParameterSets, pieces: Pieces, locf: bool) -> Changes:
    """Where other parameters come into force inside a piece: at the row (locf), or at the row before it (nocb)."""
    from pkpd.engine.events import Changes

    piece = np.searchsorted(pieces.start, sets.start, side="right") - 1
    number = np.flatnonzero(pieces.start[piece] != sets.start)
    piece, row = piece[number], sets.start[number]
    return Changes(piece, row if locf else row - 1, number)
