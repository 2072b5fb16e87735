"""Headless Chromium for tests of pages: what a browser says on its console, asks the network for, and lays out.

The page is opened from a file, as a copy with a probe at its end, in a frame as wide as asked: a window of the browser
is never as narrow as a telephone. The probe tells the page around the frame what it measured.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

PROBE = """<script>window.addEventListener('load', () => {
  const wide = [...document.querySelectorAll('svg, table, pre, p, dl')].filter(e => !e.closest('.scroll'));
  const empty = [...document.images].filter(i => !i.complete || !i.naturalWidth).length
    + [...document.querySelectorAll('figure svg')].filter(s => s.getBoundingClientRect().height < 20).length;
  const room = document.documentElement.clientWidth;
  parent.postMessage(JSON.stringify({
    asked: performance.getEntriesByType('resource').map(e => e.name),
    room, width: document.documentElement.scrollWidth, empty, pictures: document.querySelectorAll('figure svg').length,
    beyond: wide.filter(e => e.getBoundingClientRect().right > room + 1).length,
    font: parseFloat(getComputedStyle(document.body).fontSize)}), '*');
});</script>"""
AROUND = """<!DOCTYPE html><body style="margin: 0"><script>
onmessage = event => { document.documentElement.dataset.measured = event.data; };
</script><iframe src="%s" width="%d" height="900" style="border: 0"></iframe></body>"""


class Visit(NamedTuple):
    """What a browser saw: layout numbers, console messages of severity error, and addresses asked for."""

    measured: dict[str, float]
    console: list[str]
    requests: list[str]


def find_chromium() -> str | None:
    """The browser's program, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def visit(page: Path, folder: Path, width: int = 1200) -> Visit:
    """Open a page so many pixels wide.

    Parameters
    ----------
    page : Path
    folder : Path
        For the copy and what the browser writes.
    width : int
    """
    copy = folder / f"page_{width}.html"
    copy.write_text(page.read_text(encoding="utf-8").replace("</body>", PROBE + "</body>"), encoding="utf-8")
    frame = folder / f"frame_{width}.html"
    frame.write_text(AROUND % (copy.as_uri(), width), encoding="utf-8")
    words = [
        str(find_chromium()), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--no-first-run", "--enable-logging=stderr", "--log-level=0",
        f"--user-data-dir={folder / 'profile'}", "--host-resolver-rules=MAP * ~NOTFOUND", "--window-size=1300,900",
        "--virtual-time-budget=4000", "--dump-dom", frame.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    found = re.search(r'data-measured="([^"]*)"', done.stdout)
    assert found, f"the page did not load: {done.stderr[-2000:]}"
    measured = json.loads(found[1].replace("&quot;", '"'))
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return Visit(measured, console, measured.pop("asked"))


def screenshot(page: Path, picture: Path, folder: Path, width: int = 1200, height: int = 1600) -> None:
    """Write a picture of the top of a page."""
    words = [
        str(find_chromium()), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}",
        f"--window-size={width},{height}", f"--screenshot={picture}", "--hide-scrollbars", page.as_uri(),
    ]  # fmt: skip
    subprocess.run(words, capture_output=True, timeout=120, check=True)
