"""Operators that move elements: slices, pads, joins, other shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
from fuzzing.case import Case, Known
from fuzzing.draw import (
    Drawer,
    array,
    axes,
    axis,
    broadcastable,
    case,
    dtype,
    family,
    flag,
    integer,
    is_float,
    pick,
    shape,
)
from hypothesis import strategies as st


def known(values: Any, kind: Any = np.int64) -> Known:
    return Known(np.asarray(values, kind))


@family()
def slice_(draw: Drawer, opset: int) -> Case:
    sizes = shape(draw, 1, 4)
    x = array(draw, dtype(draw, "Slice", opset), sizes, wild=True)
    which = axes(draw, len(sizes), 1)
    if opset < 10:
        which = tuple(each % len(sizes) for each in which)
    far = pick(draw, 9, 2**31 - 1, 2**63 - 1)
    bounds = [tuple(pick(draw, integer(draw, -7, 7), far, -far) for _ in which) for _ in range(2)]
    ordered = which == tuple(range(len(which)))
    if opset < 10:
        return case(draw, opset, "Slice", [x], starts=bounds[0], ends=bounds[1], axes=None if ordered else which)
    kind = np.int64 if far > 2**31 else pick(draw, np.int64, np.int32)
    steps = [pick(draw, 1, 2, 3, -1, -2, far) for _ in which] if flag(draw) else None
    inputs = [x, known(bounds[0], kind), known(bounds[1], kind)]
    inputs.append(None if ordered and steps is None and flag(draw) else known(which, kind))
    inputs.append(None if steps is None else known(steps, kind))
    return case(draw, opset, "Slice", inputs)


@family()
def pad(draw: Drawer, opset: int) -> Case:
    mode = pick(draw, None, "constant", "reflect", "edge", *(("wrap",) if opset >= 19 else ()))
    plain = mode in (None, "constant")
    sizes = shape(draw, 1, 4, smallest=0 if plain else 2 if mode == "reflect" else 1)
    kind = dtype(draw, "Pad", opset)
    which = axes(draw, len(sizes), 1) if opset >= 18 and flag(draw) else tuple(range(len(sizes)))
    most = [3 if plain or mode in ("edge", "wrap") else max(sizes[each] - 1, 0) for each in which]
    spare = 2 if mode == "reflect" else 0  # ONNX Runtime reflects nothing that is cut to one element
    least = [-min((sizes[each] - spare) // 2, 1) if flag(draw) else 0 for each in which]
    pads = [min(integer(draw, low, max(high, low)), high) for low, high in zip(least * 2, most * 2, strict=True)]
    how = {}
    if not plain or min(pads) < 0:
        kind, how = np.dtype(np.float32), {"oracle": "onnxruntime"}  # the evaluator cuts nothing
    x = array(draw, kind, sizes, wild=True)
    if opset < 11:
        return case(draw, opset, "Pad", [x], pads=pads, mode=mode, value=pick(draw, None, 1.5), how=how)
    value = array(draw, kind, ()) if plain and flag(draw) else None
    subset = None if which == tuple(range(len(sizes))) and flag(draw) else known(which)
    return case(draw, opset, "Pad", [x, known(pads), value, subset if opset >= 18 else None], mode=mode, how=how)


@family()
def concat(draw: Drawer, opset: int) -> Case:
    sizes = shape(draw, 1, 4)
    along = axis(draw, len(sizes)) if opset >= 11 else integer(draw, 0, len(sizes) - 1)
    kind = dtype(draw, "Concat", opset)
    parts = []
    for _ in range(integer(draw, 1, 4)):
        own = list(sizes)
        own[along] = integer(draw, 0, 3)
        parts.append(array(draw, kind, own, wild=True))
    return case(draw, opset, "Concat", parts, axis=along)


@family()
def split(draw: Drawer, opset: int) -> Case:
    sizes = list(shape(draw, 1, 4))
    along = axis(draw, len(sizes)) if opset >= 11 else integer(draw, 0, len(sizes) - 1)
    parts = [integer(draw, 0 if opset >= 11 else 1, 3) for _ in range(integer(draw, 1, 4))]
    equal = flag(draw)
    uneven = 0
    if equal:
        parts = [max(parts[0], 1)] * len(parts)
        uneven = integer(draw, 0, parts[0] - 1) if opset >= 18 and len(parts) > 1 else 0
    sizes[along] = sum(parts) - uneven
    x = array(draw, dtype(draw, "Split", opset), sizes, wild=True)
    chosen = along if along or flag(draw) else None
    if opset < 13:
        return case(draw, opset, "Split", [x], outputs=len(parts), axis=chosen, split=None if equal else parts)
    if equal and opset >= 18:
        return case(draw, opset, "Split", [x], outputs=len(parts), axis=chosen, num_outputs=len(parts))
    return case(draw, opset, "Split", [x, None if equal else known(parts)], outputs=len(parts), axis=chosen)


@family()
def tile(draw: Drawer, opset: int) -> Case:
    sizes = shape(draw, 1, 4)
    x = array(draw, dtype(draw, "Tile", opset), sizes, wild=True)
    return case(draw, opset, "Tile", [x, known([integer(draw, 0, 3) for _ in sizes])])


@family(since=8)
def expand(draw: Drawer, opset: int) -> Case:
    whole = shape(draw, 0, 4)
    x = array(draw, dtype(draw, "Expand", opset), broadcastable(draw, whole), wild=True)
    return case(draw, opset, "Expand", [x, known(broadcastable(draw, whole))])


@family()
def transpose(draw: Drawer, opset: int) -> Case:
    sizes = shape(draw, 0, 5)
    order = draw(st.permutations(range(len(sizes)))) if sizes and flag(draw) else None
    return case(draw, opset, "Transpose", [array(draw, dtype(draw, "Transpose", opset), sizes, wild=True)], perm=order)


@family()
def reshape(draw: Drawer, opset: int) -> Case:
    sizes = shape(draw, 0, 4)
    x = array(draw, dtype(draw, "Reshape", opset), sizes, wild=True)
    keeps = opset >= 14 and 0 in sizes
    wanted = list(draw(st.permutations(sizes)))
    if len(wanted) > 1 and flag(draw):
        wanted[:2] = [wanted[0] * wanted[1]]
    if not keeps:
        for index, size in enumerate(wanted):
            if index < len(sizes) and sizes[index] == size and integer(draw, 0, 2) == 2:
                wanted[index] = 0
    if wanted and x.size and flag(draw):
        wanted[integer(draw, 0, len(wanted) - 1)] = -1
    if 0 in sizes and not keeps and any(n == 0 and (i >= len(sizes) or sizes[i] != 0) for i, n in enumerate(wanted)):
        wanted = [0] * len(sizes)
    return case(draw, opset, "Reshape", [x, known(wanted)], allowzero=1 if keeps else None)


@family()
def squeezed(draw: Drawer, opset: int) -> Case:
    operator = pick(draw, "Squeeze", "Unsqueeze", "Flatten")
    sizes = list(shape(draw, 0, 3))
    kind = dtype(draw, operator, opset)
    if operator == "Flatten":
        low = -len(sizes) if opset >= 11 else 0
        at = pick(draw, None, integer(draw, low, len(sizes))) if sizes else pick(draw, 0)
        return case(draw, opset, operator, [array(draw, kind, sizes, wild=True)], axis=at)
    new = sorted(draw(st.sets(st.integers(0, len(sizes)), min_size=1, max_size=2)))
    whole = list(sizes)
    for each in new:
        whole.insert(each, 1)
    named: Any = [each - len(whole) if opset >= 11 and flag(draw) else each for each in new]
    if operator == "Squeeze" and flag(draw):
        named = None
    x = array(draw, kind, sizes if operator == "Unsqueeze" else whole, wild=True)
    if opset < 13:
        # The evaluator counts each axis from the end of what the one before it has left.
        how = {"oracle": "onnxruntime"} if named and min(named) < 0 else {}
        return case(draw, opset, operator, [x], axes=named, how=how)
    return case(draw, opset, operator, [x, None if named is None else known(named)])


@family()
def space_and_depth(draw: Drawer, opset: int) -> Case:
    operator = pick(draw, "DepthToSpace", "SpaceToDepth")
    b, c, h, w = integer(draw, 1, 3), integer(draw, 1, 2), integer(draw, 1, 3), integer(draw, 1, 3)
    n = integer(draw, 1, 2)
    sizes = (n, c * b * b, h, w) if operator == "DepthToSpace" else (n, c, h * b, w * b)
    x = array(draw, dtype(draw, operator, opset), sizes, wild=True)
    has_mode = opset >= (11 if operator == "DepthToSpace" else 28)
    return case(draw, opset, operator, [x], blocksize=b, mode=pick(draw, None, "DCR", "CRD") if has_mode else None)


@family(since=14)
def trilu(draw: Drawer, opset: int) -> Case:
    x = array(draw, dtype(draw, "Trilu", opset), shape(draw, 2, 4), wild=True)
    return case(
        draw, opset, "Trilu", [x, known(integer(draw, -4, 4)) if flag(draw) else None], upper=pick(draw, None, 0, 1)
    )


@family(since=9)
def made(draw: Drawer, opset: int) -> Case:
    operator = pick(draw, "EyeLike", "ConstantOfShape", *(("Range",) if opset >= 11 else ()))
    if operator == "EyeLike":
        x = array(draw, dtype(draw, operator, opset), shape(draw, 2, 2))
        return case(draw, opset, operator, [x], k=pick(draw, None, integer(draw, -3, 3)), dtype=pick(draw, None, 1, 7))
    if operator == "Range":
        kind = dtype(draw, operator, opset)
        step = pick(draw, 1, 2, -1, 3, -2) / (4 if is_float(kind) else 1)
        values = [integer(draw, -5, 5), integer(draw, -5, 9), step]
        return case(draw, opset, operator, [known(each, kind) for each in values])
    from onnx import numpy_helper

    kind = dtype(draw, operator, opset, constraint="T2")
    value = numpy_helper.from_array(array(draw, kind, (1,))) if flag(draw) else None
    return case(draw, opset, operator, [known(shape(draw))], value=value)


@family(since=18)
def center_crop_pad(draw: Drawer, opset: int) -> Case:
    sizes = shape(draw, 1, 4, smallest=1)
    which = axes(draw, len(sizes), 1) if flag(draw) else None
    count = len(sizes) if which is None else len(which)
    wanted = [integer(draw, 1, 7) for _ in range(count)]
    x = array(draw, dtype(draw, "CenterCropPad", opset), sizes, wild=True)
    return case(draw, opset, "CenterCropPad", [x, known(wanted)], axes=which)


@family(since=10)
def reverse_sequence(draw: Drawer, opset: int) -> Case:
    sizes = shape(draw, 2, 4, smallest=1)
    time = integer(draw, 0, 1)
    rng = np.random.default_rng(integer(draw, 0, 99))
    lens = rng.integers(1, sizes[time] + 1, sizes[1 - time]).astype(np.int64)
    x = array(draw, dtype(draw, "ReverseSequence", opset), sizes, wild=True)
    return case(draw, opset, "ReverseSequence", [x, lens], time_axis=time, batch_axis=1 - time)


@family()
def sizes(draw: Drawer, opset: int) -> Case:
    operator = pick(draw, "Shape", "Size")
    x = array(draw, dtype(draw, operator, opset), shape(draw))
    if operator == "Size" or opset < 15:
        return case(draw, opset, operator, [x])
    return case(
        draw,
        opset,
        operator,
        [x],
        start=pick(draw, None, integer(draw, -6, 6)),
        end=pick(draw, None, integer(draw, -6, 6)),
    )
