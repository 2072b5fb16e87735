"""What another person needs to get the same fit: versions, hashes, options, and the line that runs it again."""

from __future__ import annotations

import hashlib
import platform
import shlex
from collections.abc import Mapping
from importlib import metadata, util
from typing import TYPE_CHECKING, Any

from pkpd.columns import covariate_columns
from pkpd.library.catalogue import list_drugs, load_drug

if TYPE_CHECKING:
    import pandas as pd

    from pkpd.dataset import Dataset
    from pkpd.fit.result import Fit

__all__ = ["data_text", "manifest", "rerun"]

_PACKAGES = ("numpy", "scipy", "pandas", "lmfit", "numba", "matplotlib")
