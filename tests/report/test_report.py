"""The page opens offline, is whole, escapes what users typed, and repeats the numbers of the table."""

from html.parser import HTMLParser

import pandas as pd
import pytest

from pkpd import Patient, evaluate, simulate
from pkpd.report.page import Html, concentration, number, page, paragraph, picture, table, time
from pkpd.report.solution import solution_page

VOID = {"meta", "br", "wbr", "link", "img", "input", "hr"}


class Checker(HTMLParser):
    """Collects ids, links and outside references, and sees whether every tag is closed."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.links, self.outside, self.words, self.tags = [], [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in ("href", "xlink:href", "src"):
                (self.links if value.startswith("#") else self.outside).append(value)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def check(html):
    checker = Checker()
    checker.feed(html)
    assert checker.open == []
    assert checker.outside == [], "a page that opens offline refers to nothing outside"
    assert len(checker.ids) == len(set(checker.ids)), "names inside the page are unique"
    assert {link[1:] for link in checker.links} <= set(checker.ids), "every link has a target"
    assert "script" not in checker.tags
    return " ".join(" ".join(checker.words).split())


SCENARIOS = pd.DataFrame(
    {
        "scenario": ["first <b>line</b>", "crowd", "broken", "children & co"],
        "regimen": ["lorazepam 4 mg iv", "levetiracetam 1000 mg iv", "lorazepam 4 mgg iv", "midazolam 10 mg im"],
        "until": "12 h",
        "n": [1, 20, 1, 1],
        "CYP3A4": ["", "", "", "*1/*22"],
        "UGT2B15": ["*2/*2", "", "", ""],
        "note": ["why 3 < 4", "", "", ""],
    }
)


@pytest.fixture(scope="module")
def batch_html(tmp_path_factory):
    out = tmp_path_factory.mktemp("page")
    SCENARIOS.to_csv(out / "my_question.csv", index=False)
    evaluate(out / "my_question.csv", out=out / "results")
    return (out / "results" / "report.html").read_text(encoding="utf-8")


def test_page_is_whole_and_stands_alone(batch_html):
    check(batch_html)
    assert '<meta name="viewport"' in batch_html and "@media print" in batch_html
    assert batch_html.count("<svg") == 3 + 4  # three scenarios; overviews of three drugs and a metabolite


def test_page_says_what_it_is(batch_html):
    words = check(batch_html)
    assert "My question" in words
    assert "Question: which concentrations" in words and "does the seizure stop" not in words
    assert "Research and teaching software; it never says what to give a patient." in words
    assert "4 scenarios: 3 ok, 1 with an error" in words
    assert "sha256 of the input" in words and "numpy" in words


def test_page_of_a_seizure_asks_whether_it_stops(tmp_path):
    table = SCENARIOS.iloc[:1].drop(columns=["n", "UGT2B15"]).assign(seizure="status")
    evaluate(table, out=tmp_path / "results")
    words = check((tmp_path / "results" / "report.html").read_text(encoding="utf-8"))
    assert "does the seizure stop and how soon" in words


def test_page_shows_errors_effects_and_grades(batch_html):
    words = check(batch_html)
    assert "mgg" in words and "column 'regimen'" in words
    assert "UGT2B15" in words and "CYP3A4" in words
    assert "Applied" in words and "Defaults" in words
    assert "why 3 < 4" in words


def test_what_users_typed_is_escaped(batch_html):
    assert "<b>line</b>" not in batch_html
    assert "first &lt;b&gt;line&lt;/b&gt;" in batch_html
    assert "children &amp; co" in batch_html


def test_numbers_of_the_page_are_those_of_the_table(batch_html):
    words = check(batch_html)
    result = evaluate(SCENARIOS)
    assert concentration(result["lorazepam_cmax_mg_L"][0]) in words
    assert number(result["midazolam_auc_mg_h_L"][3]) in words
    assert concentration(result["levetiracetam_cmax_mg_L_p50"][1]) in words


def test_page_of_a_solution():
    solution = simulate(
        "midazolam 10 mg im", Patient(weight_kg=80, genotype={"CYP3A4": "*1/*22"}), until="8 h", evidence="exploratory"
    )
    words = check(solution_page(solution))
    assert "midazolam 10 mg im" in words and "exploratory" in words
    assert concentration(solution.metrics()["midazolam_cmax_mg_L"][0]) in words
    assert "Orders" in words and "CYP3A4" in words


def test_page_of_an_untreated_run():
    assert "No drug is ordered" in check(solution_page(simulate("none", until="6 h")))


@pytest.mark.parametrize(
    "value, shown",
    [(0, "0"), (1.23456, "1.23"), (12.345, "12.3"), (1234.4, "1,234"), (0.00012345, "0.000123"), (1e-9, "1.00e-09"),
     (float("nan"), "–"), (None, "–"), (9.999, "10.0"), (-2.5, "-2.50")],
)  # fmt: skip
def test_numbers_are_rounded_for_reading(value, shown):
    assert number(value) == shown


@pytest.mark.parametrize("value, shown", [(0.05, "50.0 µg/L"), (0.1, "0.100 mg/L"), (0, "0 mg/L"), (45, "45.0 mg/L")])
def test_concentrations(value, shown):
    assert concentration(value) == shown


@pytest.mark.parametrize("hours, shown", [(0.5, "30.0 min"), (0, "0 h"), (12, "12.0 h"), (96, "4.00 days")])
def test_times(hours, shown):
    assert time(hours) == shown


def test_building_blocks_escape_unless_told_otherwise():
    assert paragraph("a < b") == "<p>a &lt; b</p>"
    assert paragraph(Html("<b>a</b>")) == "<p><b>a</b></p>"
    assert "&lt;i&gt;" in table(["<i>"], [["x"]])
    assert "<title>a &amp; b</title>" in page("a & b", [])


def test_names_inside_pictures_are_kept_apart():
    svg = '<?xml?><svg><defs><path id="p1"/></defs><use xlink:href="#p1" clip-path="url(#p1)"/></svg>'
    made = picture(svg, "label", "s1")
    assert 'id="s1-p1"' in made and 'href="#s1-p1"' in made and "url(#s1-p1)" in made and "<?xml" not in made
