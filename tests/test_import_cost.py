"""`import pkpd` is cheap: no heavy module is loaded, and it takes well under a tenth of a second."""

import json
import subprocess
import sys

import pytest

import pkpd

HEAVY = ["numpy", "scipy", "pandas", "lmfit", "matplotlib", "numba", "pyarrow", "tqdm"]

PROGRAM = """
import json, sys, time
start = time.perf_counter()
import pkpd
seconds = time.perf_counter() - start
print(json.dumps({"seconds": seconds, "modules": sorted(sys.modules)}))
"""


def fresh_import() -> dict:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_import_loads_no_heavy_module():
    loaded = set(fresh_import()["modules"])
    assert "pkpd" in loaded
    assert not loaded & set(HEAVY)


def test_import_takes_less_than_a_tenth_of_a_second():
    # The shortest of several tries: another process on the machine can only make a try slower.
    assert min(fresh_import()["seconds"] for _ in range(5)) < 0.1


@pytest.mark.parametrize("first", ["pkpd.cli", "pkpd.simulate", "pkpd.batch.evaluate", "pkpd.predict.predict"])
def test_a_function_is_not_hidden_by_the_module_of_its_name(first):
    program = f"import {first}, pkpd; print(callable(pkpd.simulate), callable(pkpd.evaluate), callable(pkpd.predict))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "True"]


def test_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'simulat'.*simulate"):
        pkpd.simulat  # noqa: B018


def test_dir_lists_the_public_names():
    assert set(pkpd.__all__) <= set(dir(pkpd))
