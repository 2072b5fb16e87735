"""Which program this is: version, state of its code, of its library and of the packages whose numbers it uses.

Two processes whose identities agree give the same numbers; results of others are not mixed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from importlib import metadata, util
from pathlib import Path
from typing import Any

__all__ = ["differences", "identity"]

NUMERICAL_PACKAGES = ("numpy", "scipy", "numba", "pandas")


@lru_cache(maxsize=1)
def identity() -> Mapping[str, Any]:
    """The identity of the program that runs here.

    Returns
    -------
    mapping
        ``pkpd`` version, ``code`` (sha256 over the package's sources), ``library`` (file to sha256), ``packages``
        (name to version).
    """
    import pkpd

    home = Path(pkpd.__file__).parent
    code = hashlib.sha256()
    for path in sorted(home.rglob("*.py")):
        code.update(path.relative_to(home).as_posix().encode() + b"\0" + path.read_bytes())
    library = home / "library"
    return {
        "pkpd": pkpd.__version__,
        "code": code.hexdigest(),
        "library": {
            path.relative_to(library).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(library.rglob("*.toml"))
        },
        "packages": {name: metadata.version(name) for name in NUMERICAL_PACKAGES if util.find_spec(name) is not None},
    }


def differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    """What differs between two identities, in words: ``"the library file drugs/midazolam.toml"``."""
    found = []
    if there.get("pkpd") != here["pkpd"]:
        found.append(f"the version of pkpd ('{there.get('pkpd')}' there, '{here['pkpd']}' here)")
    elif there.get("code") != here["code"]:
        found.append(f"the code of pkpd (both call themselves '{here['pkpd']}', but their sources differ)")
    for what, names in (("the library file", "library"), ("the version of", "packages")):
        theirs, ours = there.get(names, {}), here[names]
        for name in sorted({*theirs, *ours}):
            if theirs.get(name) != ours.get(name):
                pair = f" ('{theirs.get(name)}' there, '{ours.get(name)}' here)" if names == "packages" else ""
                found.append(f"{what} {name}{pair}")
    return found
