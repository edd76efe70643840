"""Make matrices of fixed-point numbers where a module is loaded, if it has no kernel that reads the numbers.

The native compiler evaluates at load what is computed from weights alone, but for what becomes larger by that: it would
make float32 of three bytes in each call (see `fixed-point-weights`).

The bytes are read in words there: not every GPU can read bytes, none reads three of them at once, and the native
compiler would copy them first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir
from webtensorc_kernels.panels import ROW_BYTES, WIDTH

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._at_load import loaded
from webtensorc_passes.tiling._fixed_point import fixed_point_of
from webtensorc_passes.tiling._structured import RESHAPES, forwards

_WORD = 4
"""Bytes of one."""
_PARTS = (*RESHAPES, "tensor.extract_slice", "tensor.insert_slice")

_FROM_WORDS = """
func.func @panels(%bytes: tensor<{panels}x{bytes}xi8>, %steps: tensor<{panels}x{width}xf32>) -> tensor<{shape}xf32> {{
  %words = flow.tensor.bitcast %bytes : tensor<{panels}x{bytes}xi8> -> tensor<{panels}x{words}xi32>
  %row_words = arith.constant {row_words} : index
  %next = arith.constant 1 : index
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c2 = arith.constant 2 : i32
  %c3 = arith.constant 3 : i32
  %c5 = arith.constant 5 : i32
  %c8 = arith.constant 8 : i32
  %c24 = arith.constant 24 : i32
  %empty = tensor.empty() : tensor<{shape}xf32>
  %made = linalg.generic {{
    indexing_maps = [affine_map<(p, k, c) -> (p, c)>, affine_map<(p, k, c) -> (p, k, c)>],
    iterator_types = ["parallel", "parallel", "parallel"]
  }} ins(%steps : tensor<{panels}x{width}xf32>) outs(%empty : tensor<{shape}xf32>) {{
  ^bb0(%step: f32, %out: f32):
    %p = linalg.index 0 : index
    %k = linalg.index 1 : index
    %column = linalg.index 2 : index
    %c = arith.index_cast %column : index to i32
    %byte = arith.muli %c, %c3 : i32
    %word = arith.shrui %byte, %c2 : i32
    %inside = arith.andi %byte, %c3 : i32
    %row = arith.muli %k, %row_words : index
    %at = arith.index_cast %word : i32 to index
    %first = arith.addi %row, %at : index
    %second = arith.addi %first, %next : index
    %lower = tensor.extract %words[%p, %first] : tensor<{panels}x{words}xi32>
    %upper = tensor.extract %words[%p, %second] : tensor<{panels}x{words}xi32>
    %skipped = arith.muli %inside, %c8 : i32
    %begin = arith.shrui %lower, %skipped : i32
    %begins = arith.shli %begin, %c8 : i32
    %is_split = arith.cmpi ugt, %inside, %c1 : i32
    %free = arith.subi %c5, %inside : i32
    %shift = arith.muli %free, %c8 : i32
    %within = arith.minui %shift, %c24 : i32
    %end = arith.shli %upper, %within : i32
    %ends = arith.select %is_split, %end, %c0 : i32
    %whole = arith.ori %begins, %ends : i32
    %number = arith.sitofp %whole : i32 to f32
    %y = arith.mulf %number, %step : f32
    linalg.yield %y : f32
  }} -> tensor<{shape}xf32>
  return %made : tensor<{shape}xf32>
}}
"""
"""Panels, as `fixed-point-weights` defines them. The two words that a number begins and may end in are read; behind the
last word of a panel there is slack. The lowest byte of what is converted is 0, and the highest has the sign."""


@dataclass(frozen=True)
class ExpandFixedPoint(Pass):
    """Replace matrices that are still made of fixed-point numbers by globals, which initializers fill."""

    name: ClassVar[str] = "expand-fixed-point"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.PREPROCESSING
    level: ClassVar[int | None] = 1
    order: ClassVar[int] = 60  # behind `generate-kernels`, which reads the numbers

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of matrices."""
        operations = [op.operation for op in module.regions[0].blocks[0].operations]
        names = {mlir.symbol(op) for op in operations}
        found = 0
        for function in operations:
            if function.name == "util.func":
                for value in _matrices(function):
                    _hoist(function, value, names)
                    found += 1
        return found


