"""Completion in the shell: a script for bash, zsh, fish, tcsh or powershell, made once from the parser by `shtab`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from importlib import util

from pkpd.errors import ParameterError, did_you_mean

__all__ = ["completion_script"]

SHELLS = ("bash", "zsh", "fish", "tcsh", "powershell")


def completion_script(parser: argparse.ArgumentParser, verbs: Mapping[str, argparse.ArgumentParser], shell: str) -> str:
    """The script that completes verbs, options, files, and the words that an option knows.

    Parameters
    ----------
    parser : ArgumentParser
        Is changed: words that a person may type freely become closed lists.
    verbs : mapping of str to ArgumentParser
    shell : str

    Raises
    ------
    ParameterError
        If the shell is unknown, or `shtab` is missing.
    """
    if shell not in SHELLS:
        raise ParameterError(
            f"--print-completion: '{shell}' is not a known shell; expected {', '.join(SHELLS)}."
            f"{did_you_mean(shell, SHELLS) or ' Choose one of these.'}"
        )
    if util.find_spec("shtab") is None:
        raise ParameterError(
            "--print-completion: needs the package shtab, which is missing; expected it to be installed, once. Install "
            "pkpd[completion]."
        )
    import shtab

    words = _known_words()
    for name, verb in verbs.items():
        for action in verb._actions:
            known = words.get((name, action.dest)) or words.get(("", action.dest))
            if known and action.choices is None:
                action.choices = known
            elif action.metavar in ("FILE", "PATH"):
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    script: str = shtab.complete(parser, shell)
    return script


def _known_words() -> dict[tuple[str, str], Sequence[str]]:
    """The words of a verb's argument (of any verb where the name is empty)."""
    from pkpd.fit.options import CHOICES
    from pkpd.library.catalogue import list_drugs, list_genes
    from pkpd.nca.nca import METHODS
    from pkpd.scenario import CONDITIONS, EVIDENCE, SEIZURES

    return {
        ("drugs", "name"): list_drugs(),
        ("genes", "name"): list_genes(),
        ("fit", "model"): [*list_drugs(), "1cmt", "2cmt", "3cmt"],
        **{("fit", option): known for option, known in CHOICES.items()},
        ("nca", "method"): METHODS,
        ("", "seizure"): SEIZURES,
        ("", "condition"): CONDITIONS,
        ("", "evidence"): EVIDENCE,
        ("", "picture"): ("concentrations", "receptors", "pris"),
        ("", "profiles"): ("all", "none"),
    }
