"""Imports point downwards, or to the left on one floor; there are no cycles; and no module is without a floor."""

from source_tree import imports, modules

# One line a floor, from the ground up; on a line a module may import those to its left. A package stands for all
# of its modules, which may import each other as long as no cycle arises.
FLOORS = [
    "errors compile_cache memory units",
    "library engine",
    "models streams patient_genes patient_columns patient_covariates patient distributions population_plan "
    "genotype_sampling population regimen_words regimen_phrases regimen_parser regimen datafile record_rules "
    "checks columns inspection occasions dataset observations",
    "model_choice assumption data_units check factors variability individual dosing scenario pris kinetics groups "
    "constitution receptor_inputs layer episodes seizure_stage seizure_plan seizure_evidence seizure metrics "
    "provenance solution solve simulate parameter_values histories predict",
    "fit nca_curve nca_profile nca_pieces nca_doses nca identity distribute cluster scenario_file scenario_table "
    "scenario_rows scenario_results pieces result_files folder_lock manifest part_files parts_run evaluate "
    "trial_design trial_table trial_endpoint trial_file trial_score trial_enrol trial_arms trial",
    "picture plot seizure_plot response_plot pictures fit_profiles fit_diagnostics fit_forest fit_plot page "
    "report_tables report overview report_batch results_folder folder_run fit_manifest fit_page fit_folder trial_plot "
    "trial_report",
    "cli __main__",
]

# Methods `.plot` and `.report`, and the writing of a results folder, look upwards when they are called.
UPWARD_INSIDE_FUNCTIONS = {
    ("pkpd.solution", "pkpd.pictures"),
    ("pkpd.solution", "pkpd.report"),
    ("pkpd.distribute", "pkpd.cluster"),
    ("pkpd.evaluate", "pkpd.folder_run"),
    ("pkpd.fit.result", "pkpd.fit_folder"),
    ("pkpd.fit.result", "pkpd.fit_plot"),
    ("pkpd.trial", "pkpd.trial_plot"),
    ("pkpd.trial", "pkpd.trial_report"),
}


def place(name: str) -> tuple[int, int] | None:
    """Floor and position of a module, by its own name or that of the package it stands in."""
    room = name.split(".")[1]
    for floor, row in enumerate(FLOORS):
        if room in row.split():
            return floor, row.split().index(room)
    return None


def rooms() -> dict[str, object]:
    """The modules that have a floor: all but the package's own `__init__`, which names the public API."""
    return {name: path for name, path in modules().items() if name != "pkpd"}


def test_every_module_has_a_floor():
    homeless = [name for name in rooms() if place(name) is None]
    assert not homeless, f"put these modules on a floor: {homeless}"


def test_imports_point_downwards_or_to_the_left():
    wrong = []
    for name, path in rooms().items():
        for target, inside in imports(name, path):
            if target == "pkpd":  # the version and the errors, which stand below everything
                continue
            if place(target) > place(name) and not (inside and (name, target) in UPWARD_INSIDE_FUNCTIONS):
                wrong.append(f"{name} imports {target}")
    assert not wrong, "\n".join(wrong)


def test_listed_exceptions_are_used():
    used = {(name, target) for name, path in rooms().items() for target, inside in imports(name, path) if inside}
    assert used >= UPWARD_INSIDE_FUNCTIONS, f"no longer needed: {UPWARD_INSIDE_FUNCTIONS - used}"


def test_no_import_cycles():
    graph = {
        name: {target for target, _ in imports(name, path) if (name, target) not in UPWARD_INSIDE_FUNCTIONS}
        for name, path in rooms().items()
    }
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name not in done:
            for target in sorted(graph.get(name, ())):
                walk(target, (*trail, name))
            done.add(name)

    for name in graph:
        walk(name, ())
