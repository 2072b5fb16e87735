"""A fit as a folder: tables, pictures, report, page, a copy of the data, and the record that runs it again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from pkpd.batch.manifest import file_sha256, remove_earlier
from pkpd.pictures.fit import WHAT, page_count, plot_fit
from pkpd.pictures.picture import svg_text
from pkpd.report.fit import fit_page
from pkpd.report.fit_manifest import DATA, data_text, manifest
from pkpd.result_files import prepare_folder, write_table, write_text

if TYPE_CHECKING:
    from pkpd.fit.result import Fit

__all__ = ["save_fit"]

TABLES = ("params", "predictions", "subjects", "left_out", "assumptions")
#: Pages of one picture that are drawn; the tables hold everything.
MOST_PAGES = 10


def save_fit(fit: Fit, folder: str | Path, *, log: bool = False) -> Path:
    """Write a fit into a folder; see `Fit.save`."""
    place = prepare_folder(folder)
    remove_earlier(place)
    files = []
    for name in TABLES:
        write_table(getattr(fit, name), place / f"{name}.csv")
        files.append(f"{name}.csv")
    write_table(fit.derived(), place / "derived.csv")
    files.append("derived.csv")
    write_text(fit.report(), place / "report.txt")
    write_text(data_text(fit), place / DATA)
    files += ["report.txt", DATA]
    pictures, left = _pictures(fit, log)
    (place / "figures").mkdir(exist_ok=True)
    for name, svg in pictures.items():
        write_text(svg, place / name)
    record = manifest(fit, [*files, *pictures])
    write_text(fit_page(fit, pictures, record, left), place / "report.html")
    record["files"].append("report.html")
    record["sha256"] = {name: file_sha256(place / name) for name in record["files"] if not name.startswith("figures/")}
    write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", place / "manifest.json")
    return place


def _pictures(fit: Fit, log: bool) -> tuple[dict[str, str], str]:
    """File name to SVG text, and a sentence on what was not drawn."""
    found, left = {}, []
    for what in WHAT:
        count = page_count(fit, what)
        for page in range(1, min(count, MOST_PAGES) + 1):
            number = f"_{page:02d}" if count > 1 else ""
            found[f"figures/{what}{number}.svg"] = svg_text(plot_fit(fit, what, log=log, page=page))
        if count > MOST_PAGES:
            left.append(
                f"The first {MOST_PAGES} of {count} pages of {what}; Fit.plot({what!r}, page=...) draws the others."
            )
    return found, " ".join(left)
