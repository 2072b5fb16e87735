"""The command line as a whole: the parser over all verbs, and the one place where errors become sentences."""

from __future__ import annotations

import argparse
import os
import re
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

from pkpd.cli.speech import say_error, say_warning, speak_as
from pkpd.errors import PkpdError, PkpdWarning, did_you_mean
from pkpd.research_use import RESEARCH_USE

__all__ = ["main", "make_parser"]

# In the order in which --help lists them.
VERBS = ("batch", "simulate", "fit", "check", "nca", "trial", "drugs", "genes", "doctor")
_USAGE = 2

_DESCRIPTION = f"""Dosing, genotype and brain entry of antiseizure drugs in status epilepticus.

{RESEARCH_USE}"""

_EXAMPLES = """examples:
  pkpd batch data/scenarios/status_epilepticus.csv -o results/
  pkpd simulate "midazolam 10 mg im" --patient age_y=30,weight_kg=80 --until "8 h" -o out.csv --plot out.png
  pkpd fit data/observed/midazolam.csv --model midazolam -o fit/
  pkpd check data.csv
  pkpd nca data.csv
  pkpd drugs midazolam
  pkpd genes CYP2C9
  pkpd doctor

exit codes: 0 done; 1 done, but some rows failed or there are findings; 2 wrong usage or unreadable input"""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors name the nearest word and where help is found."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the command line, and leave with exit code 2."""
        if "invalid choice: '" in message:
            what, _, rest = message.partition("invalid choice: '")
            word = rest.partition("'")[0]
            known = rest.partition("choose from ")[2].rstrip(")").replace("'", "").split(", ")
            message = f"{what}'{word}' is not known; expected {', '.join(known)}.{did_you_mean(word, known)}"
        if number := re.fullmatch(r"argument (\S+): invalid (int|float) value: '(.*)'", message):
            kind = "a whole number" if number[2] == "int" else "a number"
            message = f"{number[1].split('/')[-1]}: '{number[3]}' is not {kind}; expected one such as 5. Correct it."
        if "are required" in message and (said := self._unknown_option(self._words)):
            message = f"unrecognized arguments: {said}"
        end = "" if message.endswith(("?", ".")) else "."
        say_error(self.prog, f"{message}{end} `{self.prog} --help` shows examples.")
        self.exit(_USAGE)

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """As the base class, and keep the words: a missing option is often a misspelt one."""
        self._words = list(args or ())
        return super().parse_known_args(args, namespace)

    def _unknown_option(self, words: Sequence[str]) -> str:
        """The first option among the words that this verb does not have, with what it has; empty if there is none."""
        options = [option for action in self._actions for option in action.option_strings]
        given = [
            word.partition("=")[0] for word in words if word.startswith("--") or (word[:1] == "-" and len(word) == 2)
        ]
        wrong = next((word for word in given if word not in options), None)
        return f"{wrong}; expected {', '.join(options)}.{did_you_mean(wrong, options)}" if wrong else ""

    def refuse(self, surplus: Sequence[str]) -> NoReturn:
        """Words that are no option of this verb, or one argument too many."""
        if said := self._unknown_option(surplus):
            self.error(f"unrecognized arguments: {said}")
        self.error(
            f"unrecognized arguments: {' '.join(surplus)}; expected no further word. Put words that belong together "
            "into quotes, such as 'lorazepam 4 mg iv'."
        )


def make_parser() -> tuple[Parser, dict[str, Parser]]:
    """The parser over all verbs, and that of each verb."""
    import pkpd

    parser = Parser(
        prog="pkpd",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"pkpd {pkpd.__version__}")
    parser.add_argument(
        "--print-completion",
        metavar="SHELL",
        help="print what completes words in bash, zsh, fish, tcsh or powershell",
    )
    parsers = {}
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs", parser_class=Parser)
    for name in VERBS:
        module = import_module(f"pkpd.cli.{name}")
        verb = verbs.add_parser(
            name,
            help=module.HELP,
            description=module.HELP[:1].upper() + module.HELP[1:] + ".",
            epilog=module.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        module.add_arguments(verb)
        verb.set_defaults(run=module.run)
        parsers[name] = verb
    return parser, parsers


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command `pkpd`.

    Parameters
    ----------
    arguments : sequence of str, optional
        Words after `pkpd`; those of the process by default.

    Returns
    -------
    int
        The exit code.
    """
    warnings.showwarning = _say_warning
    for stream in (sys.stdout, sys.stderr):
        # Units and names are not ASCII; on a terminal that cannot show them a question mark is better than a crash.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        parser, verbs = make_parser()
        parsed, surplus = parser.parse_known_args(arguments)
        if surplus:
            verbs.get(parsed.verb, parser).refuse(surplus)
        if parsed.print_completion is not None:
            from pkpd.cli.completion import completion_script

            sys.stdout.write(completion_script(parser, verbs, parsed.print_completion))
            return 0
        if parsed.verb is None:
            parser.print_help(sys.stderr)
            return _USAGE
        speak_as(verbs[parsed.verb])
        code: int = parsed.run(parsed)
        sys.stdout.flush()
        return code
    except SystemExit as ended:  # argparse's way to end after --help or a wrong word
        return ended.code if isinstance(ended.code, int) else _USAGE
    except BrokenPipeError:
        # The reader of stdout (such as `head`) has gone; keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        say_error("pkpd", "interrupted.")
        return 1
    except Exception as error:
        return _say_error(error)
    finally:
        speak_as(None)


def _say_error(error: Exception) -> int:
    """One sentence for an error; the traceback only for those who ask for it."""
    if os.environ.get("PKPD_DEBUG"):
        raise error
    if isinstance(error, PkpdError):
        say_error("pkpd", str(error))
        return _USAGE
    message = " ".join(str(error).split()) or "no message"
    say_error(
        "pkpd",
        f"unexpected {type(error).__name__}: {message}. This is a fault of the program, not of your input as far "
        "as it can tell. Run it again with PKPD_DEBUG=1 for the details, and report them; `pkpd doctor` checks the "
        "installation.",
    )
    return _USAGE


def _say_warning(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
    """Warnings of the package as plain sentences; those of other packages are for developers."""
    if issubclass(category, PkpdWarning):
        say_warning(str(message))
