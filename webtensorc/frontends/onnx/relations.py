"""What the sizes of open dimensions have in common, found out from the nodes that do not fit otherwise.

Exporters do not say that an image's height is a multiple of 32, that there are 512 positions at most, or that a mask is
as long as past and new steps together. A node that fails although it would fit if it were so says it: `Concat` of a map
that was halved and doubled with one that was not needs an even size. Such a node is tried alone with multiples of 2, 3
and so on, with bounds, and with equal dimensions; if it fits, the whole trace begins again with what was found out.
"""

from __future__ import annotations

import bisect
import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import jax
from webtensorc_runtime.dims import Bounds, evaluate, names

from webtensorc.frontends.onnx import equations, extents, narrowing, quotients, search, symbolic
from webtensorc.frontends.onnx.failures import StartAgain
from webtensorc.frontends.onnx.interpreter import Failed, OnFailure
from webtensorc.frontends.onnx.signature import Signature
from webtensorc.frontends.onnx.values import OneOfTwoError, Value, describe

_STEPS = (*range(2, 65), *range(72, 257, 8))
_MOST_LEAST = 64
_MOST_POWER = 20
_TRIED_POWERS = 15
"""How many single sizes are tried: a table that is made for each takes the longer the larger it is."""
_MOST_NESTED = 8
_MOST_ROUNDS = 32

T = TypeVar("T")
Memory = dict[tuple[Any, ...], Any]
"""What was found out, by the signature, and by the failing node and what it was given."""


def settle(
    signature: Signature,
    run: Callable[[Signature, OnFailure | None], T],
    raised: Callable[[Signature], Signature],
    on_failure: OnFailure | None = None,
    memory: Memory | None = None,
) -> T:
    """What `run` gives for a signature that has all that its nodes demand of sizes.

    Args:
        signature: the inputs as they are declared.
        run: a trace; whatever fails in it is told to the function that it is given.
        raised: gives the signature with the least sizes that what precedes the first failing node demands.
        on_failure: gives stand-ins for nodes that fail all the same; without it they raise their error.
        memory: what was found out in earlier traces of the model, which is not searched again; it is added to.
    """
    memory = {} if memory is None else memory
    with search.limited():
        for _ in range(_MOST_ROUNDS):
            try:
                return run(signature, _watcher(signature, raised, on_failure, memory))
            except StartAgain as found:
                signature = found.signature
        return run(signature, _watcher(replace(signature, dims=()), raised, on_failure, memory))


def _watcher(
    signature: Signature, raised: Callable[[Signature], Signature], on_failure: OnFailure | None, memory: Memory
) -> OnFailure:
    is_trial = is_raised = False
    tried: Exception | None = None
    exceptions: list[Exception] = []

    def watch(failed: Failed) -> tuple[Value, ...]:
        nonlocal is_trial, is_raised, tried
        if is_trial or failed.error is tried:  # of the node that this one is inside of, or of one inside of this one
            raise failed.error
        if isinstance(failed.cause, OneOfTwoError):
            exceptions.append(failed.cause.exception)
            return failed.cause.usual
        is_trial = True
        try:
            if signature.dims and not is_raised and not failed.is_inside:
                is_raised = True
                if (higher := _remembered(memory, (signature,), lambda: raised(signature))) != signature:
                    raise StartAgain(higher.with_numbers(), signature, None)
            trial = _Trial(signature, failed)
            given = failed.node.name, *map(describe, failed.inputs)
            found = _remembered(memory, (signature, *given), trial.found) if signature.dims else None
        finally:
            is_trial = False
        if found not in (None, signature):  # the same again would end nowhere
            raise StartAgain(found.with_numbers(), signature, trial.scope)
        if exceptions:
            raise exceptions.pop(0)
        tried = failed.error
        if on_failure is None or failed.is_tried:
            raise failed.error
        return on_failure(failed)

    return watch


def _remembered(memory: Memory, key: tuple[Any, ...], search: Callable[[], Any]) -> Any:
    if key not in memory:
        memory[key] = search()
    return memory[key]


