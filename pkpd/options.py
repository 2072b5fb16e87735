"""What the options of all verbs have in common: closed lists, mappings, lists of names, and keywords that exist.

Each refuses, at the edge, what would otherwise fail later in a way that names no option.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from pkpd.errors import ParameterError, did_you_mean

__all__ = [
    "a_kind",
    "as_path",
    "check_names",
    "check_workers",
    "keywords_explained",
    "need_mapping",
    "need_truth",
    "one_of",
]

MOST_WORKERS = 1024
P = ParamSpec("P")
R = TypeVar("R")


def a_kind(value: object) -> str:
    """What a value is, with its article: ``"a list"``, ``"an int"``, ``"None"``."""
    kind = type(value).__name__
    return "None" if value is None else f"an {kind}" if kind[0] in "aeiouAEIOU" else f"a {kind}"


def one_of(where: str, value: object, known: Sequence[str | None]) -> None:
    """Refuse a word that is not on the list; `where` ends in what stands before the value, such as ``"fit: blq="``.

    Raises
    ------
    ParameterError
    """
    if isinstance(value, str | None) and value in known:
        return
    words = [word for word in known if word is not None]
    listed = [repr(word) for word in known]
    expected = " or ".join(listed) if len(known) < 3 else f"one of {', '.join(listed)}"
    hint = did_you_mean(value, words) if isinstance(value, str) else ""
    raise ParameterError(f"{where}{value!r} is not known; expected {expected}.{hint or ' Choose one of these.'}")


def need_mapping(name: str, value: object, example: str) -> None:
    """Refuse what has no names with values; None and what is made of them (a pandas Series) pass.

    Raises
    ------
    ParameterError
    """
    if value is not None and not hasattr(value, "items"):
        raise ParameterError(
            f"{name}: {value!r} is {a_kind(value)}; expected names with their values. Write for example "
            f"{name}={example}."
        )


def check_names(name: str, value: object, example: str) -> None:
    """Refuse what is neither one name nor a list of names; None passes.

    Raises
    ------
    ParameterError
    """
    if value is not None and not isinstance(value, str | Iterable):
        raise ParameterError(
            f"{name}: {value!r} is {a_kind(value)}; expected a name or a list of names. Write for example "
            f"{name}={example}."
        )


def need_truth(name: str, value: object) -> None:
    """Refuse what is neither True nor False: the text "no" would count as true.

    Raises
    ------
    ParameterError
    """
    if not isinstance(value, bool):
        raise ParameterError(f"{name}: {value!r} is {a_kind(value)}; expected True or False. Write {name}=False.")


def check_workers(workers: int | None) -> int:
    """Number of processes or threads, 1 when not stated.

    Raises
    ------
    ParameterError
    """
    if workers is None:
        return 1
    if isinstance(workers, bool) or not isinstance(workers, int) or not 1 <= workers <= MOST_WORKERS:
        raise ParameterError(
            f"workers: '{workers}' is not possible; expected a whole number from 1 to {MOST_WORKERS}. Correct it."
        )
    return workers


def as_path(value: object, what: str) -> Path:
    """A path, if it can be one; `what` is the file in words, such as ``"output folder"``.

    Raises
    ------
    ParameterError
    """
    if not isinstance(value, str | os.PathLike) or not str(value):
        raise ParameterError(f"{what}: {value!r} is no path; expected a name such as 'results'. Give one.")
    return Path(value)


def keywords_explained(verb: Callable[P, R]) -> Callable[P, R]:
    """The function, whose TypeError for arguments that it does not take names the nearest and lists them all."""

    @wraps(verb)
    def called(*args: P.args, **options: P.kwargs) -> R:
        try:
            return verb(*args, **options)
        except TypeError as error:
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise  # it comes from inside, not from the call
            raise TypeError(_explanation(str(error), verb)) from None

    return called


def _explanation(message: str, verb: Callable[..., Any]) -> str:
    import inspect

    parameters = [p for p in inspect.signature(verb).parameters.values() if p.name != "self"]
    names = [f"**{p.name}" if p.kind is p.VAR_KEYWORD else p.name for p in parameters]
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    named = " (by name, but for the first)" if len(positional) == 1 else ""
    named = named or (f" (by name, but for {', '.join(positional)})" if positional else " (all by name)")
    word = message.partition("unexpected keyword argument '")[2].partition("'")[0]
    hint = did_you_mean(word, names) if word else ""
    return f"{message.rstrip('.')}; expected {', '.join(names)}{named}.{hint or ' Name the arguments.'}"
