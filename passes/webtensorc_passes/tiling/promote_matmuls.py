"""Tile matrix products through a workgroup's memory, on GPUs of which the native compiler knows nothing in particular.

For those it lets every invocation read the rows and columns that it needs from global memory: each number of a tile of
64 x 64 results as often as there are invocations in a row or column of the tile. Here the workgroup copies one slice of
both factors into its own memory, waits, and every invocation computes a part of the tile from there (V. Volkov and
J. Demmel, Benchmarking GPUs to tune dense linear algebra, 2008).

The native compiler has the code for that (`MatmulPromoteVectorize`); this pass chooses it and the tile. 128
invocations, as many as any Vulkan device has, share a tile of 32 or 64 columns, 4 of them a vector for each; slices
take 8 KiB.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation, Value
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._configurations import translated
from webtensorc_passes.tiling._structured import linear_maps

_PLAIN = "<BaseVectorize>"
"""The native compiler's name for code that reads factors from global memory."""
_INVOCATIONS = 128
_VECTOR = 4
_TILES = ((64, 64, 16), (64, 32, 16), (32, 64, 16), (32, 32, 16), (16, 64, 32), (16, 32, 32))
"""Rows, columns and depth, the best first. No slice has fewer than four numbers for each invocation to copy."""


@dataclass(frozen=True)
class PromoteMatmuls(Pass):
    """Have float32 products whose sizes are multiples of a tile's computed from copies that a workgroup shares."""

    name: ClassVar[str] = "promote-matmuls"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.EXECUTABLE_CONFIGURATIONS
    level: ClassVar[int | None] = 1

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of kernels that are tiled in this way now."""
        if context.target is None or context.target.workgroup_memory < _memory(_TILES[0]):
            return 0
        return sum(_promote(each) for each in translated(module, _PLAIN))


def _memory(tile: tuple[int, int, int]) -> int:
    """Bytes that the slices of both factors take."""
    rows, columns, depth = tile
    return 4 * depth * (rows + columns)


def _promote(function: Operation) -> int:
    """Choose tile and code for a kernel that is one product and what is done with its result."""
    ops = [op for op in mlir.nested(function) if op.name.startswith("linalg.") and len(op.regions)]
    products = [op for op in ops if "lowering_config" in op.attributes and _is_product(op)]
    if len(products) != 1 or not all(op in products or _is_elementwise(op) for op in ops):
        return 0
    (product,) = products
    *batch, rows, columns, depth = _sizes(product)
    for tile in _TILES:
        if not (rows % tile[0] or columns % tile[1] or depth % tile[2]):
            _configure(function, product, [1] * len(batch), tile)
            return 1
    return 0


def _is_product(op: Operation) -> bool:
    """Whether an operation is `[batch] rows x columns`, a sum over its last loop, of float32 in memory.

    The maps are those of a product: every factor and the result have two of the last three loops, after the batch's.
    """
    if op.name != "linalg.generic" or len(op.operands) != 3 or any(_element(each) != "f32" for each in op.operands):
        return False
    kinds = [str(each).rpartition("<")[2].rstrip(">") for each in op.attributes["iterator_types"]]
    if len(kinds) not in (3, 4) or kinds != ["parallel"] * (len(kinds) - 1) + ["reduction"]:
        return False
    batch, (m, n, k) = list(range(len(kinds) - 3)), range(len(kinds) - 3, len(kinds))
    left, right, result = _maps(op)
    body = [each.operation.name for each in op.regions[0].blocks[0].operations]
    return (
        (left, result) == ([*batch, m, k], [*batch, m, n])
        and right in ([*batch, k, n], [*batch, n, k])
        and body == ["arith.mulf", "arith.addf", "linalg.yield"]
        and all(mlir.is_static_tensor(each) and _is_read(each) for each in list(op.operands)[:2])
    )


def _maps(op: Operation) -> list[list[int]]:
    """The loops that index each operand, -1 for an index that is no loop alone."""
    return [[next(iter(each)) if list(each.values()) == [1] else -1 for each in dims] for dims in linear_maps(op)]


def _element(value: Value) -> str:
    return str(value.type.element_type) if isinstance(value.type, ir.ShapedType) else ""


def _is_read(value: Value) -> bool:
    """Whether a factor is what lies in memory, and nothing that the kernel computes."""
    op = mlir.owner(value)
    return op is not None and op.name == "iree_tensor_ext.dispatch.tensor.load"


def _is_elementwise(op: Operation) -> bool:
    """Whether an operation fills a tile, or makes one from others in the order in which they lie."""
    if op.name == "linalg.fill":
        return True
    if op.name != "linalg.generic" or len(op.results) != 1:
        return False
    kinds = {str(each).rpartition("<")[2].rstrip(">") for each in op.attributes["iterator_types"]}
    result = _maps(op)[-1]
    return kinds == {"parallel"} and result == list(range(len(op.attributes["iterator_types"])))


def _sizes(product: Operation) -> list[int]:
    """Trip counts of the loops: batch, rows, columns, depth."""
    return [*mlir.shape_of(product.results[0]), mlir.shape_of(product.operands[0])[-1]]


def _configure(function: Operation, product: Operation, batch: list[int], tile: tuple[int, int, int]) -> None:
    across = tile[1] // _VECTOR
    code = "#iree_gpu.spirv_pipeline<MatmulPromoteVectorize>"
    size = f"[{across}, {_INVOCATIONS // across}, 1]"
    options = "{pipeline_depth = 1 : i64, store_stage = 1 : i64}"
    with function.context:
        function.attributes["translation_info"] = ir.Attribute.parse(
            f"#iree_codegen.translation_info<pipeline = {code} workgroup_size = {size}, {options}>"
        )
        product.attributes["lowering_config"] = ir.Attribute.parse(
            f"#iree_codegen.lowering_config<tile_sizes = [{[*batch, *tile]}]>"
        )