def _matrices(function: Operation) -> list[Value]:
    """Panels of fixed-point numbers, or what is put together of them, that something else reads."""
    made: set[Value] = set()
    inside = []
    for op in mlir.nested(function):
        is_whole = op.name == "linalg.generic" and len(op.results) == 1 and fixed_point_of(op.results[0]) is not None
        if is_whole or (_moves(op) and any(each in made for each in op.operands) and _is_known(op, made)):
            made.add(op.results[0])
            inside.append(op)
    return [op.results[0] for op in inside if any(user not in inside for user in mlir.users(op.results[0]))]


def _moves(op: Operation) -> bool:
    return op.name in _PARTS or forwards(op)


def _is_known(op: Operation, made: set[Value]) -> bool:
    """Whether all that it reads is made of weights, or nothing yet."""
    owners = ((value, mlir.owner(value)) for value in op.operands)
    return all(value in made or (owner is not None and owner.name == "tensor.empty") for value, owner in owners)


def _hoist(function: Operation, matrix: Value, names: set[str]) -> None:
    """Let an initializer compute a matrix."""
    needed = _needed(matrix)
    load = next(op for op in needed if op.name == "util.global.load")
    symbol = f"{load.attributes['global'].value}.matrix"
    while symbol in names:
        symbol += "_"
    names.add(symbol)
    text = f'util.global private @"{symbol}" : {matrix.type}\nutil.initializer {{\n  util.return\n}}'
    parsed = ir.Module.parse(text, function.context)
    made, initializer = (op.operation for op in parsed.body.operations)
    for op in (made, initializer):
        op.move_before(function)
    last = mlir.terminator(initializer.regions[0].blocks[0])
    copies: dict[Value, Value] = {}
    for op in needed:
        parts = fixed_point_of(op.results[0]) if op.name == "linalg.generic" else None
        if parts is not None:
            copies[op.results[0]] = _from_words(op.results[0], *(copies[part] for part in parts), before=last)
            continue
        copy = op.clone(ip=ir.InsertionPoint(last))
        for each in (copy, *mlir.nested(copy)):
            for number, operand in enumerate(each.operands):
                if operand in copies:
                    each.operands[number] = copies[operand]
        copies |= dict(zip(op.results, copy.results, strict=True))
    attributes = {"global": ir.FlatSymbolRefAttr.get(symbol, function.context)}
    mlir.create("util.global.store", [copies[matrix]], [], attributes, before=last)
    value = loaded(needed[-1], symbol, matrix.type)
    for use in list(matrix.uses):
        if use.owner.operation not in needed:
            use.owner.operation.operands[use.operand_number] = value


def _from_words(panels: Value, given: Value, steps: Value, *, before: Operation) -> Value:
    """Those panels, made of bytes and steps."""
    count, rows, _ = mlir.shape_of(panels)
    size = mlir.shape_of(given)[1]
    text = _FROM_WORDS.format(
        panels=count,
        bytes=size,
        words=size // _WORD,
        row_words=ROW_BYTES // _WORD,
        width=WIDTH,
        shape=f"{count}x{rows}x{WIDTH}",
    )
    (made,) = mlir.splice(text, [given, steps], before=before)
    return made


def _needed(value: Value) -> list[Operation]:
    """What computes a value, in order, those things too that bodies read from outside."""
    found: dict[Operation, None] = {}

    def visit(each: Value) -> None:
        op = mlir.owner(each)
        if op is None or op in found:
            return
        for one in (op, *mlir.nested(op)):
            for operand in one.operands:
                if (source := mlir.owner(operand)) is None or source.parent != op:
                    visit(operand)
        found[op] = None

    visit(value)
    return list(found)
