"""Compiled code is kept in PKPD_CACHE_DIR, else in the user's cache folder, else in a temporary one."""

import os
import subprocess
import sys

import pytest

from pkpd import compile_cache
from pkpd.errors import PkpdWarning


@pytest.fixture
def clean(monkeypatch, tmp_path):
    """No setting, and a home of its own."""
    for name in ("PKPD_CACHE_DIR", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_stated_folder_is_made_and_used(clean, monkeypatch):
    monkeypatch.setenv("PKPD_CACHE_DIR", str(clean / "mine" / "deep"))
    assert compile_cache.prepare() == clean / "mine" / "deep" / compile_cache._fingerprint()
    assert os.environ["NUMBA_CACHE_DIR"] == str(clean / "mine" / "deep" / compile_cache._fingerprint())


def test_user_folder_comes_next(clean, monkeypatch):
    assert compile_cache.prepare() == clean / ".cache" / "pkpd" / compile_cache._fingerprint()
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(clean / "xdg"))
    assert compile_cache.prepare() == clean / "xdg" / "pkpd" / compile_cache._fingerprint()


def test_temporary_folder_is_the_last(clean, monkeypatch):
    (clean / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(clean / "file"))
    folder = compile_cache.prepare()
    assert folder.parent.is_dir() and "pkpd-cache" in folder.parent.name


def test_stated_folder_that_cannot_be_written_is_a_warning(clean, monkeypatch):
    (clean / "file").write_text("")
    monkeypatch.setenv("PKPD_CACHE_DIR", str(clean / "file" / "below"))
    with pytest.warns(PkpdWarning, match="PKPD_CACHE_DIR: '.*below' cannot be written.*Set it to a folder"):
        assert compile_cache.prepare() == clean / ".cache" / "pkpd" / compile_cache._fingerprint()


def test_a_folder_that_the_user_gave_to_numba_is_kept(clean, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(clean / "numba"))
    assert compile_cache.prepare() == clean / "numba"


@pytest.mark.slow
def test_a_run_leaves_its_code_in_the_stated_folder(tmp_path):
    environment = {**os.environ, "PKPD_CACHE_DIR": str(tmp_path / "cache"), "NUMBA_CACHE_DIR": ""}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    words = ["simulate", "levetiracetam 1000 mg iv", "--until", "1 h"]
    subprocess.run([sys.executable, "-m", "pkpd", *words], env=environment, check=True, capture_output=True)
    assert list((tmp_path / "cache").rglob("*.nbi"))


# ---- what the first run says --------------------------------------------------------------------------------------

SAID = "pkpd: compiling the engine for the first use of this version"
SMALL = (  # compiles one small kernel, which takes seconds and not minutes
    "import numpy as np, pkpd.engine; from pkpd.models.pris_interval import _quantiles\n"
    "_quantiles(np.zeros((1, 2)), np.full(2, 0.5), 1.0, 0.5)"
)


def run(program, folder, **more):
    environment = {**os.environ, "PKPD_CACHE_DIR": str(folder), "NUMBA_CACHE_DIR": "", "XDG_CACHE_HOME": ""}
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    return subprocess.run([sys.executable, *program], env=environment, capture_output=True, text=True, **more)


@pytest.mark.slow
def test_the_first_run_says_once_that_it_compiles_and_where_it_keeps_it(tmp_path):
    first, second = (run(["-c", SMALL], tmp_path / "cache", check=True) for _ in range(2))
    assert first.stderr.count(SAID) == 1 and str(tmp_path / "cache") in first.stderr
    assert second.stderr == ""


def test_what_computes_nothing_does_not_say_it(tmp_path):
    for words in (["--help"], ["drugs", "midazolam"], ["batch", "missing.csv"]):
        assert SAID not in run(["-m", "pkpd", *words], tmp_path / "cache").stderr


def test_the_process_that_starts_workers_speaks_for_them(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PKPD_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    monkeypatch.setattr(compile_cache, "_said", False)
    compile_cache.announce_if_cold()
    compile_cache.announce_if_cold()
    assert capsys.readouterr().err.count(SAID) == 1
    monkeypatch.setattr(compile_cache, "_said", False)
    (compile_cache.prepare() / "engine").mkdir(parents=True)
    (compile_cache.prepare() / "engine" / "kernel.nbi").touch()
    compile_cache.announce_if_cold()
    assert capsys.readouterr().err == ""


def test_a_part_that_is_compiled_later_is_not_the_engine_again(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PKPD_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    monkeypatch.setattr(compile_cache, "_said", False)
    (compile_cache.prepare() / "engine").mkdir(parents=True)
    (compile_cache.prepare() / "engine" / "kernel.nbi").touch()
    compile_cache._say()
    said = capsys.readouterr().err
    assert SAID not in said and "a part of the engine" in said and str(tmp_path) in said


@pytest.mark.slow
def test_a_home_that_cannot_be_written_is_no_obstacle(tmp_path):
    """As on a cluster node: the code is kept in a temporary folder, and found again by the next run."""
    (tmp_path / "home").write_text("a file, where even root cannot make a folder")
    program = f"import os; os.environ.update(HOME={str(tmp_path / 'home')!r}, TMPDIR={str(tmp_path)!r})\n{SMALL}"
    first, second = (run(["-c", program], "", check=True) for _ in range(2))
    assert SAID in first.stderr and "pkpd-cache" in first.stderr
    assert SAID not in second.stderr
