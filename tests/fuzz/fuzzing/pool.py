"""What a graph under construction has: a pool of values that grows by one node at a time.

Nodes whose result jumps (comparisons, rounding, `ArgMax`, casts to integers) are only given values that every
evaluator must agree on to the last bit: `bits` counts what a value needs to be exact, in units of its inputs' quarter.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np
from onnx import helper

from fuzzing import draw as drawing
from fuzzing.case import Array, Case
from fuzzing.draw import Drawer, array, flag, integer, pick, shape
from webtensorc.frontends.onnx.structure import free_names

SINGLE, LONG, INT, TRUTH = (np.dtype(kind) for kind in (np.float32, np.int64, np.int32, np.bool_))
RARE = tuple(map(np.dtype, (np.float16, np.float64, np.int8, np.uint8, np.uint32, np.uint64)))
"""Element types that ONNX Runtime has few operators for; for bfloat16 opset 17 has few itself."""
INEXACT = 99


@dataclass(frozen=True)
class Tensor:
    """A value of the graph."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    bits: int

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def is_exact(self) -> bool:
        """Whether sums of a few such values are exact still; integers wrap, in one way only."""
        return self.bits <= (ml_dtypes.finfo(self.dtype).nmant - 3 if is_float(self) else 62)


@dataclass
class Pool:
    """What a graph under construction has."""

    draw: Drawer
    prefix: str = ""
    values: list[Tensor] = field(default_factory=list)
    nodes: list[Any] = field(default_factory=list)
    inputs: dict[str, Array] = field(default_factory=dict)
    constants: dict[str, Array] = field(default_factory=dict)
    made: int = 0

    def name(self) -> str:
        self.made += 1
        return f"{self.prefix}v{self.made}"

    def given(self, kind: np.dtype[Any], shape: tuple[int, ...], *, known: bool = False) -> Tensor:
        """A new input, or initialiser."""
        found = Tensor(self.name(), kind, shape, 6)
        (self.constants if known else self.inputs)[found.name] = array(self.draw, kind, shape)
        self.values.append(found)
        return found

    def known(self, value: Any, kind: Any = np.int64) -> str:
        """An initialiser that shapes depend on."""
        name = self.name()
        self.constants[name] = np.asarray(value, kind)
        return name

    def node(
        self, operator: str, names: list[str], like: Tensor, shape: tuple[int, ...], bits: int, **how: Any
    ) -> Tensor:
        kind = how.pop("kind", like.dtype)
        found = Tensor(self.name(), np.dtype(kind), tuple(shape), bits)
        self.nodes.append(helper.make_node(operator, names, [found.name], **how))
        self.values.append(found)
        return found

    def choose(self, fits: Callable[[Tensor], bool]) -> Tensor | None:
        """A value, more often one of the last."""
        found = [each for each in self.values if fits(each)]
        return pick(self.draw, *found[::-1][:4], *found) if found else None


def is_float(x: Tensor) -> bool:
    return drawing.is_float(x.dtype)


def is_number(x: Tensor) -> bool:
    return x.dtype != TRUTH


def broadcast(a: Tensor, b: Tensor) -> tuple[int, ...] | None:
    try:
        return tuple(np.broadcast_shapes(a.shape, b.shape))
    except ValueError:
        return None


def partner(pool: Pool, x: Tensor) -> Tensor:
    """Something to meet x: a value of the graph that fits it, or a new one that is broadcast to it."""
    found = pool.choose(lambda y: y.dtype == x.dtype and broadcast(x, y) is not None)
    if found is not None and (found is not x or flag(pool.draw)) and integer(pool.draw, 0, 3):
        return found
    kept = x.shape[integer(pool.draw, 0, x.rank) :]
    shape = tuple(1 if integer(pool.draw, 0, 3) == 3 else size for size in kept)
    return pool.given(x.dtype, shape, known=flag(pool.draw))


def start(draw: Drawer, *, rare: bool = False) -> Pool:
    """A pool of an input or two; `rare` element types, ranks and sizes among them or not."""
    pool = Pool(draw)
    sizes = shape(draw, 0, 5) if rare else shape(draw, 1, 4, smallest=1, largest=6)
    pool.given(pick(draw, SINGLE, *RARE) if rare else SINGLE, sizes)
    if flag(draw):
        pool.given(pick(draw, SINGLE, LONG, INT, *(RARE if rare else ())), sizes)
    return pool


def case_of(pool: Pool, opset: int) -> Case:
    """What nobody reads is an output, and now and then what somebody reads is one as well."""
    read = {name for node in pool.nodes for name in free_names(node)}
    made = [name for node in pool.nodes for name in node.output]
    wanted = tuple(name for name in made if name not in read or integer(pool.draw, 0, 5) == 5)
    used = read | set(wanted)
    return Case(
        opset,
        tuple(pool.nodes),
        {name: each for name, each in pool.inputs.items() if name in used},
        {name: each for name, each in pool.constants.items() if name in used},
        oracle="onnx" if any(each.dtype in RARE for each in pool.values) else "onnxruntime",
        rtol=1e-4,
        wanted=wanted,
    )
