"""Every public name says what it is; every public function of the API names its arguments and what it returns."""

import ast
import inspect

import pytest

import pkpd
from source_tree import modules, parse

API = [name for name in pkpd.__all__ if not name.startswith("__")]


def documentation(thing: object) -> str:
    """Docstring of a function; of a class, its own together with that of its constructor."""
    text = inspect.getdoc(thing) or ""
    if inspect.isclass(thing) and thing.__init__.__doc__ and thing.__init__ is not object.__init__:
        text += "\n" + inspect.cleandoc(thing.__init__.__doc__)
    return text


@pytest.mark.parametrize("name", API)
def test_public_name_has_a_summary(name):
    first = documentation(getattr(pkpd, name)).strip().splitlines()
    assert first and len(first[0]) > 20, f"pkpd.{name} needs a docstring"


@pytest.mark.parametrize("name", [name for name in API if not name.endswith(("Error", "Warning"))])
def test_arguments_and_results_are_documented(name):
    thing = getattr(pkpd, name)
    text = documentation(thing)
    arguments = [p for p in inspect.signature(thing).parameters if p != "self"]
    missing = [argument for argument in arguments if argument not in text]
    assert not missing, f"the docstring of pkpd.{name} does not name {missing}"
    if arguments:
        assert "Parameters" in text
    if inspect.isfunction(thing):
        assert "Returns" in text


@pytest.mark.parametrize("name", modules())
def test_modules_and_their_public_names_have_docstrings(name):
    tree = parse(modules()[name])
    assert ast.get_docstring(tree), f"{name} needs a module docstring"
    silent = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not silent, f"{name}: no docstring on {silent}"


def exported(name: str) -> set[str] | None:
    """Names in `__all__` of a module; None where it has none."""
    for node in parse(modules()[name]).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return None


@pytest.mark.parametrize("name", modules())
def test_what_a_module_takes_is_what_the_other_offers(name):
    """`__all__` says what others may use; constants of the kernels are read by name and are not listed."""
    hidden = []
    for node in ast.walk(parse(modules()[name])):
        source = node.module if isinstance(node, ast.ImportFrom) and node.module in modules() else None
        if source is None or source.startswith(("pkpd.engine", "pkpd.models")) or (offered := exported(source)) is None:
            continue
        inside = {other.rpartition(".")[2] for other in modules() if other.rpartition(".")[0] == source}
        hidden += [f"{source}.{alias.name}" for alias in node.names if alias.name not in {*offered, *inside}]
    assert not hidden, f"{name} takes {hidden}, which __all__ there does not list"
