"""Expressions of the drug files: parsed, checked against a whitelist, and turned into plain Python closures.

The text of a file is never executed. It is parsed into a syntax tree; every node that is not arithmetic, a comparison,
a known name or a call of a listed function is refused, and what remains is rebuilt as nested functions of floats.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from pkpd.errors import DrugFileError, did_you_mean

__all__ = ["CONSTANTS", "FUNCTIONS", "Expression", "parse"]

Environment = Mapping[str, float]
Evaluator = Callable[[Environment], float]

CONSTANTS = {"ln2": math.log(2.0), "pi": math.pi}
# name: (function, fewest arguments, most arguments); `where` stands apart because it evaluates one branch only
FUNCTIONS: dict[str, tuple[Callable[..., float], int, int]] = {
    "exp": (math.exp, 1, 1),
    "log": (math.log, 1, 1),
    "sqrt": (math.sqrt, 1, 1),
    "abs": (abs, 1, 1),
    "min": (min, 2, 8),
    "max": (max, 2, 8),
    "where": (lambda condition, yes, no: yes if condition else no, 3, 3),
}
# math.pow and not **: a negative base with a broken exponent must fail instead of giving a complex number
_BINARY: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: math.pow,
}
_COMPARE: dict[type, Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_LONGEST = 1000
_DEEPEST = 100


@dataclass(frozen=True)
class Expression:
    """A checked expression.

    Attributes
    ----------
    text : str
        As written in the file.
    names : frozenset of str
        The parameters and covariates it reads.
    evaluate : callable
        Takes a mapping from name to float and returns a float; raises KeyError, ValueError, ZeroDivisionError or
        OverflowError where arithmetic does.
    """

    text: str
    names: frozenset[str]
    evaluate: Evaluator = field(compare=False, repr=False)

    def __str__(self) -> str:
        return self.text


def parse(text: str, names: Collection[str], where: str = "expression") -> Expression:
    """Parse an expression and check every word of it.

    Parameters
    ----------
    text : str
        For example ``"CL_ref * (weight_kg/70)**0.75"``.
    names : collection of str
        The names that may stand in it, beside the constants ``ln2`` and ``pi``.
    where : str
        File and table, for the error messages.

    Returns
    -------
    Expression

    Raises
    ------
    DrugFileError
        For everything that is not arithmetic on known names and listed functions.
    """
    if not isinstance(text, str) or not text.strip() or len(text) > _LONGEST:
        raise DrugFileError(
            f"{where}: {str(text)[:60]!r} is no expression; expected arithmetic on known names of at most {_LONGEST} "
            "characters. Write for example 'CL_ref * (weight_kg/70)**0.75'."
        )
    try:
        tree = ast.parse(text.strip(), mode="eval")
        return Expression(text, *_Builder(text, frozenset(names), where).build(tree.body))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, DrugFileError):
            raise
        raise DrugFileError(
            f"{where}: the expression '{text}' cannot be read ({getattr(error, 'msg', error)}); expected arithmetic "
            "such as 'CL_ref * (weight_kg/70)**0.75'. Check brackets and operators."
        ) from None


class _Builder:
    """Turns the syntax tree of one expression into closures, refusing what is not on the list."""

    def __init__(self, text: str, known: frozenset[str], where: str) -> None:
        self.text, self.known, self.where = text, known, where
        self.names: set[str] = set()
        self.depth = 0

    def build(self, node: ast.expr) -> tuple[frozenset[str], Evaluator]:
        inner = self.node(node)
        return frozenset(self.names), lambda env: float(inner(env))

    def fail(self, problem: str, todo: str) -> DrugFileError:
        return DrugFileError(f"{self.where}: in the expression '{self.text}' {problem}. {todo}")

    def node(self, node: ast.expr) -> Evaluator:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.fail(f"the nesting is deeper than {_DEEPEST}; expected a shorter one", "Split it in two.")
        evaluator = self.choose(node)
        self.depth -= 1
        return evaluator

    def choose(self, node: ast.expr) -> Evaluator:
        if isinstance(node, ast.Constant):
            return self.constant(node)
        if isinstance(node, ast.Name):
            return self.name(node)
        if isinstance(node, ast.BinOp):
            return self.binary(node)
        if isinstance(node, ast.UnaryOp):
            return self.unary(node)
        if isinstance(node, ast.Compare):
            return self.compare(node)
        if isinstance(node, ast.BoolOp):
            return self.boolean(node)
        if isinstance(node, ast.Call):
            return self.call(node)
        part = ast.get_source_segment(self.text.strip(), node) or type(node).__name__
        raise self.fail(
            f"'{part}' is not allowed; expected numbers, names, + - * / **, comparisons, and/or/not, and the functions "
            f"{', '.join(FUNCTIONS)}",
            "Nothing else in a file is ever computed: rewrite it with these.",
        )

    def constant(self, node: ast.Constant) -> Evaluator:
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            raise self.fail(f"{node.value!r} is not a number; expected numbers and names only", "Take it out.")
        value = float(node.value)
        return lambda env: value

    def name(self, node: ast.Name) -> Evaluator:
        name = node.id
        if name in self.known:
            self.names.add(name)
            return operator.itemgetter(name)
        if name in CONSTANTS:
            value = CONSTANTS[name]
            return lambda env: value
        hint = did_you_mean(name, [*self.known, *CONSTANTS]) or f" Known here: {', '.join(sorted(self.known)) or '-'}."
        raise self.fail(f"'{name}' is not known; expected an earlier parameter or a declared covariate", hint.strip())

    def binary(self, node: ast.BinOp) -> Evaluator:
        if type(node.op) not in _BINARY:
            todo = "Write a power as '**'." if isinstance(node.op, ast.BitXor) else "Rewrite it with these."
            raise self.fail(f"'{type(node.op).__name__}' is no listed operator; expected + - * / **", todo)
        operation, left, right = _BINARY[type(node.op)], self.node(node.left), self.node(node.right)
        return lambda env: operation(left(env), right(env))

    def unary(self, node: ast.UnaryOp) -> Evaluator:
        inner = self.node(node.operand)
        if isinstance(node.op, ast.USub):
            return lambda env: -inner(env)
        if isinstance(node.op, ast.UAdd):
            return inner
        if isinstance(node.op, ast.Not):
            return lambda env: not inner(env)
        raise self.fail(f"'{type(node.op).__name__}' is no listed operator; expected - + not", "Rewrite it with these.")

    def compare(self, node: ast.Compare) -> Evaluator:
        if len(node.ops) != 1 or type(node.ops[0]) not in _COMPARE:
            raise self.fail("a comparison has to have two sides; expected < <= > >= == !=", "Join two with 'and'.")
        operation, left, right = _COMPARE[type(node.ops[0])], self.node(node.left), self.node(node.comparators[0])
        return lambda env: operation(left(env), right(env))

    def boolean(self, node: ast.BoolOp) -> Evaluator:
        parts = [self.node(value) for value in node.values]
        if isinstance(node.op, ast.And):
            return lambda env: all(part(env) for part in parts)
        return lambda env: any(part(env) for part in parts)

    def call(self, node: ast.Call) -> Evaluator:
        name = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
        if name not in FUNCTIONS:
            raise self.fail(
                f"the call of '{name}' is not allowed; expected one of {', '.join(FUNCTIONS)}",
                did_you_mean(name, FUNCTIONS).strip() or "Nothing in a file is executed: take the call out.",
            )
        function, fewest, most = FUNCTIONS[name]
        if node.keywords or any(isinstance(arg, ast.Starred) for arg in node.args):
            raise self.fail(f"'{name}' has named or starred arguments; expected plain ones", "Write them in order.")
        if not fewest <= len(node.args) <= most:
            count = str(fewest) if fewest == most else f"{fewest} to {most}"
            raise self.fail(f"'{name}' has {len(node.args)} arguments; expected {count}", "Check the commas.")
        parts = [self.node(arg) for arg in node.args]
        if name == "where":
            condition, yes, no = parts
            return lambda env: yes(env) if condition(env) else no(env)
        if len(parts) == 1:
            only = parts[0]
            return lambda env: function(only(env))
        return lambda env: function(*[part(env) for part in parts])
