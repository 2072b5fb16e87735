"""README.md: what it tells a reader to paste prints what it shows; its headline figures are the validation page's."""

import re

import pytest

from pages import ROOT, blocks_of, run_page, shown_as

README = ROOT / "README.md"
BLOCKS = [block for block in blocks_of(README) if not block.marker]  # those with a marker are run by .ci/run
#: A row of the validation page's summary: part, against, comparisons, met, missed.
SUMMARY = re.compile(r"^\| \[(.+?)\]\(.*?\) \| (.+?) \| (\d+) \| (\d+) \| \**(\d+)\** \|$", re.MULTILINE)
#: A row of the headline in the README: part, against, comparisons, missed.
HEADLINE = re.compile(r"^\| ([\w -]+) \| (.+?) \| (\d+) \| (\d+) \|$", re.MULTILINE)


def test_the_readme_runs_and_shows_its_two_commands_and_three_jobs():
    text = README.read_text(encoding="utf-8")
    assert [block.marker for block in blocks_of(README) if block.marker] == ["main-job", "tests"]
    assert sum(block.output for block in BLOCKS) >= 4
    assert all(f"## Job {number}" in text for number in (1, 2, 3))


def test_examples_run_and_print_what_is_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_page(BLOCKS, tmp_path, "README.md")


def test_headline_figures_are_those_of_the_validation_page():
    page, readme = ((ROOT / name).read_text(encoding="utf-8") for name in ("docs/validation.md", "README.md"))
    measured = [(part, against, count, missed) for part, against, count, _, missed in SUMMARY.findall(page)]
    shown = HEADLINE.findall(readme)
    assert len(shown) >= 5
    assert set(shown) <= set(measured), measured


@pytest.mark.parametrize("printed", ["CL 2.867 L/h", "CL 2.8660 L/h", "CL 2.866 L"])
def test_output_that_differs_in_a_digit_is_noticed(printed):
    assert shown_as("...\nCL  2.866\n L/h", "V 3\nCL 2.866 L/h\n")
    assert not shown_as("CL 2.866 L/h", printed)
