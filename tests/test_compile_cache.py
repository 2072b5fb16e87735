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
