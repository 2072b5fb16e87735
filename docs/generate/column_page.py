"""The page of scenario columns: what a row may state, and the columns that a result adds."""

from __future__ import annotations

from docs.generate.markdown import code, page, table
from docs.generate.words import METRICS, OUTPUTS, RUN_COLUMNS, WRITTEN_COLUMNS
from pkpd.batch.table import OPTIONAL, REQUIRED, WRITTEN
from pkpd.models.pris import COLUMNS as PRIS_COURSE
from pkpd.patients.columns import ANCESTRIES, COLUMNS, Column
from pkpd.patients.genes import gene_columns
from pkpd.seizure.outcome import COLUMNS as SEIZURE_COLUMNS

__all__ = ["column_page"]

_GENE_EXAMPLES = {"ABCB1": "CC, CT, TT", "HLA-B": "+ or - (for \\*15:02)"}
_DEFAULTS = {
    "age_y": "35",
    "weight_kg": "70 for an adult; required under 18 years",
    "height_cm": "170 for an adult",
    "sex": "M",
    "pma_wk": "52 age_y + 40",
    "pgp_fold": "1",
    "ancestry": "genotypes that are not stated stay unknown",
    "seizure_drive": "the preset's",
    "receptor_plasticity": "the preset's",
}


def column_page() -> str:
    """Return the page."""
    return page(
        "Scenario columns",
        "One row of a scenario table is one scenario. Names are exact; a name that looks like a misspelt one of these, "
        "or like one of them in another unit, is an error. Any other column is carried to the results unchanged. An "
        "empty cell means *not given*.",
        "## The run\n\n" + table(("column", "meaning", "when empty"), _run_rows()),
        "Times carry a unit (`90 s`, `5 min`, `24 h`, `14 d`); a bare number other than 0 is an error.",
        "## The patient\n\n"
        + table(("column", "meaning", "unit", "possible", "when empty"), [_patient_row(c) for c in COLUMNS.values()]),
        "What is possible is wider than what a model has experience with: a value outside a model's valid range runs "
        "and is a warning in the result. `crp_mg_L` and `il6_pg_mL` together are an error. Values that are filled in "
        "are listed in the assumptions as `default`. Ancestry groups: "
        + ", ".join(f"`{key}` {title}" for key, title in ANCESTRIES.items())
        + ".",
        "## Genes and comedication\n\n" + table(("column", "takes"), _gene_rows()),
        "An empty gene is *unknown*: the multiplier is 1, which is listed and never called normal. It is drawn only "
        "where `ancestry` is set and `n` is above 1. How genotypes are read: [genes](genes.md).",
        _results(),
    )


def _run_rows() -> list[tuple[str, str, str]]:
    assert set(RUN_COLUMNS) == {*REQUIRED, *OPTIONAL}, "a column of the run has no words"
    return [(code(name), *RUN_COLUMNS[name]) for name in (*REQUIRED, *OPTIONAL)]


def _patient_row(column: Column) -> tuple[str, ...]:
    unit = "" if column.unit in ("", "1") else column.unit
    if column.kind == "flag":
        possible, empty = "0 or 1", "0"
    elif column.kind in ("sex", "ancestry"):
        possible, empty = column.expected, ""
    else:
        low = f"above {column.low:g}" if column.above else f"{column.low:g}"
        possible, empty = f"{low} to {column.high:g}" + (", whole" if column.kind == "count" else ""), ""
    return (
        code(column.name),
        column.meaning,
        unit,
        possible,
        _DEFAULTS.get(column.name, empty or "the model's reference"),
    )


def _gene_rows() -> list[tuple[str, str]]:
    names: dict[str, list[str]] = {}
    for spelling, gene in gene_columns().items():
        names.setdefault(gene, []).append(code(spelling))
    usual = "a diplotype in either order (\\*1/\\*22), or PM, IM, NM, RM, UM or the word"
    rows = [(" or ".join(dict.fromkeys(cells)), _GENE_EXAMPLES.get(gene, usual)) for gene, cells in names.items()]
    return [(name, takes.replace("\\*", "*")) for name, takes in [*rows, ("`comedication`", "drugs, separated by `;`")]]


def _results() -> str:
    known = {*SEIZURE_COLUMNS, *PRIS_COURSE, *(f"pris_{name}" for name in PRIS_COURSE)}
    strangers = {name for name in OUTPUTS if "{" not in name} - known
    missing = set(SEIZURE_COLUMNS) - set(OUTPUTS)
    assert not strangers and not missing, f"outputs without words, or words without outputs: {strangers or missing}"
    assert set(WRITTEN_COLUMNS) == set(WRITTEN)
    parts = (
        "## Results\n\nThe input columns, then:",
        table(("column", "meaning"), [(code(name), words) for name, words in WRITTEN_COLUMNS.items()]),
        "### Metrics\n\nOne value a row; with `n` above 1 each as `_p05`, `_p50` and `_p95`, flags (`seizure_stopped`, "
        "`relapsed`) as the share of subjects under their own name. What does not apply is empty.",
        table(("metric", "meaning"), [(code(name), words) for name, words in METRICS.items()]),
        "### Columns of a profile\n\nWhat `to_frame()` and `profiles` hold at each time, after `id` and `time_h`.",
        table(("output", "meaning"), [(code(name), words) for name, words in OUTPUTS.items()]),
    )
    return "\n\n".join(parts)
