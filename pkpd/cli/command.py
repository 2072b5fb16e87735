"""The command line as a whole: the parser over all verbs, and the one place where errors become sentences."""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

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
        end = "" if message.endswith(("?", ".")) else "."
        print(f"{self.prog}: {message}{end} `{self.prog} --help` shows examples.", file=sys.stderr)
        self.exit(_USAGE)


def make_parser() -> Parser:
    """The parser over all verbs."""
    import pkpd

    parser = Parser(
        prog="pkpd",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"pkpd {pkpd.__version__}")
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
    return parser


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
        parser = make_parser()
        parsed = parser.parse_args(arguments)
        if parsed.verb is None:
            parser.print_help(sys.stderr)
            return _USAGE
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
        print("pkpd: interrupted.", file=sys.stderr)
        return 1
    except Exception as error:
        return _say_error(error)


def _say_error(error: Exception) -> int:
    """One sentence for an error; the traceback only for those who ask for it."""
    if os.environ.get("PKPD_DEBUG"):
        raise error
    if isinstance(error, PkpdError):
        print(f"pkpd: {error}", file=sys.stderr)
        return _USAGE
    message = " ".join(str(error).split()) or "no message"
    print(
        f"pkpd: unexpected {type(error).__name__}: {message}. This is a fault of the program, not of your input as far "
        "as it can tell. Run it again with PKPD_DEBUG=1 for the details, and report them; `pkpd doctor` checks the "
        "installation.",
        file=sys.stderr,
    )
    return _USAGE


def _say_warning(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
    """Warnings of the package as plain sentences; those of other packages are for developers."""
    if issubclass(category, PkpdWarning):
        print(f"pkpd: warning: {message}", file=sys.stderr)
