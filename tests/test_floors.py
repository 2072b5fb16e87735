"""Imports point downwards, or to the left on one floor; there are no cycles; and no module is without a floor."""

from source_tree import imports, modules

# One line a floor, from the ground up; on a line a module may import those to its left. A package stands for all
# of its modules, which may import each other as long as no cycle arises.
FLOORS = [
    "errors research_use compile_cache memory progress options unit_table units assumption",
    "library engine",
    "models streams patients regimen dataset",
    "check individual systems scenario pris seizure metrics provenance solution solve simulate predict",
    "nca identity distribute fit cluster result_files batch trial",
    "pictures report",
    "cli __main__",
]

# Methods `.plot` and `.report`, and the writing of a results folder, look upwards when they are called.
UPWARD_INSIDE_FUNCTIONS = {
    ("pkpd.solution", "pkpd.pictures.solution"),
    ("pkpd.solution", "pkpd.report.solution"),
    ("pkpd.distribute", "pkpd.cluster"),
    ("pkpd.batch.folder_run", "pkpd.report.results_folder"),
    ("pkpd.fit.result", "pkpd.report.fit_folder"),
    ("pkpd.fit.result", "pkpd.pictures.fit"),
    ("pkpd.trial.trial", "pkpd.pictures.trial"),
    ("pkpd.trial.trial", "pkpd.report.trial"),
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
