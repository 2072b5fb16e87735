"""What a fit gives: estimates with their uncertainty, predictions, and everything needed to judge them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pkpd.dataset.dataset import Dataset

if TYPE_CHECKING:
    import pandas as pd
    from lmfit.minimizer import MinimizerResult
    from matplotlib.figure import Figure

    from pkpd.fit.fitted import Fitted

__all__ = ["Fit"]


@dataclass(frozen=True, repr=False)
class Fit:
    """A model fitted to concentration data.

    Attributes
    ----------
    model, method, error : str
        As they were chosen.
    data : Dataset
        What was fitted, in its own units.
    params : pandas.DataFrame
        ``id parameter estimate stderr ci_low ci_high unit reason``; one row a subject and parameter, the standard
        deviations of the residual error (``sigma``) included. `id` is ``pooled``, or the subjects, plus ``mean`` and
        ``sd`` for two-stage. Where there is no standard error, `reason` says why.
    predictions : pandas.DataFrame
        ``ID TIME DV IPRED IRES IWRES`` of every observation, in the units of the data; PRED too for map, DVID and the
        columns of `by` where there are some. IPRED is NaN for a subject that was not fitted.
    subjects : pandas.DataFrame
        ``id n_obs ofv success message starts``: one row for each separate fit.
    results : dict
        lmfit's result for each id; its parameters are logarithms.
    ofv, aic, bic : float
        sum(res^2/var + ln var) over all that was fitted, without the constant N ln 2 pi; AIC and BIC with it.
    success : bool
        Whether every subject was fitted and every minimisation converged.
    message : str
    assumptions : pandas.DataFrame
        ``id item value unit action status grade source reason``.
    warnings : tuple of str
    left_out : pandas.DataFrame
        ``line ID TIME DV reason``: observations that do not count.
    """

    model: str
    method: str
    error: str
    data: Dataset
    params: pd.DataFrame
    predictions: pd.DataFrame
    subjects: pd.DataFrame
    results: Mapping[Any, MinimizerResult]
    ofv: float
    aic: float
    bic: float
    success: bool
    message: str
    assumptions: pd.DataFrame
    warnings: tuple[str, ...]
    left_out: pd.DataFrame
    options: Mapping[str, Any] = field(default_factory=dict)
    fitted: Fitted | None = None

    def __repr__(self) -> str:
        state = "ok" if self.success else self.message
        return f"Fit({self.model!r}, method={self.method!r}, {len(self.subjects)} fits, OFV {self.ofv:.3f}, {state})"

    def report(self) -> str:
        """Return a readable text: what was fitted, the estimates, what was left out, warnings and assumptions."""
        from pkpd.fit.report import report_text

        return report_text(self)

    def derived(self) -> pd.DataFrame:
        """Return what follows from the estimates of a linear model.

        Returns
        -------
        pandas.DataFrame
            ``id quantity estimate stderr ci_low ci_high unit``, the quantities being the terminal half-life and the
            steady-state volume (over the bioavailable fraction where that is not known); no rows for a saturable model.
        """
        from pkpd.fit.derived import derived_table

        return derived_table(self.fitted)

    def forecast(
        self,
        regimen: str | pd.DataFrame,
        until: str | float,
        *,
        every: str | float | None = None,
        history: bool = True,
        n: int = 1000,
        seed: int | None = None,
    ) -> pd.DataFrame:
        """Predict what comes, with the uncertainty of the estimates.

        Parameters
        ----------
        regimen : str or pandas.DataFrame
            In the regimen language; or records with TIME AMT and, where they apply, RATE CMT II ADDL, in the units of
            the data. Time 0 is the last record of each subject.
        until : str or float
            End, counted from there; a bare number is in hours.
        every : str or float, optional
            Spacing; by default 200 intervals.
        history : bool
            Whether what the data gave before is still there; without it the system begins empty.
        n : int
            Draws of the parameters.
        seed : int, optional

        Returns
        -------
        pandas.DataFrame
            ``id time_h ipred low high pred_low pred_high``: the concentration at the estimates in the unit of DV, 95 %
            of the concentrations that the uncertainty of the parameters leaves, and 95 % of what would be measured.
        """
        from pkpd.fit.forecast import forecast

        return forecast(self, regimen, until, every=every, history=history, n=n, seed=seed)

    def plot(self, what: str = "profiles", *, log: bool = False, page: int = 1) -> Figure:
        """Return a picture of the fit.

        Parameters
        ----------
        what : {"profiles", "observed", "residuals", "qq", "estimates", "correlation"}
            Observed and predicted levels of each subject against time; observed against IPRED (and PRED, for map);
            IWRES against time and prediction; IWRES against a normal distribution; estimates with their 95 %
            intervals; correlation of the estimates.
        log : bool
            Logarithmic axes of the levels.
        page : int
            Which page of profiles (12 panels each) or estimates (40 subjects each), from 1.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        ParameterError
            If there is no such picture or page.
        """
        from pkpd.pictures.fit import plot_fit

        return plot_fit(self, what, log=log, page=page)

    def save(self, folder: str | Path, *, log: bool = False) -> Path:
        """Write everything needed to judge the fit and to run it again into a folder.

        Parameters
        ----------
        folder : str or Path
            Made if need be. It gets the tables as CSV, the report as text and as a page that opens offline, the
            pictures, a copy of the data, and `manifest.json` with versions, hashes, options and the line that runs
            the fit again. What an earlier fit wrote there goes.
        log : bool
            Logarithmic axes of the levels in the pictures.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        ParameterError
            If it cannot be written.
        """
        from pkpd.report.fit_folder import save_fit

        return save_fit(self, folder, log=log)
