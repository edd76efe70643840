"""Multiply numbers of float16 and bfloat16 as float32 on processors, for which there are kernels.

    product(a, b : f16) -> f32   =>   product(f32(a), f32(b)) -> f32

The native compiler's code for the product on the left reaches a quarter of the speed of that on the right. Weights stay
16 bits where they are stored, and become float32 when they are loaded. With few rows all of the time goes into reading
weights: they are read as they are, of which there is half as much.

What lies between two products is float32 as well, and is rounded to 16 bits wherever it was (`_carried`): kernels round
before they store, and nothing is converted in memory. A product of two numbers of 16 bits is one of float32, and sums
were float32 before (`wide-accumulation`), so that nothing is rounded otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc_kernels import skinny
from webtensorc_kernels.machine import Machine

from webtensorc.iree import mlir
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._at_load import define, loaded
from webtensorc_passes.tiling._carried import can_retype, converted, is_half, retyped, widened
from webtensorc_passes.tiling._sites import match
from webtensorc_passes.tiling._structured import unreshaped

__all__ = ["WidenHalves"]

_KINDS = [[half, half, "f32", "f32"] for half in ("f16", "bf16")]
_FEWEST_ROWS = 8
"""Measured with 1024x1024 weights on an Intel Xeon with AVX-512: as fast with 4 rows, 3.6 times as fast with 16."""


@dataclass(frozen=True)
class WidenHalves(Pass):
    """Convert what is multiplied in 16 bits to float32, where `generate-kernels` has a kernel for that."""

    name: ClassVar[str] = "widen-halves"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.PREPROCESSING
    level: ClassVar[int | None] = 2
    order: ClassVar[int] = 40  # ahead of generate-kernels

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of products and convolutions that were changed."""
        machine = Machine.of(context.target) if context.target else None
        if machine is None:
            return 0
        found = {op: number for op in mlir.nested(module) if (number := _wide_factors(op, machine))}
        for block in dict.fromkeys(op.block for op in found):
            _Carrier(module, {op: number for op, number in found.items() if op.block == block}).run()
        return len(found)


def _wide_factors(op: Any, machine: Machine) -> int:
    """How many factors of a product become float32: with few rows the weights are read as they are."""
    site = match(op, _KINDS)
    if site is None or site.problem.points >= _FEWEST_ROWS:
        return 0 if site is None else 2
    is_product = site.fold is None and site.count == 1
    return int(is_product and skinny.choose(site.problem.flat(), machine) is not None)


def _multiply_wide(op: Any, factors: int) -> None:
    """Let the body of a product take float32 for its first factors."""
    block = op.regions[0].blocks[0]
    for argument in list(block.arguments)[:factors]:
        for inner in mlir.users(argument):
            argument.set_type(inner.results[0].type)
            mlir.replace(inner, [argument])


class _Carrier:
    """What lies between the products of one block, and tensors of float32 for those of 16 bits."""

    def __init__(self, module: Any, products: Mapping[Any, int]) -> None:
        self._module, self._products = module, products
        self._sums = {op.results[0] for op in products}
        self._block = next(iter(products)).block
        self._made: dict[str, str] = {}
        self._carried: dict[Any, Any] = {}
        self._copies: dict[Any, Any] = {}
        """Of tensors that stay 16 bits."""
        self._wanted = self._in_front()

    def run(self) -> None:
        """Let products take float32, and what lies between them carry it."""
        operations = [op.operation for op in self._block.operations]
        for op in operations:
            if op in self._products:
                factors = 2 if op.operands[1] in self._carried else self._products[op]
                for number in range(factors):
                    op.operands[number] = self._of(op.operands[number], op)
                _multiply_wide(op, factors)
            elif self._is_between(op):
                made = retyped(op, [self._of(value, op) for value in op.operands])
                self._carried |= zip(op.results, made, strict=True)
        for op in reversed(operations):
            if any(result in self._carried for result in op.results):
                self._leave(op)

    def _in_front(self) -> set[Any]:
        """Whatever the factors are made of, up to what cannot be carried."""
        found: set[Any] = set()
        pending = [value for op, factors in self._products.items() for value in list(op.operands)[:factors]]
        while pending:
            op = mlir.owner(pending.pop())
            if op is not None and op not in found and op.block == self._block and _can_carry(op):
                found.add(op)
                pending += op.operands
        return found

    def _is_between(self, op: Any) -> bool:
        """Whether it makes factors, or takes what is carried or what a product gives."""
        if not _can_carry(op) or not any(map(is_half, (*op.operands, *op.results))):
            return False
        if op in self._wanted:
            return True
        if op.name == "tensor.insert_slice":  # little may be written into much, as into a decoder's cache
            return op.operands[1] in self._carried
        return any(value in self._carried or unreshaped(value) in self._sums for value in op.operands)

    def _of(self, value: Any, before: Any) -> Any:
        """The float32 of `value`: of weights where they are loaded."""
        if value in self._carried or not is_half(value):
            return self._carried.get(value, value)
        op = mlir.owner(value)
        if op is not None and op.name == "util.global.load":
            return self._at_load(op)
        if value not in self._copies:
            is_empty = op is not None and op.name == "tensor.empty"
            self._copies[value] = retyped(op, [])[0] if is_empty else _widened(value, before)
        return self._copies[value]

    def _at_load(self, load: Any) -> Any:
        source, kind = str(load.attributes["global"].value), widened(load.results[0], load)
        if source not in self._made:
            self._made[source] = f"{source}.f32"
            define(self._module, load, self._made[source], kind, _widened)
        return loaded(load, self._made[source], kind)

    def _leave(self, op: Any) -> None:
        """Erase what has been copied, or let it be if it costs nothing; convert the copy for who else uses it."""
        is_used = any(mlir.users(result) for result in op.results)
        if is_used and op.name in ("tensor.empty", "linalg.fill"):
            return
        for result in op.results:
            made = self._carried[result]
            if mlir.users(result):
                result.replace_all_uses_with(made if made.type == result.type else converted(made, result.type, op))
        op.erase()


def _can_carry(op: Any) -> bool:
    """Whether float32 is no more work: rows of a table of weights are picked while it is 16 bits."""
    source = mlir.owner(op.operands[0]) if op.name == "tensor.extract_slice" else None
    return can_retype(op) and (source is None or source.name != "util.global.load")


def _widened(value: Any, before: Any) -> Any:
    return converted(value, widened(value, before), before)
