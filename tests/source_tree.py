"""The modules of the package as text and syntax trees, for the tests that hold the shape of the code."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "pkpd"


def module_name(path: Path) -> str:
    """Dotted name of a source file, `pkpd/library/__init__.py` being `pkpd.library`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Path]:
    """Every module of the package: dotted name to file."""
    return {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imports(name: str, path: Path) -> list[tuple[str, bool]]:
    """Modules of the package that a module imports, each with True where the import stands inside a function.

    What stands under ``if TYPE_CHECKING`` is for readers and the type checker; nothing is loaded, so it is left out.
    """
    found: list[tuple[str, bool]] = []
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    known = modules()

    def visit(node: ast.AST, inside: bool) -> None:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return
        inside = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if isinstance(node, ast.Import):
            found.extend((alias.name, inside) for alias in node.names if alias.name.split(".")[0] == "pkpd")
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([node.module] if node.module else [])])
            if base.split(".")[0] == "pkpd":
                for alias in node.names:
                    target = f"{base}.{alias.name}"
                    found.append((target if target in known else base, inside))
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    visit(parse(path), False)
    return found
