"""A measured figure beside what a user would otherwise run; and the table of all figures in README.md."""

from __future__ import annotations

import datetime
import math
import os
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

__all__ = ["Figure", "best", "line", "machine", "write_table"]

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- figures: begin -->\n", "<!-- figures: end -->"
PACKAGES = ("numpy", "scipy", "pandas", "numba", "lmfit")
HEAD = ("what", "ours", "beside it", "times as fast", "accuracy", "target", "met")


class Figure(NamedTuple):
    """One figure: ours, that of a peer measured in the same run, the accuracy of ours, and the target.

    `value` and `peer_value` are in `unit`; `met` is None where no target was set.
    """

    what: str
    value: float
    unit: str = "s"
    peer: str = ""
    peer_value: float = math.nan
    accuracy: str = ""
    target: str = ""
    met: bool | None = None

    @property
    def ratio(self) -> float:
        """How many times the peer takes."""
        return self.peer_value / self.value

    def cells(self) -> tuple[str, ...]:
        """The figure as cells of a table, see HEAD."""
        beside = f"{self.peer} {short(self.peer_value)} {self.unit}" if self.peer else ""
        times = short(self.ratio) if self.peer else ""
        met = {True: "yes", False: "NO", None: ""}[self.met]
        return (self.what, f"{short(self.value)} {self.unit}", beside, times, self.accuracy, self.target, met)


def short(value: float) -> str:
    """Three digits, without an exponent where a reader can do without."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value >= 0.001 else f"{value:.1e}"


def line(figure: Figure) -> str:
    """Return a figure as one line of text."""
    what, ours, beside, times, accuracy, target, met = figure.cells()
    parts = [f"{what:52s} {ours:>12s}"]
    parts += [f"{times} times {beside}"] if beside else []
    parts += [accuracy] if accuracy else []
    parts += [f"target {target}: {'met' if met == 'yes' else 'NOT MET'}"] if target else []
    return "   ".join(parts)


def best(call: Callable[[], object], repeats: int, clock: Callable[[], float]) -> tuple[float, object]:
    """Return the shortest time of several calls, and the last result; the first call compiles and does not count."""
    result = call()
    seconds = []
    for _ in range(repeats):
        start = clock()
        result = call()
        seconds.append(clock() - start)
    return min(seconds), result


def machine(threads: int) -> str:
    """Say on what the figures were taken."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            row.split(":", 1)[1].strip() for row in cpuinfo.read_text().splitlines() if row.startswith("model name")
        ]
        name = names[0] if names else name
    packages = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    return (
        f"{name}, {os.cpu_count()} processors, {platform.system()}, Python {platform.python_version()}, {packages}; "
        f"{threads} threads"
    )


def write_table(figures: dict[str, list[Figure]], threads: int, path: Path = README) -> None:
    """Write the figures between the marks of README.md, each with its date; rows of parts that did not run stay."""
    text = path.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    kept, _, after = rest.partition(END)
    rows = {row.split("`")[1]: [] for row in kept.splitlines() if row.startswith("| `")} | {
        part: [] for part in figures
    }
    for row in kept.splitlines():
        if row.startswith("| `") and row.split("`")[1] not in figures:
            rows[row.split("`")[1]].append(row)
    today = datetime.date.today().isoformat()
    for part, some in figures.items():
        rows[part] = [f"| `{part}` | {' | '.join(figure.cells())} | {today} |" for figure in some]
    head = ["part", *HEAD, "date"]
    table = [f"| {' | '.join(head)} |", "|" + "---|" * len(head), *(row for part in rows.values() for row in part)]
    told = f"Latest run: {machine(threads)}.\n\n"
    path.write_text(before + BEGIN + told + "\n".join(table) + "\n" + END + after, encoding="utf-8")
