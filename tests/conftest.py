"""What every test needs: figures without a screen, and property tests that do not depend on the machine's speed."""

import os
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "Agg")

import pytest
from hypothesis import settings

from pkpd import compile_cache

# With an empty cache the first compilation says so on stderr; tests of stderr would take it for a message of theirs.
compile_cache._said = True

# The first call of a compiled kernel takes seconds, hence no deadline; the same examples on every machine.
settings.register_profile("pkpd", deadline=None, derandomize=True)
settings.load_profile("pkpd")


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the checkout, where `data/`, `notebooks/` and README.md stand."""
    return Path(__file__).resolve().parent.parent
