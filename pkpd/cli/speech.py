"""What is said to the person at the terminal: in words of the command line, and in colour where a terminal shows it.

The rest of the package names its options as Python does (``method='map'``); here, and only here, they become those of
the verb that is running (``--method 'map'``).
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable

__all__ = ["say", "say_error", "say_warning", "speak_as", "worded"]

#: Arguments of Python whose option has another name.
_OTHER_NAMES = {"seizure_onset": "onset", "out": "output", "check": "no_check", "what": "picture", "plot": "picture"}
_RED, _YELLOW, _PLAIN = "\033[1;31m", "\033[33m", "\033[0m"
_VALUE = r"\{[^{}]*\}|\[[^\[\]]*\]|'[^']*'|\"[^\"]*\"|[\w+-][\w.+-]*(?<!\.)|"
_GIVEN = re.compile(rf"(?<![\w'\"/.=-])([a-z_]+)=({_VALUE})(?![=\w])")
_LEFT_OUT = re.compile(r"(?<=[Ll]eave )([a-z_]+)(?= out)")
_PLACE = re.compile(r"^((?:\w+[:,] )?)([a-z_]+)(?=: )")

_options: dict[str, str] = {}


def speak_as(verb: argparse.ArgumentParser | None) -> None:
    """From now on options are worded as this verb has them; None words nothing anew."""
    _options.clear()
    if verb is None:
        return
    for action in verb._actions:
        if action.option_strings and action.dest != "help":
            longest = max(action.option_strings, key=len)
            _options[action.dest] = "-o" if "-o" in action.option_strings else longest
    _options.update({name: _options[other] for name, other in _OTHER_NAMES.items() if other in _options})


def worded(text: str) -> str:
    """A message with the options of the running verb: ``start={'CL': 5}`` becomes ``--start CL=5``."""
    if not _options:
        return text
    text = _PLACE.sub(lambda found: f"{found[1]}{_options.get(found[2], found[2])}", text)
    text = _LEFT_OUT.sub(lambda found: _options.get(found[1], found[1]), text)
    return _GIVEN.sub(_as_option, text)


def _as_option(found: re.Match[str]) -> str:
    option, value = _options.get(found[1]), found[2]
    if option is None:
        return found[0]
    if value[:1] in ("{", "["):
        value = re.sub(r"\((\S+), (\S+)\)", r"\1:\2", value[1:-1])  # a pair of limits
        value = re.sub(r"['\"]", "", value).replace(": ", "=").replace(", ", ",")
    return option if value in ("", "True", "False") else f"{option} {value}"


def _in_colour() -> bool:
    """Whether stderr is a terminal that shows colours, and the person has not declined them."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say(message: str) -> None:
    """A message for the person at the terminal."""
    print(worded(message), file=sys.stderr)


def say_error(who: str, message: str) -> None:
    """What went wrong, after the name of the program; in red on a terminal."""
    _say_marked(who, message, _RED)


def say_warning(message: str) -> None:
    """What a person should know; in yellow on a terminal."""
    _say_marked("pkpd: warning", message, _YELLOW)


def _say_marked(who: str, message: str, colour: str) -> None:
    mark: Callable[[str], str] = (lambda text: f"{colour}{text}{_PLAIN}") if _in_colour() else (lambda text: text)
    lines = worded(message).split("\n")
    shown = [mark(line) if line.strip() and not line.strip("^ ") else line for line in lines]
    print(f"{mark(f'{who}:')} " + "\n".join(shown), file=sys.stderr)
