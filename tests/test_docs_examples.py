"""What the pages in docs/ tell a reader to paste works, block after block, and shows what the page says it shows.

A `csv` or `toml` block is saved under the name that stands after the word; a `python` or `bash` block with `fails` must
end in an error of the package; a block `text output` is what the block before it prints, `...` standing for anything.
"""

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import pytest

from pkpd.cli import main
from pkpd.errors import PkpdError, PkpdWarning

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs"
#: Pages that take longer than a few seconds, because they draw populations, write folders or run trials.
SLOW = {
    "jobs/fit",
    "jobs/batch",
    "jobs/simulate",
    "jobs/trials",
    "receptor_layer",
    "pris",
    "getting_started",
    "data_sets",
}
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """One fenced block: its language, the words behind it, its text, and the line on which it begins."""

    language: str
    words: tuple[str, ...]
    text: str
    line: int

    @property
    def fails(self) -> bool:
        return "fails" in self.words


def blocks_of(path: Path) -> list[Block]:
    page = path.read_text(encoding="utf-8")
    return [Block(m[1], tuple(m[2].split()), m[3], page.count("\n", 0, m.start()) + 1) for m in FENCE.finditer(page)]


PAGES = {
    name: found
    for path in sorted(FOLDER.rglob("*.md"))
    if (found := blocks_of(path)) and {"python", "bash", "csv", "toml"} & {block.language for block in found}
    for name in [path.relative_to(FOLDER).with_suffix("").as_posix()]
}


class Session:
    """A reader's session: one folder, one Python, and what the block before printed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.names, self.shown = folder, {"__name__": "page"}, ""

    def work(self, block: Block) -> None:
        """Run or compare one block."""
        if block.language in ("csv", "toml"):
            assert block.words, "say under which name a reader saves it: ```csv levels.csv"
            (self.folder / block.words[0]).write_text(block.text, encoding="utf-8")
        elif block.language in ("python", "bash"):
            run = self.python if block.language == "python" else self.bash
            self.shown = run(block)
        elif block.language == "text" and "output" in block.words:
            assert shown_as(block.text, self.shown), f"the page says\n{block.text}\nbut this is printed:\n{self.shown}"

    def python(self, block: Block) -> str:
        out = io.StringIO()
        code = compile("\n" * block.line + block.text, "page", "exec")
        with contextlib.redirect_stdout(out), warnings.catch_warnings():
            warnings.simplefilter("ignore", PkpdWarning)
            if block.fails:
                with pytest.raises(PkpdError) as caught:
                    exec(code, self.names)
                return f"{caught.type.__name__}: {caught.value}"
            exec(code, self.names)
        return out.getvalue()

    def bash(self, block: Block) -> str:
        """Every command by itself; `pkpd` in this process, which has the engine loaded already."""
        shown = ""
        for command in re.sub(r"\\\n\s*", "", block.text).splitlines():
            words = shlex.split(command, comments=True)
            if not words:
                continue
            code, said = self.pkpd(words[1:]) if words[0] == "pkpd" else self.shell(command)
            assert (code != 0) == block.fails, f"{command}: exit code {code}\n{said}"
            shown += said
        return shown

    def pkpd(self, words: list[str]) -> tuple[int, str]:
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), warnings.catch_warnings():
            return main(words), out.getvalue()

    def shell(self, command: str) -> tuple[int, str]:
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=environment())
        return done.returncode, done.stdout + done.stderr


def environment() -> dict[str, str]:
    """The environment of this process, with its Python first and the checkout importable."""
    places = {"PATH": str(Path(sys.executable).parent), "PYTHONPATH": str(ROOT)}
    return {
        **os.environ,
        **{name: os.pathsep.join([place, os.environ.get(name, "")]) for name, place in places.items()},
    }


def shown_as(promised: str, printed: str) -> bool:
    """Whether a text is what was printed, blanks and line breaks aside."""
    parts = [re.escape(" ".join(part.split())) for part in promised.split("...")]
    return re.fullmatch(r"\s*" + r".*?".join(parts) + r"\s*", " ".join(printed.split()), re.DOTALL) is not None


def test_there_are_pages():
    assert len(PAGES) >= 10


@pytest.mark.parametrize(
    "page", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in PAGES]
)
def test_blocks_of_page_run(page, tmp_path, monkeypatch):
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    session = Session(tmp_path)
    for block in PAGES[page]:
        try:
            session.work(block)
        except Exception as error:
            raise AssertionError(f"docs/{page}.md line {block.line}: {type(error).__name__}: {error}") from error
