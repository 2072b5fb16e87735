"""Eight subjects side by side in vector registers: one number of each, as a single value that kernels compute with.

A row of a contiguous array, LANES numbers wide, is loaded into such a value, `+ - * /` act on all lanes, and the result
is stored. The lines of a right-hand side that are written for plain numbers run on lanes unchanged. No lane sees
another, so a subject's numbers do not depend on its neighbours.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from pkpd import compile_cache

compile_cache.prepare()

from llvmlite import ir  # noqa: E402  (the cache folder must be known before numba loads)
from numba import extending, njit, types  # noqa: E402
from numba.extending import models, overload, register_model  # noqa: E402

__all__ = ["LANES", "exponential", "larger", "load", "load_from", "magnitude", "spread", "store", "store_from"]

intrinsic: Any = extending.intrinsic  # a kernel calls the function without the first argument that is written here
LANES = 8
_REALS = ir.VectorType(ir.DoubleType(), LANES)
_WHOLES = ir.VectorType(ir.IntType(64), LANES)
_INDEX = ir.IntType(32)


class _LanesType(types.Type):
    def __init__(self) -> None:
        super().__init__(name="Lanes")


_LANES = _LanesType()


@register_model(_LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, kind) -> None:
        super().__init__(manager, kind, _REALS)


def _address(context, builder, kind, array, first):
    data = context.make_array(kind)(context, builder, value=array).data
    return builder.bitcast(builder.gep(data, [first]), _REALS.as_pointer())


@intrinsic
def load_from(typing, array, first):
    """Return LANES numbers of a C-contiguous float64 array, from its number `first` on."""

    def code(context, builder, signature, arguments):
        place = _address(context, builder, signature.args[0], *arguments)
        return builder.load(place, align=8)  # numbers are aligned, lanes need not be

    return _LANES(array, types.intp), code


@intrinsic
def store_from(typing, array, first, value):
    """Write lanes into a C-contiguous float64 array, from its number `first` on."""

    def code(context, builder, signature, arguments):
        builder.store(arguments[2], _address(context, builder, signature.args[0], *arguments[:2]), align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, _LANES), code


@njit(inline="always")
def load(array, row):
    """Return row `row` of an array that is LANES numbers wide."""
    return load_from(array, row * LANES)


@njit(inline="always")
def store(array, row, value):
    """Write lanes into row `row` of an array that is LANES numbers wide."""
    store_from(array, row * LANES, value)


def _same_in_all(builder, value):
    empty = ir.Constant(_REALS, ir.Undefined)
    one = builder.insert_element(empty, value, ir.Constant(_INDEX, 0))
    return builder.shuffle_vector(one, empty, ir.Constant(ir.VectorType(_INDEX, LANES), [0] * LANES))


@intrinsic
def spread(typing, number):
    """Return lanes that all hold `number`."""

    def code(context, builder, signature, arguments):
        return _same_in_all(builder, arguments[0])

    return _LANES(types.float64), code


def _operation(name):
    """Return the compiled function of one operation of the instruction set; products and sums may fuse."""

    @intrinsic
    def apply(typing, a, b):
        def code(context, builder, signature, arguments):
            return getattr(builder, name)(*arguments, flags=("contract",))

        return _LANES(_LANES, _LANES), code

    return apply


def _define(symbol, name) -> None:
    apply = _operation(name)

    @overload(symbol)
    def choose(a, b):
        if a is _LANES and b is _LANES:
            return lambda a, b: apply(a, b)
        if a is _LANES and isinstance(b, types.Float):
            return lambda a, b: apply(a, spread(b))
        if isinstance(a, types.Float) and b is _LANES:
            return lambda a, b: apply(spread(a), b)
        return None


for _symbol, _name in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _define(_symbol, _name)


@intrinsic
def larger(typing, a, b):
    """Return the larger of two in each lane; the first where one is not a number."""

    def code(context, builder, signature, arguments):
        first, second = arguments
        return builder.select(builder.fcmp_ordered("<", first, second), second, first)

    return _LANES(_LANES, _LANES), code


@intrinsic
def _without_sign(typing, a):
    def code(context, builder, signature, arguments):
        mask = ir.Constant(_WHOLES, [2**63 - 1] * LANES)
        return builder.bitcast(builder.and_(builder.bitcast(arguments[0], _WHOLES), mask), _REALS)

    return _LANES(_LANES), code


@njit(inline="always")
def magnitude(a):
    """Return the absolute value in each lane."""
    return _without_sign(a)


@intrinsic
def _times_power_of_two(typing, a, shifted):
    """``a 2^n`` where the low bits of `shifted` hold n."""

    def code(context, builder, signature, arguments):
        a, shifted = (builder.bitcast(value, _WHOLES) for value in arguments)
        power = builder.shl(shifted, ir.Constant(_WHOLES, [52] * LANES))
        return builder.bitcast(builder.add(a, power), _REALS)

    return _LANES(_LANES, _LANES), code


_SHIFT = 1.5 * 2.0**52  # adding it leaves a whole number in the low bits
_LN2_HIGH, _LN2_LOW = (
    0.693147180369123816490,
    1.90821492927058770002e-10,
)  # their sum is ln 2; n times the first is exact
_SERIES = tuple(1.0 / float(np.prod(np.arange(1.0, k + 1.0))) for k in range(14))


@njit(cache=True, nogil=True, error_model="numpy")
def exponential(x):
    """Return exp(x) in each lane to two units of the last digit; below -708 it is exp(-708).

    Notes
    -----
    exp(x) = 2^n exp(r) with r = x - n ln 2 between -0.35 and 0.35, and the power series of exp(r) to r^13.
    """
    x = larger(x, spread(-708.0))
    shifted = x * 1.4426950408889634 + _SHIFT
    n = shifted - _SHIFT
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    value = spread(_SERIES[13])
    for k in range(12, -1, -1):
        value = value * r + _SERIES[k]
    return _times_power_of_two(value, shifted)
