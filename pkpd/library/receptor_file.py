"""Reads the file of the receptor layer: every constant has its one unit, a source, a status and a grade."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from pathlib import Path

from pkpd.errors import did_you_mean
from pkpd.library.evidence import Source
from pkpd.library.folders import library_folder
from pkpd.library.parameter import Value
from pkpd.library.reading import Table, read_evidence, read_sources, read_toml
from pkpd.library.receptor_role import read_receptor_role
from pkpd.library.receptor_set import Posterior, Preset, Receptors, Target
from pkpd.units import Unit

__all__ = ["Preset", "Receptors", "load_receptors", "read_receptors"]

# Section: unit: names. The layer counts in minutes, mM and mV, which are no units of doses or concentrations of drugs:
# each constant has one unit and is never converted, so that no factor of 60 can hide.
_SCHEMA: dict[str, dict[str, str]] = {
    "ions": {
        "mM": "cl_out cl_in_rest hco3_out hco3_in k_out_rest k_in dk_out_ictal",
        "mV": "rt_over_f v_rest v_threshold dv_ictal",
        "K": "temperature",
        "1": "p_hco3_over_p_cl g_hco3_over_g_cl kcc2_floor shunt_weight",
        "1/min": "k_kcc2 k_kcc2_loss k_kcc2_recovery",
        "mM/(min mV)": "k_cl_load",
    },
    "trafficking": {
        "1/min": "k_int k_rec k_deg",
        "1": "a_int_activity a_int_inflammation g_synaptic g_extrasynaptic k_spillover e_max_bzd",
    },
    "excitation": {
        "1": "nmda_max b_inflammation w_nmda ketamine_on_drive kappa_egaba",
        "mV": "v_ictal_nmda",
        "1/min": "k_nmda k_nmda_recovery",
        "mM": "mg_out mg_half",
        "1/mV": "mg_slope",
    },
    "network": {"min": "tau_s", "1": "delta w_e w_h"},
    "slow": {
        "1/min": "k_inflammation_on k_inflammation_off k_pgp_on k_pgp_off tol_alpha1_on tol_alpha1_off "
        "tol_alpha235_on tol_alpha235_off",
        "1": "pgp_max tol_alpha1_max tol_alpha235_max redundancy_n_arousal redundancy_n_seizure",
    },
    "numerics": {"min": "step noise_grid", "1": "ictal_gate_half ictal_gate_power chloride_gain_cap"},
    "outputs": {
        "1": "seizure_off_threshold seizure_on_threshold ramsay_slope sedation_level bsr_hill",
        "logit": "resp_intercept resp_slope_seizing resp_slope_occupancy",
        "min": "respiratory_window",
    },
    "stages": {
        "min": "t1 t2 established_after refractory_after super_refractory_after episode_end_silence "
        "untreated_condition calibrated_until",
        "1": "psychogenic_share psychogenic_success",
    },
    "pgp_induction": {
        "min": "pgp_induction_lag pgp_induction_tau_up pgp_induction_tau_down",
        "1": "pgp_induction_max",
    },
}
_SIGNED = ("v_rest", "v_threshold", "v_ictal_nmda", "resp_intercept", "resp_slope_seizing", "resp_slope_occupancy")
_NOT_NUMBERS = ("name", "title", "values", "like", "own")
_PRESET = {f.name: "min" if f.name.endswith("_min") and f.name != "drive_min" else "1" for f in fields(Preset)}
_PRESET = {name: unit for name, unit in _PRESET.items() if name not in _NOT_NUMBERS}
_PRESET_SIGNED = ("drive", "drive_min", "representative_drive")
_VALUE_KEYS = ("value", "unit", "source", "status", "grade", "note", "low", "high")


@lru_cache(maxsize=1)
def load_receptors() -> Receptors:
    """Return the constants of the receptor layer that ship with the package; the file is read once."""
    return read_receptors(library_folder() / "receptors.toml")


def read_receptors(path: Path) -> Receptors:
    """Read a file of the receptor layer.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    Receptors

    Raises
    ------
    DrugFileError
        If a constant is missing, unknown, in another unit than its own or out of bounds, or a preset or the posterior
        is incomplete.
    """
    top, digest = read_toml(path)
    top.only((*_SCHEMA, "presets", "agents", "posterior", "sources"))
    sources = read_sources(top)
    values: dict[str, Value] = {}
    sections = {}
    for section, units in _SCHEMA.items():
        found = _read_section(top.table(section), units, sources)
        sections[section] = tuple(found)
        values |= found
    agents = top.table("agents", None)
    return Receptors(
        values=values,
        presets=_read_presets(top.table("presets"), sources),
        agents={name: read_receptor_role(agents.table(name), sources) for name in agents},
        posterior=_read_posterior(top.table("posterior"), sources),
        sections=sections,
        sources=sources,
        sha256=digest,
    )


def _read_section(table: Table, units: Mapping[str, str], sources: Mapping[str, Source]) -> dict[str, Value]:
    wanted = {name: unit for unit, names in units.items() for name in names.split()}
    table.only(wanted)
    values = {name: _read_number(table.table(name), name, unit, sources) for name, unit in wanted.items()}
    for name, value in values.items():
        if value.value < 0 and name not in _SIGNED:
            raise table.error(f"'{name}' is {value.value:g}", "a number from 0 up", "Correct it.")
        if value.value == 0 and (value.unit.text in ("min", "mM", "K") or name == "delta"):
            raise table.error(f"'{name}' is 0", "a positive number", "Correct it.")
    return values


def _read_number(table: Table, name: str, unit: str, sources: Mapping[str, Source]) -> Value:
    """Read a value table in the one unit that the constant has."""
    table.only(_VALUE_KEYS)
    text = table.text("unit")
    if text != unit:
        raise table.error(f"the unit is '{text}'", f"'{unit}'", f'Convert the number and write unit = "{unit}".')
    number = table.number("value")
    source, status, grade = read_evidence(table, sources)
    low, high = (table.number(key, None) for key in ("low", "high"))
    if (low is not None and number < low) or (high is not None and number > high):
        raise table.error(f"'value' is {number:g}", "a number within its own 'low' and 'high'", "Correct one of them.")
    dimension = () if unit in ("1", "logit") else ((unit, 1.0),)
    written = Unit(unit, 1.0, dimension)
    return Value(number, number, written, source, status, grade, table.text("note", ""), name, low=low, high=high)


def _read_presets(table: Table, sources: Mapping[str, Source]) -> dict[str, Preset]:
    presets: dict[str, Preset] = {}
    for name in table:
        presets[name] = _read_preset(table.table(name), name, presets, sources)
    if "status" not in presets:
        raise table.error("the preset 'status' is missing", "the clinical preset", "Add [presets.status].")
    return presets


def _read_preset(table: Table, name: str, earlier: Mapping[str, Preset], sources: Mapping[str, Source]) -> Preset:
    table.only((*_PRESET, "title", "like"))
    like = table.text("like", "")
    if like and like not in earlier:
        hint = did_you_mean(like, earlier) or "Put that preset first."
        raise table.error(f"'like' is '{like}'", f"an earlier preset: {', '.join(earlier) or 'none'}", hint)
    stated = {
        key: _read_number(table.table(key), key, unit, sources)
        for key, unit in _PRESET.items()
        if key in table or not (like or key == "drive_min")
    }
    values = (dict(earlier[like].values) if like else {}) | stated
    for key, value in stated.items():
        if value.value < 0 and key not in _PRESET_SIGNED:
            raise table.error(f"'{key}' is {value.value:g}", "a number from 0 up", "Correct it.")
        if key in ("noise_tau_min", "tau_h_min", "plasticity") and value.value == 0:
            raise table.error(f"'{key}' is 0", "a positive number", "Correct it.")
        if key.startswith("non_responder") and value.value > 1:
            raise table.error(f"'{key}' is {value.value:g}", "a share, 0 to 1", "Correct it.")
    numbers = {key: value.value for key, value in values.items()}
    return Preset(name=name, title=table.text("title", ""), values=values, like=like, own=frozenset(stated), **numbers)


def _read_posterior(table: Table, sources: Mapping[str, Source]) -> Posterior:
    table.only(("columns", "draws", "targets", "source", "status", "grade", "note"))
    columns = table.texts("columns")
    draws = table.data.get("draws")
    if not isinstance(draws, list) or not draws:
        raise table.error(f"'draws' is {draws!r}", "a list of rows, one number a column", "Add draws = [[...], ...].")
    for number, row in enumerate(draws, 1):
        if not isinstance(row, list) or len(row) != len(columns) or not all(type(x) in (int, float) for x in row):
            problem = f"row {number} of 'draws' does not fit the columns"
            raise table.error(problem, f"{len(columns)} numbers", "Correct the row.")
    entries = table.table("targets")
    entries.only(columns)
    targets = {name: _read_target(entries.table(name), columns) for name in columns}
    rows = tuple(tuple(float(x) for x in row) for row in draws)
    return Posterior(columns, rows, targets, *read_evidence(table, sources), table.text("note", ""))


def _read_target(table: Table, columns: tuple[str, ...]) -> Target:
    table.only(("preset", "drug", "constant", "times"))
    if ("preset" in table) == ("drug" in table):
        raise table.error(
            "the column has no clear target", "either 'preset' or 'drug' and 'constant'", "Keep one of the two."
        )
    times = table.text("times", "", choices=("", *columns))
    if "preset" in table:
        return Target(preset=table.text("preset", choices=_PRESET), times=times)
    return Target(drug=table.text("drug"), constant=table.text("constant"), times=times)
