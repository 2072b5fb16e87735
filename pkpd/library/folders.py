"""Where the data files of the library lie, and which there are; opens none of them."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path

__all__ = ["gene_names", "library_folder", "names_in"]


@lru_cache(maxsize=1)
def library_folder() -> Path:
    """Return the folder of the shipped data files (the package is always installed as plain files)."""
    return Path(str(files("pkpd.library")))


def names_in(folder: Path) -> tuple[str, ...]:
    """Return the names of the TOML files of a folder, without suffix, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


@lru_cache(maxsize=1)
def gene_names() -> tuple[str, ...]:
    """Return the names of the shipped genes."""
    return names_in(library_folder() / "genes")
