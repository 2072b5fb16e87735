"""What README.md tells a reader to paste works: its Python examples, its commands, and its CSV."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).resolve().parent.parent / "README.md"
BLOCKS = re.findall(r"(<!-- ci: [\w-]+ -->\n)?```(\w+)\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
PYTHON = [code for _, language, code in BLOCKS if language == "python"]
COMMANDS = [
    line.split(" #")[0].strip()
    for marker, language, code in BLOCKS
    if language == "bash" and not marker
    for line in code.splitlines()
    if line.startswith("pkpd ")
]


@pytest.fixture
def folder(tmp_path, root, monkeypatch):
    """An empty working folder in which `data/` is found."""
    (tmp_path / "data").symlink_to(root / "data")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_readme_has_examples():
    assert len(PYTHON) >= 4
    assert len(COMMANDS) >= 6


@pytest.mark.parametrize("code", PYTHON, ids=[code.split("\n")[0] for code in PYTHON])
def test_python_example_runs(code, folder):
    # An example may build on those before it, as a reader's session does.
    before = [earlier for earlier in PYTHON[: PYTHON.index(code)] if "import pkpd" in earlier]
    source = code if "import pkpd" in code else before[0] + code
    exec(compile(source, "README.md", "exec"), {"__name__": "readme"})


@pytest.mark.parametrize("command", COMMANDS)
def test_command_runs(command, folder, root):
    words = [sys.executable, "-m", "pkpd", *shlex.split(command)[1:]]
    done = subprocess.run(words, capture_output=True, text=True, cwd=folder, env=environment(root))
    assert done.returncode == 0, done.stderr
    outputs = [words[i + 1] for i, word in enumerate(words) if word in ("-o", "--plot")]
    assert all((folder / name).exists() for name in outputs)


def test_csv_example_runs_without_a_failed_row(folder):
    import pkpd

    (table,) = [code for _, language, code in BLOCKS if language == "csv"]
    (folder / "example.csv").write_text(table, encoding="utf-8")
    results = pkpd.evaluate(folder / "example.csv")
    assert list(results["status"]) == ["ok"] * 3, list(results["reason"])


def environment(root: Path) -> dict[str, str]:
    """The environment of this process, with the checkout on the path, so that no installation is needed."""
    import os

    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))}
