"""What a page tells a reader to paste: its fenced blocks, run one after the other as in one session.

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
FENCE = re.compile(r"^(?:<!-- ci: ([\w-]+) -->\n)?```(\w+)([^\n]*)\n(.*?)^```", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """One fenced block: its language, the words behind it, its text, the line on which it begins, and its marker."""

    language: str
    words: tuple[str, ...]
    text: str
    line: int
    marker: str = ""

    @property
    def fails(self) -> bool:
        return "fails" in self.words

    @property
    def output(self) -> bool:
        return self.language == "text" and "output" in self.words


def blocks_of(path: Path) -> list[Block]:
    page = path.read_text(encoding="utf-8")
    return [
        Block(m[2], tuple(m[3].split()), m[4], page.count("\n", 0, m.start()) + 1, m[1] or "")
        for m in FENCE.finditer(page)
    ]


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
        elif block.output:
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
            code = main(words)
        return code, re.sub(r"^pkpd: compiling .*\n", "", out.getvalue(), flags=re.MULTILINE)

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
    """Whether a text is what was printed, number by number to the digits shown, blanks and line breaks aside."""
    parts = [re.escape(" ".join(part.split())) for part in promised.split("...")]
    return re.fullmatch(r"\s*" + r".*?".join(parts) + r"\s*", " ".join(printed.split()), re.DOTALL) is not None


def run_page(blocks: list[Block], folder: Path, name: str) -> None:
    """Run the blocks of a page in a folder in which `data/` is found; an error names page and line."""
    (folder / "data").symlink_to(ROOT / "data")
    session = Session(folder)
    for block in blocks:
        try:
            session.work(block)
        except Exception as error:
            raise AssertionError(f"{name} line {block.line}: {type(error).__name__}: {error}") from error
