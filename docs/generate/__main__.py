"""`python -m docs.generate`: write the pages that come from the data of the package."""

from __future__ import annotations

import argparse
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent


def library_pages() -> dict[str, str]:
    """Return the text of every page that follows from the library and the code alone, by its place in docs/."""
    from docs.generate.column_page import column_page
    from docs.generate.drug_page import drug_pages
    from docs.generate.gene_page import gene_page

    return {**drug_pages(), "gene_tables.md": gene_page(), "scenario_columns.md": column_page()}


def run_pages() -> dict[str, str]:
    """Return the text of the pages for which the package is run."""
    from docs.generate.validation_page import validation_page

    return {"validation.md": validation_page()}


def main() -> None:
    """Write the pages that have changed, and name them."""
    parser = argparse.ArgumentParser(prog="python -m docs.generate", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only the pages for which nothing is run")
    quick = parser.parse_args().quick
    for name, text in {**library_pages(), **({} if quick else run_pages())}.items():
        place = FOLDER / name
        if not place.exists() or place.read_text(encoding="utf-8") != text:
            place.parent.mkdir(exist_ok=True)
            place.write_text(text, encoding="utf-8")
            print(f"docs/{name}")


if __name__ == "__main__":
    main()
