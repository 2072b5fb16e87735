"""Reads the end point of a trial file: which keys each kind takes, and what they may be."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from pkpd.library.receptor_file import load_receptors
from pkpd.trial.design import Endpoint
from pkpd.trial.table import TrialTable

__all__ = ["check_window", "read_endpoint"]

_WINDOW = ("off_from", "off_until", "counted_from", "arrival", "quiet_from", "quiet_until", "quiet_after")
_MIMICS = ("mimic_share", "mimic_success")
_KEYS: dict[str, tuple[str, ...]] = {
    "off": (*_WINDOW, *_MIMICS),
    "reached": (),
    "failed-of-first": (*_WINDOW, *_MIMICS),
    "duration": ("pairs", "observed"),
    "not-given": (),
}


def read_endpoint(top: TrialTable) -> Endpoint:
    """Read the table [endpoint].

    Raises
    ------
    DataError
        If it is missing, or a key of it is missing, unknown or impossible.
    """
    if "endpoint" not in top:
        expected = f"a table [endpoint] with kind = one of {', '.join(_KEYS)}"
        raise top.error("the end point is missing", expected, 'Add [endpoint] with kind = "off", say.')
    table = top.table("endpoint")
    kind = table.text("kind", choices=tuple(_KEYS))
    table.only(("kind", *dict.fromkeys(key for keys in _KEYS.values() for key in keys)))
    unused = tuple(key for key in table if key not in ("kind", *_KEYS[kind]))
    if kind == "duration":
        return replace(_durations(table), unused=unused)
    if not _KEYS[kind]:
        return Endpoint(kind, unused=unused)
    return replace(_off(table, kind), unused=unused)


def _off(table: TrialTable, kind: str) -> Endpoint:
    counted_from = table.text("counted_from", "start", choices=("start", "first", "arrival"))
    if (counted_from == "arrival") != ("arrival" in table):
        problem = "'arrival' is missing" if counted_from == "arrival" else "'arrival' stands without counted_from"
        todo = "Add arrival = ['lognormal', 15, 0.4, 6, 40]." if counted_from == "arrival" else "Remove one."
        raise table.error(problem, 'counted_from = "arrival" and arrival, the minutes from start to arrival', todo)
    for key in ("off_from", "off_until"):
        if key not in table:
            raise table.error(f"the key '{key}' is missing", "minutes, as a number", f"Add {key} = ...")
    start, end = table.number("off_from"), table.number("off_until")
    check_window(table, "off_from", start, "off_until", end, counted_from)
    quiet_from, quiet_until = table.number("quiet_from", None), table.number("quiet_until", None)
    if quiet_until is None and (quiet_from is not None or "quiet_after" in table):
        raise table.error("'quiet_until' is missing", "the end of the quiet window", "Add quiet_until = 120, say.")
    if quiet_until is not None and "quiet_after" not in table:
        # Without quiet_from the window begins where that of each arm ends, hence nothing is filled in here.
        begin = end if quiet_from is None else quiet_from
        check_window(table, "quiet_from", begin, "quiet_until", quiet_until, counted_from)
    if any(key in table for key in _MIMICS) and not all(key in table for key in _MIMICS):
        raise table.error("one of 'mimic_share' and 'mimic_success' is missing", "both or none", "Add the other.")
    return Endpoint(
        kind,
        off_from=start,
        off_until=end,
        counted_from=counted_from,
        arrival=table.time("arrival") if counted_from == "arrival" else None,
        quiet_from=quiet_from,
        quiet_until=quiet_until,
        quiet_after=table.texts("quiet_after"),
        mimic_share=table.within("mimic_share", 0.0, 1.0, 0.0),
        mimic_success=table.within("mimic_success", 0.0, 1.0, 0.0),
    )


def check_window(table: TrialTable, first: str, low: float, last: str, high: float, counted_from: str) -> None:
    """Refuse a window that ends before it begins, or begins before what it is counted from."""
    if low > high:
        raise table.error(f"'{first}' is {low:g}, after '{last}' {high:g}", f"{first} up to {last}", "Swap them.")
    if low < 0 and counted_from != "arrival":
        expected = "minutes from 0; only those counted from arrival may be negative"
        raise table.error(f"'{first}' is {low:g}, before the {counted_from}", expected, "Correct the number.")


def _durations(table: TrialTable) -> Endpoint:
    given = table.data.get("pairs")
    expected = "a list such as [[5, 10], [10, 20]]: of the episodes longer than 5 min the share longer than 10"
    if not isinstance(given, list | tuple) or not given or not all(_is_pair(pair) for pair in given):
        raise table.error(f"'pairs' is {given!r}", expected, "Write pairs of minutes, the shorter first.")
    pairs = tuple((float(a), float(b)) for a, b in given)
    longest = max(b for _, b in pairs)
    observed = table.within("observed", longest, default=longest + load_receptors()["episode_end_silence"])
    return Endpoint("duration", pairs=pairs, observed=observed)


def _is_pair(pair: Any) -> bool:
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        return False
    numbers = all(isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x) for x in pair)
    return numbers and 0 <= pair[0] < pair[1]
