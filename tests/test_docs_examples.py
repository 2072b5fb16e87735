"""What the pages in docs/ tell a reader to paste works, block after block, and shows what the page says it shows."""

import pytest

from pages import ROOT, blocks_of, run_page

FOLDER = ROOT / "docs"
#: Pages that take longer than a few seconds, because they draw populations, write folders or run trials.
SLOW = {
    "jobs/fit",
    "jobs/batch",
    "jobs/simulate",
    "jobs/trials",
    "receptor_layer",
    "pris",
    "getting_started",
    "data_sets",
}
PAGES = {
    name: found
    for path in sorted(FOLDER.rglob("*.md"))
    if (found := blocks_of(path)) and {"python", "bash", "csv", "toml"} & {block.language for block in found}
    for name in [path.relative_to(FOLDER).with_suffix("").as_posix()]
}


def test_there_are_pages():
    assert len(PAGES) >= 10


@pytest.mark.parametrize(
    "page", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in PAGES]
)
def test_blocks_of_page_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run_page(PAGES[page], tmp_path, f"docs/{page}.md")
