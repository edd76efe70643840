"""Shapes as values: arrays of whole numbers some of which are expressions of named dimensions.

Exporters compute shapes in the graph: `Shape`, `Gather`, `Mul`, `Concat`, then `Reshape`. With open dimensions such
values are known as expressions only. `Extents` holds them in a numpy array of objects, computes on them as numpy does,
and becomes an array of the trace where an operator computes with it what no expression can say. Its element type may be
a floating one: sizes go through `Cast` to float, are scaled, rounded, and come back. It may be that of truth values,
too: see `truths`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import export

from webtensorc.frontends.onnx import quotients, symbolic, truths

_MOST_TIMES = 64

Elements = np.ndarray[Any, Any]


class Count:
    """A size that depends on data: a number that is computed when the model runs, and the largest that it can be.

    Attributes:
        bound: the largest.
        value: the number, an int64 scalar of the trace.
    """

    def __init__(self, bound: int, value: jax.Array) -> None:
        self.bound = bound
        self.value = value

    def __str__(self) -> str:
        return f"<={self.bound}"

    def __jax_array__(self) -> jax.Array:
        return self.value

    def __add__(self, other: Any) -> Count:
        return self._unless_changed(other, 0)

    def __sub__(self, other: Any) -> Count:
        return self._unless_changed(other, 0)

    def __mul__(self, other: Any) -> Count:
        return self._unless_changed(other, 1)

    __radd__, __rmul__ = __add__, __mul__

    def _unless_changed(self, other: Any, neutral: int) -> Count:
        """Itself, so that it is known to be the size that it is, if it is combined with what changes nothing."""
        if isinstance(other, int) and other == neutral:
            return self
        raise _undecided(f"{self} and {other}")


def of(elements: Any, dtype: Any = np.int64) -> Any:
    """An array of sizes: a plain one if all are numbers, else `Extents`."""
    array = np.empty(np.shape(elements), object)
    array[...] = elements
    if not any(map(is_open, array.ravel())):
        return array.astype(dtype)
    return Extents(array, np.dtype(dtype))


def is_open(size: Any) -> bool:
    """Whether a size is no number."""
    return isinstance(size, Count) or bool(export.is_symbolic_dim(size))


def is_static(shape: Sequence[Any]) -> bool:
    """Whether every size is a number."""
    return not any(map(is_open, shape))


class Extents(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of whole numbers, of any numeric type, with at least one element that is an expression."""

    def __init__(self, elements: Elements, dtype: np.dtype[Any]) -> None:
        self.elements = elements
        self.dtype = dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """As numpy's, like all that follows."""
        return tuple(self.elements.shape)

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return self.elements.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.elements.size

    @property
    def counts(self) -> list[Count]:
        """The elements that depend on data."""
        return [each for each in self.elements.ravel() if isinstance(each, Count)]

    def bounds(self) -> Any:
        """The same with the largest that each such element can be."""
        bound = np.frompyfunc(lambda each: each.bound if isinstance(each, Count) else each, 1, 1)
        return of(bound(self.elements), self.dtype)

    def __len__(self) -> int:
        return len(self.elements)

    def __getitem__(self, index: Any) -> Any:
        return of(self.elements[index], self.dtype)

    def reshape(self, *shape: Any) -> Any:
        """Other dimensions."""
        return of(self.elements.reshape(*shape), self.dtype)

    def ravel(self) -> Any:
        """One dimension."""
        return of(self.elements.ravel(), self.dtype)

    def astype(self, dtype: Any) -> Any:
        """The same numbers in another type."""
        is_number = jnp.issubdtype(dtype, jnp.number) or self.dtype == np.dtype(dtype)
        return of(self.elements, dtype) if is_number else self != np.zeros((), np.int64)

    def __jax_array__(self) -> jax.Array:
        """The values as an array of the trace."""
        flat = [jnp.asarray(getattr(each, "value", each)).astype(self.dtype) for each in self.elements.ravel()]
        return jnp.stack(flat).reshape(self.shape)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("a size that depends on a named dimension is no number")

    def __array_ufunc__(self, function: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        rules = truths.CONNECTIVES if self.dtype == np.dtype(bool) else _RULES
        rule = rules.get(function.__name__)
        counts_too = function.__name__ in _OF_COUNTS and not any(isinstance(each, jax.Array) for each in inputs)
        if method != "__call__" or kwargs or (not counts_too and any(map(is_computed, inputs))):
            rule = None
        if rule is not None:
            try:
                found = np.vectorize(rule, otypes=[object])(*map(_whole, inputs))
                return of(found, bool if function.__name__ in _COMPARISONS else self.dtype)
            except (jax.errors.InconclusiveDimensionOperation, ZeroDivisionError):
                pass
        return getattr(jnp, function.__name__)(*map(_traced, inputs), **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function is np.where and isinstance(args[0], Extents):
            return _where(*args)
        try:
            found = function(
                *_objects(args), **{name: _objects(each) for name, each in kwargs.items() if name != "dtype"}
            )
        except (TypeError, jax.errors.InconclusiveDimensionOperation):  # sizes that depend on data have no order
            if not self.counts:
                raise
            return getattr(jnp, function.__name__)(*_replaced(args, _traced), **_replaced(kwargs, _traced))
        if isinstance(found, (list, tuple)):
            return [of(each, self.dtype) for each in found]
        return of(found, self.dtype)


def is_computed(value: Any) -> bool:
    """Whether an operand is no number, and no expression of dimensions either."""
    return isinstance(value, jax.Array) or (isinstance(value, Extents) and bool(value.counts))


def _objects(value: Any) -> Any:
    """The value with arrays of objects for `Extents`."""
    return _replaced(value, lambda each: each.elements if isinstance(each, Extents) else each)


def _replaced(value: Any, of_each: Callable[[Any], Any]) -> Any:
    """The value with something else for each that is in its lists, tuples and dictionaries."""
    if isinstance(value, (list, tuple)):
        return type(value)(_replaced(each, of_each) for each in value)
    if isinstance(value, dict):
        return {name: _replaced(each, of_each) for name, each in value.items()}
    return of_each(value)


def _whole(value: Any) -> Any:
    """An operand as an array of objects that are sizes or whole numbers.

    Raises:
        InconclusiveDimensionOperation: some are not whole.
    """
    if isinstance(value, Extents):
        return value.elements
    array = np.asarray(value)
    if np.issubdtype(array.dtype, np.integer):
        return array.astype(object)
    if not (np.isfinite(array.astype(np.float64)).all() and (array == np.trunc(array)).all()):
        raise _undecided("a size and a fraction")
    return array.astype(object).astype(int).astype(object)


def _traced(value: Any) -> Any:
    return value.__jax_array__() if isinstance(value, Extents) else value


def _undecided(message: str) -> Exception:
    return jax.errors.InconclusiveDimensionOperation(message)


def _where(holds: Extents, a: Any, b: Any) -> Any:
    """`numpy.where` of sizes, whose result is one if both are whole."""
    try:
        found = np.vectorize(truths.chosen, otypes=[object])(holds.elements, _whole(a), _whole(b))
    except jax.errors.InconclusiveDimensionOperation:
        return jnp.where(*map(_traced, (holds, a, b)))
    return of(found, np.result_type(a.dtype, b.dtype))


def _compared(name: str) -> Callable[[Any, Any], Any]:
    """Whether a comparison holds: decided if it does whatever the dimensions are, else an expression of them."""

    def compare(a: Any, b: Any) -> Any:
        try:
            return _DECISIONS[name](a, b)
        except jax.errors.InconclusiveDimensionOperation:
            if isinstance(a, Count) or isinstance(b, Count):
                raise
            return truths.COMPARISONS[name](a, b)

    return compare


def _equal(a: Any, b: Any) -> bool:
    """Whether two sizes are equal whatever the dimensions are; undecided if that depends on them."""
    if a is b:
        return True
    for count, other in ((a, b), (b, a)):
        if isinstance(count, Count):
            if isinstance(other, int) and isinstance(count.bound, int) and not 0 <= other <= count.bound:
                return False
            raise _undecided(f"{count} == {other}")
    difference = a - b
    if not is_open(difference):
        return bool(difference == 0)
    for sign in (1, -1):
        try:
            if sign * difference >= 1:
                return False
        except jax.errors.InconclusiveDimensionOperation:
            continue
    raise _undecided(f"{a} == {b}")


def _remainder(a: Any, b: Any) -> Any:
    """a mod b as a - b * (a // b): so a size that is filled up to a multiple of b is seen to be one."""
    return a - b * floor(a, b)


def floor(a: Any, b: Any) -> Any:
    """a / b rounded down, in one way of writing; a number where it can be one only, as 2 / n is 0 from 3 on."""
    return symbolic.decided(a // b) if is_open(b) else quotients.flattened(a // b)


def toward_zero(a: Any, b: Any) -> Any:
    """a / b rounded towards zero, for a divisor that is at least 1."""
    if not b >= 1:
        raise _undecided(f"the sign of {b}")
    try:
        if a >= 0:
            return floor(a, b)
    except jax.errors.InconclusiveDimensionOperation:
        return jax.core.max_dim(a, 0) // b - jax.core.max_dim(-a, 0) // b
    return -(-a // b)


def _fmod(a: Any, b: Any) -> Any:
    """The remainder of a division towards zero."""
    return a - b * toward_zero(a, b)


def check_equal(a: Any, b: Any) -> None:
    """Raise InconclusiveDimensionOperation unless two sizes are equal whatever the dimensions are."""
    if is_static((a, b)) and a != b:
        raise ValueError(f"{a} and {b} are not the same number")
    if is_open(a - b) or a != b:
        raise _undecided(f"{a} and {b} are not the same number, whatever the open dimensions are")


def quotient(a: Any, b: Any) -> Any:
    """a / b, which must be whole.

    Raises:
        InconclusiveDimensionOperation: that depends on the dimensions, or it is not.
    """
    found = a // b
    rest = a - found * b
    if is_open(rest) or rest != 0:
        raise _undecided(f"{a} is no multiple of {b}, whatever the open dimensions are")
    return found


def fixed_ratio(a: Any, b: Any) -> Fraction | None:
    """a / b, where it is the same whatever the dimensions are, and the two are not 0."""
    for times in range(1, _MOST_TIMES + 1):
        for found in (Fraction(times), Fraction(1, times)):
            rest = a * found.denominator - b * found.numerator
            if not is_open(rest) and rest == 0:
                return found
    return None


def _same(a: Any) -> Any:
    """A whole number, rounded."""
    return a


_DECISIONS: dict[str, Callable[[Any, Any], bool]] = {
    "equal": _equal,
    "not_equal": lambda a, b: not _equal(a, b),
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
}

_COMPARISONS = {name: _compared(name) for name in _DECISIONS}

_OF_COUNTS = ("add", "equal", "multiply", "not_equal", "subtract")
"""Those that may be decided for sizes that depend on data."""

_RULES: dict[str, Callable[..., Any]] = {
    **_COMPARISONS,
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "floor_divide": floor,
    "true_divide": quotient,
    "divide": quotient,
    **dict.fromkeys(("floor", "ceil", "rint", "trunc", "round"), _same),
    "remainder": _remainder,
    "fmod": _fmod,
    "negative": operator.neg,
    "maximum": lambda a, b: jax.core.max_dim(a, b),
    "minimum": lambda a, b: jax.core.min_dim(a, b),
}
"""By numpy's name; numpy's integers become Python's on the way, in arrays of objects."""