@dataclass(frozen=True)
class _Trial:
    """A node that does not fit the signature, and the search for one that it fits."""

    signature: Signature
    failed: Failed

    @property
    def scope(self) -> Any:
        """What the variables in the sizes belong to."""
        return self.sizes()[0].scope

    def sizes(self) -> list[Any]:
        """The open sizes that the node is given."""
        return [each for value in self.failed.inputs for each in equations.sizes_of(value) if extents.is_open(each)]

    def involved(self) -> list[str]:
        """The dimensions in the sizes that the node is given."""
        used = {name for size in self.sizes() for name in equations.names_in(size)}
        return [each.name for each in self.signature.dims if symbolic.variable(each) in used]

    def found(self) -> Signature | None:
        """The signature with what the node demands, if that is found out."""
        return self.identical() or self.multiples() or self.bounded() or self.equal() or self.alike() or self.between()

    @functools.cached_property
    def in_one_way(self) -> Signature:
        """The signature with quotients written in one way: it demands nothing of any size."""
        known = self.signature.identities
        for _ in range(_MOST_NESTED):
            written = symbolic.sizes(self.signature.dims, known)
            variables = {symbolic.variable(each): written[each.name] // each.step for each in self.signature.dims}
            found = quotients.identities(narrowing.evaluated(size, variables) for size in self.sizes())
            if not (more := [each for each in found if each not in known]):
                break
            known = (*known, *more)
        return replace(self.signature, identities=known)

    def identical(self) -> Signature | None:
        """The signature with quotients written in one way, if that is all that the node wants."""
        return self._fitting(lambda: self.in_one_way) if self.in_one_way != self.signature else None

    def multiples(self) -> Signature | None:
        """The signature with multiples only of some dimensions, as small as the node allows.

        If multiples of the next number do as well it may be a size, not a divisor, that the node needs: then an upper
        bound below is what was meant, as of positions that are counted from the end of a table. A lower bound up to the
        common multiple leaves more sizes, and goes before it; so does an upper one where there is one anyway.
        """
        involved = self.involved()
        is_limited = any(each.most is not None for each in self.signature.dims if each.name in involved)

        def fits(steps: Mapping[str, int]) -> bool:
            return self._fitting(lambda: self.signature.with_multiples(steps)) is not None

        common = next((step for step in _STEPS if involved and fits(dict.fromkeys(involved, step))), None)
        if common is None:
            return None
        if fits(dict.fromkeys(involved, common + 1)) and (below := self._at_most(common - 1)):
            return below
        if (larger := self._at_least(involved, common)) is not None:
            return larger
        if is_limited and (smaller_ones := self._at_most(None)) is not None:
            return smaller_ones
        steps = dict.fromkeys(involved, common)
        for name in involved:
            smaller = (step for step in range(1, common) if common % step == 0)
            steps[name] = next((step for step in smaller if fits({**steps, name: step})), common)
        return self.signature.with_multiples(steps)

    def bounded(self) -> Signature | None:
        """The signature with a tighter bound of one dimension: the largest or the least size that the node allows.

        An upper one is a number that the node is given, as the length of a table is; a lower one is small.
        """
        for name in self.involved():
            if (narrowed := self._at_most(None, [name])) is not None:
                return narrowed
            if (narrowed := self._at_least([name])) is not None:
                return narrowed
        return None

    def _at_least(self, names: Sequence[str], step: int | None = None) -> Signature | None:
        """The signature with the smallest lower bounds that the node needs of some dimensions.

        They are no higher than the smallest multiples of `step` that there may be, if that is given.
        """

        def fitting(least: Mapping[str, int]) -> Signature | None:
            def make() -> Signature:
                return functools.reduce(lambda made, name: made.with_bounds(name, least[name]), least, self.signature)

            return self._fitting(make)

        bounds = {each.name: each for each in self.signature.dims if each.name in names}
        least = {name: -(-each.least // step) * step if step else _MOST_LEAST for name, each in bounds.items()}
        least = {name: min(size, bounds[name].most or size) for name, size in least.items()}
        if not least or fitting(least) is None:
            return None
        for name, size in least.items():
            sizes = range(bounds[name].least, size)
            least[name] = next((smaller for smaller in sizes if fitting({**least, name: smaller})), size)
        return fitting(least)

    def _at_most(self, limit: int | None, names: Sequence[str] = ()) -> Signature | None:
        """The signature with the largest upper bound, up to a limit, that the node allows one of some dimensions.

        Near it is a number that the node is given, as the length of a table is: other sizes may fit by chance.
        """
        every = [size for value in self.failed.inputs for size in equations.sizes_of(value)]
        numbers = sorted({int(number) for size in every for number in re.findall(r"\d+", str(size))}, reverse=True)
        for bounds in self.signature.dims:
            if bounds.name in (names or self.involved()):
                end = _least_of(limit, bounds.most, bounds.least << _MOST_POWER)
                near = (number for number in numbers if bounds.least < number <= end)
                if fitting := next((number for number in near if self._between(bounds, 1, number)), None):
                    return self._between(bounds, 1, self._most(bounds, 1, fitting, end))
        return None

    def equal(self) -> Signature | None:
        """The signature with one dimension as an expression of others, or as a number."""
        is_plain = {symbolic.variable(each): each.step == 1 for each in self.signature.dims}
        for name, expression in equations.candidates(self.failed.inputs):
            found = self._equal(name, expression) if all(map(is_plain.get, (name, *names([expression])))) else None
            if found and not self._wants_any(name, expression):
                return found
        return None

    def _equal(self, name: str, expression: str) -> Signature | None:
        return self._fitting(functools.partial(self.in_one_way.with_equal, name, expression), {name: expression})

    def alike(self) -> Signature | None:
        """The signature with several dimensions equal to others, as a broadcast of several open sizes wants them."""
        found = equations.alike(self.failed.inputs)
        is_plain = {symbolic.variable(each): each.step == 1 for each in self.signature.dims}
        if len(found) < 2 or not all(is_plain.get(name) for name in (*found, *names(found.values()))):
            return None

        def make() -> Signature:
            pairs = found.items()
            return functools.reduce(lambda made, pair: made.with_equal(*pair), pairs, self.in_one_way)

        return self._fitting(make, found)

    def _wants_any(self, name: str, expression: str) -> bool:
        """Whether the node is as well off with the next two numbers: it wants a number, and does not say which."""
        return expression.isdigit() and all(self._equal(name, str(int(expression) + more)) for more in (1, 2))

    def between(self) -> Signature | None:
        """The signature with bounds on both sides of a size of one dimension that fits, as wide as the node allows.

        A map that must be one element long behind strides says it, where no number that the node is given does.
        """
        for bounds in self.signature.dims:
            if bounds.name in self.involved():
                tried = (bounds.least << power for power in range(_TRIED_POWERS))
                fitting = next((size for size in tried if self._between(bounds, size, size)), None)
                found = self._widest(bounds, fitting) if fitting else None
                if found and not (_is_one_size(found, bounds.name) and self._wants_any(bounds.name, str(fitting))):
                    return found
        return None

    def _widest(self, bounds: Bounds, size: int) -> Signature | None:
        """The signature with the widest bounds of a dimension around a size that fits."""
        most = self._most(bounds, size, size, _least_of(bounds.most, bounds.least << _MOST_POWER))
        below = range(size, bounds.least - 1, -1)
        least = below[bisect.bisect_left(below, True, key=lambda least: not self._between(bounds, least, most)) - 1]
        return self._between(bounds, least, most)

    def _most(self, bounds: Bounds, least: int, fitting: int, end: int) -> int:
        """The largest upper bound, from one that fits up to `end`, that fits as well."""
        above = range(fitting, end + 1)
        return above[bisect.bisect_left(above, True, key=lambda most: not self._between(bounds, least, most)) - 1]

    def _between(self, bounds: Bounds, least: int, most: int) -> Signature | None:
        return self._fitting(lambda: self.signature.with_bounds(bounds.name, least, most))

    def _fitting(self, make: Callable[[], Signature], equal: Mapping[str, str] | None = None) -> Signature | None:
        """A candidate, if there is such a signature and the node can be computed with what it knows of the sizes."""
        try:
            candidate = make()
            sizes = symbolic.sizes(candidate.dims, candidate.identities)
            sizes |= {name: evaluate(expression, sizes) for name, expression in (equal or {}).items()}
            variables = {symbolic.variable(each): sizes[each.name] // each.step for each in self.signature.dims}
            self._compute(variables)
        except Exception:  # whatever it is, the node does not fit
            return None
        return candidate

    def _compute(self, variables: Mapping[str, Any]) -> None:
        """Compute the node with other variables in the sizes of what it is given."""
        given = [narrowing.at(value, variables) for value in self.failed.inputs]
        places = [index for index, value in enumerate(given) if isinstance(value, jax.ShapeDtypeStruct)]

        def run(*arrays: jax.Array) -> None:
            inputs = list(given)
            for index, array in zip(places, arrays, strict=True):
                inputs[index] = array
            self.failed.again(tuple(inputs))

        jax.eval_shape(run, *(given[index] for index in places))


def _is_one_size(signature: Signature, name: str) -> bool:
    return any(each.name == name and each.least == each.most for each in signature.dims)


def _least_of(*ends: int | None) -> int:
    return min(end for end in ends if end is not None)
