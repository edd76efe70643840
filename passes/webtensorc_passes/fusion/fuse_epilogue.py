"""Put elementwise work where the compiler fuses it into the contraction that computes its operand.

The compiler fuses what directly follows a contraction: bias, activation and residual become part of its loop, and so
does a transposition. It loses the thread at a concatenation and when a transposition follows an elementwise operation;
both cost a separate pass over memory. So:

    f(concatenate(x, y))               ->  concatenate(f(x), f(y))          x, y from contractions
    transpose(reshape(f(x @ w)))       ->  f'(transpose(reshape(x @ w)))    the innermost dimension staying innermost

where `f` is elementwise and its other operand, if any, is known at compile time; `f'` has that operand rearranged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from webtensorc.iree import mlir, stablehlo
from webtensorc.iree.evaluate import Evaluator, Known, materialise
from webtensorc.iree.graph import Graph
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase

_CONTRACTIONS = ("stablehlo.convolution", "stablehlo.dot_general")
_UNARY = {f"stablehlo.{name}" for name in ("abs", "exponential", "logistic", "negate", "tanh")}
_BINARY = {f"stablehlo.{name}" for name in ("add", "divide", "maximum", "minimum", "multiply", "subtract")}


@dataclass(frozen=True)
class FuseEpilogue(Pass):
    """Move elementwise operations in front of concatenations and behind transpositions."""

    name: ClassVar[str] = "fuse-epilogue"
    family: ClassVar[Family] = Family.FUSION
    after: ClassVar[Phase] = Phase.GRAPH
    level: ClassVar[int | None] = 2
    order: ClassVar[int] = 70

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of elementwise operations that were moved."""
        changes = 0
        with Graph(module, context.weights) as graph:
            evaluator = Evaluator(graph)
            for op in graph.operations():
                moved = 0
                if op.name in _UNARY or op.name in _BINARY:
                    moved = int(_before_concatenation(graph, evaluator, op))
                elif op.name == "stablehlo.transpose":
                    moved = _behind_transposition(graph, evaluator, op)
                if moved:
                    evaluator = Evaluator(graph)
                    changes += moved
        return changes


def _subject(evaluator: Evaluator, op: Operation) -> int | None:
    """The position of the one operand of an elementwise operation that is not known, or None if it is not like that."""
    if not all(mlir.is_static_tensor(value) for value in (*op.operands, *op.results)):
        return None
    if op.name in _UNARY:
        return 0
    unknown = [i for i, operand in enumerate(op.operands) if evaluator.known(operand) is None]
    return unknown[0] if op.name in _BINARY and len(unknown) == 1 else None


def _before_concatenation(graph: Graph, evaluator: Evaluator, op: Operation) -> bool:
    position = _subject(evaluator, op)
    concatenation = None if position is None else mlir.owner(op.operands[position])
    if position is None or concatenation is None or concatenation.name != "stablehlo.concatenate":
        return False
    parts = list(concatenation.operands)
    if not mlir.has_one_use(concatenation.results[0]) or not all(map(_comes_from_contraction, parts)):
        return False
    axis = concatenation.attributes["dimension"].value
    new, start = [], 0
    for part in parts:
        shape = mlir.shape_of(part)
        operands = [part]
        if op.name in _BINARY:
            known = evaluator.known(op.operands[1 - position])
            piece = _section(known, axis, start, start + shape[axis]) if known else None
            if piece is None:
                return False
            operands.insert(1 - position, materialise(graph, piece, shape, "part", op))
        new.append(mlir.create(op.name, operands, [stablehlo.typed(op.results[0], shape)], before=op).result)
        start += shape[axis]
    joined = mlir.clone_with(concatenation, new, [op.results[0].type], {}).results[0]
    joined.owner.move_before(op)
    mlir.replace_chain(op, [joined])
    return True


def _comes_from_contraction(value: Value) -> bool:
    """Whether a value is the result of a contraction and elementwise work on it, and used once."""
    while mlir.has_one_use(value):
        op = mlir.owner(value)
        if op is None or op.name in _CONTRACTIONS:
            return op is not None
        if op.name not in _UNARY | _BINARY | {"stablehlo.reshape"}:
            return False
        value = next((each for each in op.operands if not _is_broadcast(each)), op.operands[0])
    return False


def _is_broadcast(value: Value) -> bool:
    op = mlir.owner(value)
    return op is None or op.name in ("stablehlo.broadcast_in_dim", "stablehlo.constant")


def _section(known: Known, axis: int, start: int, stop: int) -> Known:
    if known.array.shape[axis] == 1:
        return known
    index = tuple(slice(start, stop) if i == axis else slice(None) for i in range(known.array.ndim))
    return Known(known.array[index], known.weights)


def _behind_transposition(graph: Graph, evaluator: Evaluator, transposition: Operation) -> int:
    permutation = mlir.integers(transposition, "permutation")
    if not permutation or permutation[-1] != len(permutation) - 1:
        return 0  # the contraction would have to store column by column
    chain = _chain(evaluator, transposition.operands[0])
    elementwise = [op for op in chain if op.name != "stablehlo.reshape"]
    if not elementwise:
        return 0
    position = _subject(evaluator, chain[0]) if chain[0] in elementwise else 0
    value = chain[0].operands[position or 0]
    movements = [*(op for op in chain if op.name == "stablehlo.reshape"), transposition]
    value = _moved(value, movements, transposition)
    for op in elementwise:
        later = [each for each in movements if each == transposition or chain.index(each) > chain.index(op)]
        value = _rebuilt(graph, op, value, later, transposition)
    mlir.replace_chain(transposition, [value])
    return len(elementwise)


def _chain(evaluator: Evaluator, value: Value) -> list[Operation]:
    """Reshapes and elementwise operations from a matrix product to `value`, each used once; empty if there is none."""
    chain: list[Operation] = []
    while mlir.has_one_use(value) and (op := mlir.owner(value)) is not None:
        if op.name == "stablehlo.dot_general":
            return chain[::-1]
        position = 0 if op.name == "stablehlo.reshape" else _subject(evaluator, op)
        if position is None:
            break
        chain.append(op)
        value = op.operands[position]
    return []


def _moved(value: Value, movements: Sequence[Operation], before: Operation) -> Value:
    """`value` taken through reshapes and transpositions."""
    for op in movements:
        if op.name == "stablehlo.reshape":
            value = stablehlo.reshape(value, mlir.shape_of(op.results[0]), before)
        else:
            value = stablehlo.transpose(value, mlir.integers(op, "permutation"), before)
    return value


def _rebuilt(graph: Graph, op: Operation, value: Value, later: Sequence[Operation], before: Operation) -> Value:
    """An elementwise operation on the moved `value`; its known operand goes through the `later` movements."""
    evaluator = Evaluator(graph)  # the operation before this one has erased some
    kind = stablehlo.typed(op.results[0], mlir.shape_of(value))
    if op.name in _UNARY:
        return mlir.create(op.name, [value], [kind], before=before).result
    position = _subject(evaluator, op) or 0
    wide = _moved(op.operands[1 - position], later, before)
    known = evaluator.known(wide)
    if known is not None:
        other = materialise(graph, known, mlir.shape_of(value), "moved", before)
        mlir.replace_chain(mlir.owner(wide), [other])
        wide = other
    operands = [value, wide] if position == 0 else [wide, value]
    return mlir.create(op.name, operands, [kind], before=before).result
