"""Every page that the program writes opens offline in a real browser: nothing missing, nothing fetched, readable on a
phone. Run with ``python -m pytest -m browser``; needs Chromium.
"""

from pathlib import Path

import pandas as pd
import pytest
from chromium import find_chromium, visit

import pkpd

pytestmark = pytest.mark.browser
DATA = Path(__file__).resolve().parents[2] / "data" / "observed"
LADDER = (
    "lorazepam 4 mg iv over 2 min at 10 min; lorazepam 4 mg iv over 2 min at 15 min if seizing; "
    "propofol 2 mg/kg iv at 40 min if seizing; propofol 4 mg/kg/h iv from 40 min"
)


def batch_page(folder):
    table = pd.DataFrame(
        {
            "scenario": ["adult", "child <b>bold</b>", "broken", "crowd"],
            "regimen": [LADDER, "midazolam 5 mg im", "lorazepam 4 tons iv", LADDER],
            "until": "3 h",
            "age_y": [40, 6, 40, 40],
            "weight_kg": [75, 20, 75, 75],
            "seizure": ["status", "", "", "status"],
            "n": [1, 1, 1, 10],
        }
    )
    pkpd.evaluate(table, out=folder)
    return folder / "report.html"


def simulate_page(folder):
    page = folder / "solution.html"
    page.write_text(pkpd.simulate(LADDER, until="3 h", seizure="status").report(), encoding="utf-8")
    return page


def trial_page(folder):
    design = {
        "trial": {"name": "two doses", "source": "none", "n": 20, "pk_variability": False},
        "population": {"weight_kg": 75, "age_y": 40},
        "start": {"time": 30, "entry": "seizing"},
        "arms": [
            {"name": "4 mg", "regimen": "lorazepam 4 mg iv over 2 min", "published": {"successes": 12, "n": 20}},
            {"name": "placebo", "regimen": ""},
        ],
        "endpoint": {"kind": "off", "off_from": 10, "off_until": 12},
    }
    page = folder / "trial.html"
    page.write_text(pkpd.trial(design).report(), encoding="utf-8")
    return page


def fit_page(folder):
    found = pkpd.fit(DATA / "midazolam.csv", "midazolam")  # intervals that are missing, values below the limit
    return found.save(folder / "fit") / "report.html"


PAGES = {"batch": batch_page, "simulate": simulate_page, "trial": trial_page, "fit": fit_page}


@pytest.fixture(scope="module", params=PAGES)
def page(request, tmp_path_factory):
    return PAGES[request.param](tmp_path_factory.mktemp(request.param))


def test_there_is_a_browser():
    assert find_chromium(), "no Chromium was found; install Debian's package chromium"


def test_opens_offline_without_a_complaint(page, tmp_path):
    seen = visit(page, tmp_path)
    assert not seen.console
    assert not seen.requests
    assert seen.measured["pictures"] >= 1 and seen.measured["empty"] == 0


def test_is_readable_on_a_phone(page, tmp_path):
    seen = visit(page, tmp_path, width=390)
    assert seen.measured["room"] <= 390
    assert seen.measured["width"] <= seen.measured["room"] + 1
    assert seen.measured["beyond"] == 0
    assert seen.measured["font"] >= 14
