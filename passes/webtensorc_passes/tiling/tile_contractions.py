"""Choose register tiles and workgroup tiles for matrix products from the target's vector width and register count.

The native compiler's own choice (one vector wide, up to eight rows, remainders peeled off) reaches the machine's peak
on large regular products, a half of it where the row count is odd, and a quarter on vector-matrix products. Tiles here
divide the shape exactly, keep as many accumulators in registers as there are, and read weights where they lie: nothing
is packed, so loading costs neither time nor memory. Where no such tile exists the native choice stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir
from iree.compiler.dialects import linalg

from webtensorc.pass_api import Family, Pass, PassContext, Phase

__all__ = ["TileContractions"]

_MATMUL = ("(d0, d1, d2) -> (d0, d2)", "(d0, d1, d2) -> (d2, d1)", "(d0, d1, d2) -> (d0, d1)")
_VECMAT = ("(d0, d1) -> (d1)", "(d0, d1) -> (d1, d0)", "(d0, d1) -> (d0)")
_MAX_ROWS = 8
"""Rows of the left operand that one tile reads at once: more would collide in the 8 ways of the first-level cache."""
_VECTORS = (1, 2, 4, 8)
"""Vectors of the right operand per tile: other counts are split badly (three took five times as long)."""


@dataclass(frozen=True)
class TileContractions(Pass):
    """Set lowering configurations on dispatched matrix products of static shape.

    Reports `tiled-contractions` and `contractions`.
    """

    name: ClassVar[str] = "tile-contractions"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.FLOW
    level: ClassVar[int | None] = 2

    panel_kib: int = 512
    """How much of the right operand one workgroup may sweep: half a second-level cache."""

    def run(self, module: Any, context: PassContext) -> int:
        """Set configurations; returns how many."""
        if context.target is None or context.target.vector_bytes == 0:
            return 0
        found = list(_contractions(module))
        changes = 0
        for op in found:
            tiles = self._tiles(op, context.target.vector_bytes, context.target.vector_registers)
            if tiles is not None and "compilation_info" not in op.attributes:
                op.attributes["compilation_info"] = _compilation_info(tiles)
                changes += 1
        context.report.update({"contractions": len(found), "tiled-contractions": changes})
        return changes

    def _tiles(self, op: Any, vector_bytes: int, registers: int) -> Tiles | None:
        shape = [int(n) for n in op.results[0].type.shape]
        element = ir.ShapedType(op.results[0].type).element_type
        depth = int(op.operands[0].type.shape[-1])
        if not isinstance(element, ir.F32Type) or min(*shape, depth) <= 0:
            return None
        rows, columns = (1, shape[0]) if len(shape) == 1 else (shape[0], shape[1])
        tile = register_tile(rows, columns, vector_bytes // 4, registers)
        if tile is None:
            return None
        problem = Problem(rows, columns, depth, len(shape) == 1)
        row_block, column_block = workgroup_tile(problem, tile, self.panel_kib * 1024 // 4)
        return Tiles(problem, (row_block, column_block), tile, max(k for k in (4, 2, 1) if depth % k == 0))


@dataclass(frozen=True)
class Problem:
    """A product of `rows` x `depth` by `depth` x `columns`; a vector-matrix product has no row dimension."""

    rows: int
    columns: int
    depth: int
    is_vector: bool


@dataclass(frozen=True)
class Tiles:
    """Sizes in elements: what a workgroup computes, what stays in registers, and the steps of the inner loop."""

    problem: Problem
    block: tuple[int, int]
    tile: tuple[int, int]
    unroll: int


def register_tile(rows: int, columns: int, lanes: int, registers: int) -> tuple[int, int] | None:
    """Rows and columns of the best register tile that divides the product, or None if there is no good one.

    A tile of r rows and v vectors needs r * v accumulators and v vectors of the right operand; without AVX-512's
    broadcasting loads also one register for the left. Per multiplication it loads 1 / v values of the left operand
    (first-level cache) and 1 / r vectors of the right (second-level cache, counted twice).
    """
    spare = 0 if registers >= 32 else 1
    candidates = [
        (1 / v + 2 / r, -r, r, v * lanes)
        for r in range(1, min(rows, _MAX_ROWS) + 1)
        for v in _VECTORS
        if rows % r == 0 and columns % (v * lanes) == 0 and r * v + v + spare <= registers and r * v >= 4
    ]
    best = min(candidates, default=None)
    return None if best is None else (best[2], best[3])


def workgroup_tile(problem: Problem, tile: tuple[int, int], panel: int) -> tuple[int, int]:
    """Rows and columns of a workgroup: multiples of `tile` that divide the product.

    Aims at eight equal workgroups, fewer for little work, an even number in any case (measured with two workers), at a
    right-operand panel of at most `panel` elements, and then at least traffic.
    """
    work = max(problem.rows * problem.columns * problem.depth / 1e6, problem.columns * problem.depth / 25e3)
    wanted = min(8.0, max(1.0, work))

    def cost(block: tuple[int, int]) -> tuple[bool, float, int]:
        across, down = problem.columns // block[1], problem.rows // block[0]
        groups = across * down
        unbalanced = (groups > 1 and groups % 2 == 1) + (groups > 16 and groups % 16 != 0)
        traffic = across * problem.rows + down * problem.columns
        return problem.depth * block[1] > panel, abs(groups - wanted) / wanted + unbalanced, traffic

    blocks = [
        (r * tile[0], c * tile[1])
        for r in _divisors(problem.rows // tile[0])
        for c in _divisors(problem.columns // tile[1])
    ]
    return min(blocks, key=cost)


def _divisors(n: int) -> list[int]:
    return [d for d in range(1, n + 1) if n % d == 0]


def _contractions(module: Any) -> Iterator[Any]:
    """Products that are the only reduction of their dispatch and whose result is used element by element."""
    for executable in module.regions[0].blocks[0].operations:
        if executable.operation.name != "flow.executable":
            continue
        for inner in executable.operation.regions[0].blocks[0].operations:
            if inner.operation.name != "builtin.module":
                continue
            for function in inner.operation.regions[0].blocks[0].operations:
                if function.operation.name == "func.func" and len(function.operation.regions[0].blocks) == 1:
                    yield from _root(function.operation)


def _root(function: Any) -> Iterator[Any]:
    prefixes = ("linalg.", "iree_linalg_ext.", "scf.")
    ops = [op.operation for op in function.regions[0].blocks[0].operations if op.operation.name.startswith(prefixes)]
    maps = [_maps(op) for op in ops]
    roots = [i for i, each in enumerate(maps) if not each or _reduces(each)]
    if len(roots) != 1 or not _is_product(ops[roots[0]], maps[roots[0]]):
        return
    root = ops[roots[0]]
    if all(
        op == root or op.name == "linalg.fill" or _is_elementwise(op, m, root) for op, m in zip(ops, maps, strict=True)
    ):
        yield root


def _maps(op: Any) -> tuple[str, ...]:
    """The indexing maps of a structured operation as text; nothing for any other."""
    if not op.name.startswith("linalg."):
        return ()
    try:
        maps = linalg.get_indexing_maps(op)
    except (IndexError, TypeError, ValueError, RuntimeError):
        return ()
    return tuple(str(m).removeprefix("affine_map<").removesuffix(">") for m in maps or ())


def _reduces(maps: tuple[str, ...]) -> bool:
    dims, _, results = maps[-1].partition(" -> ")
    return dims.count("d") > results.count("d")


def _is_product(op: Any, maps: tuple[str, ...]) -> bool:
    if maps not in (_MATMUL, _VECMAT):
        return False
    body = [inner.operation.name for inner in op.regions[0].blocks[0].operations]
    return body == ["arith.mulf", "arith.addf", "linalg.yield"]


def _is_elementwise(op: Any, maps: tuple[str, ...], root: Any) -> bool:
    """Whether `op` reads `root`'s result and writes its own in the same order of dimensions."""
    dims = ", ".join(f"d{i}" for i in range(len(root.results[0].type.shape)))
    identity = f"({dims}) -> ({dims})"
    reads = [maps[i] for i, operand in enumerate(op.operands) if operand.owner == root]
    return maps[-1] == identity and all(each == identity for each in reads)


def _compilation_info(tiles: Tiles) -> Any:
    block, tile = list(tiles.block), list(tiles.tile)
    if tiles.problem.is_vector:
        block, tile = block[1:], tile[1:]
    config = (
        f"distribution = {[*block, 0]}, vector_common_parallel = {[*tile, 0]}, "
        f"vector_reduction = {[*(0 for _ in tile), tiles.unroll]}"
    )
    return ir.Attribute.parse(
        f"#iree_codegen.compilation_info<lowering_config = #iree_cpu.lowering_config<{config}>, "
        "translation_info = #iree_codegen.translation_info<pipeline = #iree_cpu.pipeline<DoubleTilingExpert>>>"
    )
