"""The pages that come from the data are those that `python -m docs.generate` writes."""

import pytest

from docs.generate.__main__ import FOLDER, library_pages, run_pages

LIBRARY = library_pages()


@pytest.mark.parametrize("name", LIBRARY)
def test_page_follows_from_the_library(name):
    assert (FOLDER / name).read_text(encoding="utf-8") == LIBRARY[name], "run `python -m docs.generate --quick`"


@pytest.mark.slow
def test_validation_page_is_what_the_runs_give():
    for name, text in run_pages().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, "run `python -m docs.generate`"
