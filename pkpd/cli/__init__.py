"""The command `pkpd`: parses the words, calls the library, writes data to stdout or a file and messages to stderr.

One module a verb, each with `HELP`, `EXAMPLES`, `add_arguments(parser)` and `run(arguments) -> exit code`; a new verb
is a new module and its name in `VERBS`. Exit codes: 0 done; 1 done, but some rows failed or there are findings; 2 wrong
usage or unreadable input. No traceback reaches the user.
"""

from pkpd.cli.command import main

__all__ = ["main"]
