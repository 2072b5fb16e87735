"""The pictures of a fit by name; `Fit.plot` comes here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pkpd.errors import ParameterError, did_you_mean
from pkpd.pictures.fit_diagnostics import correlation, observed, qq, residuals
from pkpd.pictures.fit_forest import forest, forest_page_count
from pkpd.pictures.fit_profiles import profile_page, profile_page_count

if TYPE_CHECKING:
    from pkpd.fit.result import Fit
    from pkpd.pictures.picture import Picture

__all__ = ["WHAT", "page_count", "plot_fit"]

#: The pictures, in the order in which a reader wants them, and what each shows.
WHAT = {
    "profiles": "observed and predicted levels of each subject",
    "observed": "observed against predicted",
    "residuals": "weighted residuals against time and prediction",
    "qq": "weighted residuals against a normal distribution",
    "estimates": "estimates with 95 % intervals",
    "correlation": "correlation of the estimates",
}
_COUNTS = {"profiles": profile_page_count, "estimates": forest_page_count}


def page_count(fit: Fit, what: str) -> int:
    """Return how many pages a picture has; 0 where there is nothing to draw."""
    if fit.fitted is None or (not len(fit.fitted.units) and what != "profiles"):
        return 0
    return _COUNTS[what](fit) if what in _COUNTS else 1


def plot_fit(fit: Fit, what: str = "profiles", *, log: bool = False, page: int = 1) -> Picture:
    """Draw a fit; see `Fit.plot`."""
    if what not in WHAT:
        raise ParameterError(
            f"plot: what={what!r} is not known; expected {', '.join(repr(word) for word in WHAT)}."
            f"{did_you_mean(str(what), WHAT) or ' Use one of these.'}"
        )
    count = page_count(fit, what)
    if count == 0:
        raise ParameterError(
            f"plot: what={what!r} has nothing to show, as nothing was fitted ({fit.message}); expected a fit with "
            "estimates. Look at fit.subjects, or draw the observations with what='profiles'."
        )
    if isinstance(page, bool) or not isinstance(page, int) or not 1 <= page <= count:
        pages = f"a whole number from 1 to {count}" if count > 1 else "1, as there is one page"
        raise ParameterError(f"plot: page={page!r} of {what!r} is not there; expected {pages}. Correct the page.")
    if what == "profiles":
        return profile_page(fit, page, log=log)
    if what == "estimates":
        return forest(fit, page)
    if what in ("observed", "residuals"):
        return {"observed": observed, "residuals": residuals}[what](fit, log=log)
    return {"qq": qq, "correlation": correlation}[what](fit)
