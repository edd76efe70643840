"""Products and convolutions whose sizes no register divides: what remainders cost.

Names say the shape: `gemm_MxNxK`; `conv_CHANNELSxHEIGHTxWIDTH_KERNEL_OUTPUTS` and what is unusual; `convt_`, `conv1d_`
and `conv3d_` alike.
"""

from __future__ import annotations

from benchmarks.operators.cases import Case

__all__ = ["SHAPES"]

_PRODUCTS = [
    (1, 1000, 2048),
    (1, 4096, 1024),
    (2, 1000, 777),
    (3, 300, 300),
    (5, 1001, 513),
    (7, 513, 129),
    (13, 768, 768),
    (17, 17, 17),
    (31, 63, 127),
    (33, 100, 1000),
    (64, 64, 4096),
    (100, 3, 1000),
    (127, 127, 127),
    (129, 257, 65),
    (197, 768, 192),
    (255, 255, 255),
    (333, 5, 777),
    (500, 500, 500),
    (512, 512, 512),
    (777, 333, 31),
    (1000, 1, 1000),
    (1000, 10, 84),
    (1000, 1000, 7),
    (1000, 1000, 1000),
    (1024, 1024, 1024),
    (4096, 33, 64),
]
_BATCHES = [(12, 77, 77, 40), (8, 13, 50, 64), (64, 7, 7, 33), (5, 100, 255, 65), (256, 1, 64, 64), (3, 1000, 24, 24)]


def _product(m: int, n: int, k: int) -> Case:
    return Case("y = MatMul(x, w0)", {"x": (m, k), "w0": (k, n)})


def _batched(count: int, m: int, n: int, k: int) -> Case:
    return Case("y = MatMul(a, b)", {"a": (count, m, k), "b": (count, k, n)})


def _others(name: str, channels: int, size: int, kernel: int, outputs: int, rank: int, **odd: int) -> tuple[str, Case]:
    """Transposed ones, and those along one or three dimensions, padded by half a window or as `pads` says."""
    given = {"pads": kernel // 2, "strides": 1, "dilations": 1, "output_padding": 0, "group": 1, "batch": 1, **odd}
    batch, group = given.pop("batch"), given.pop("group")
    transposed = name == "convt"
    lists = {key: [value] * (rank * 2 if key == "pads" else rank) for key, value in given.items()}
    if not transposed:
        del lists["output_padding"]
    attributes = ", ".join(f"{key} = {value}" for key, value in lists.items())
    node = f"y = {'ConvTranspose' if transposed else 'Conv'} <{attributes}, group = {group}> (x, w0, w1)"
    ends = (channels, outputs // group) if transposed else (outputs, channels // group)
    shapes = {"x": (batch, channels, *[size] * rank), "w0": (*ends, *[kernel] * rank), "w1": (outputs,)}
    text = "".join(f"_{key[0]}{value}" for key, value in odd.items())
    return f"{name}_{channels}x{size}_{kernel}_{outputs}{text}", Case(node, shapes)


def _convolution(
    channels: int,
    size: int | tuple[int, int],
    kernel: int,
    outputs: int,
    batch: int = 1,
    stride: int = 1,
    dilation: int = 1,
    groups: int = 1,
    pads: tuple[int, int, int, int] | None = None,
) -> tuple[str, Case]:
    height, width = (size, size) if isinstance(size, int) else size
    around = (dilation * (kernel - 1) // 2,) * 4 if pads is None else pads
    usual = {"n": (batch, 1), "s": (stride, 1), "d": (dilation, 1), "g": (groups, 1)}
    odd = "".join(f"_{letter}{value}" for letter, (value, default) in usual.items() if value != default)
    odd += "" if pads is None else "_p" + "".join(map(str, pads))
    attributes = f"strides = [{stride}, {stride}], dilations = [{dilation}, {dilation}], group = {groups}"
    node = f"y = Conv <{attributes}, pads = [{', '.join(map(str, around))}]> (x, w0, w1)"
    weights = {"w0": (outputs, channels // groups, kernel, kernel), "w1": (outputs,)}
    name = f"conv_{channels}x{height}x{width}_{kernel}x{kernel}_{outputs}{odd}"
    return name, Case(node, {"x": (batch, channels, height, width), **weights})


_CONVOLUTIONS = [
    _convolution(3, 224, 7, 64, stride=2),
    _convolution(3, 113, 3, 24, stride=2),
    _convolution(3, 113, 5, 17, pads=(0, 1, 2, 1)),
    _convolution(17, 29, 3, 40),
    _convolution(24, 56, 1, 40),
    _convolution(24, 56, 3, 17),
    _convolution(40, 29, 5, 100),
    _convolution(40, 113, 1, 24),
    _convolution(100, 13, 3, 100),
    _convolution(100, 7, 1, 255),
    _convolution(255, 7, 3, 255),
    _convolution(255, 13, 1, 100),
    _convolution(255, 29, 1, 255),
    _convolution(64, 56, 3, 64),
    _convolution(100, 29, 3, 255, stride=2),
    _convolution(24, 56, 1, 100, stride=2),
    _convolution(40, 29, 3, 40, dilation=2),
    _convolution(24, 29, 5, 24, dilation=3),
    _convolution(40, 29, 3, 40, groups=4),
    _convolution(100, 13, 3, 100, groups=5),
    _convolution(255, 29, 3, 255, groups=3),
    _convolution(24, 56, 3, 24, groups=24),
    _convolution(40, 29, 5, 40, groups=40),
    _convolution(100, 56, 3, 100, groups=100, stride=2),
    _convolution(255, 13, 3, 255, groups=255),
    _convolution(255, 7, 5, 255, groups=255),
    _convolution(17, 113, 3, 17, groups=17, dilation=2),
    _convolution(24, 29, 3, 48, groups=24),
    _convolution(40, (13, 56), 3, 40, pads=(1, 0, 0, 2)),
    _convolution(100, (29, 7), 3, 24, pads=(2, 1, 0, 0)),
    _convolution(24, 56, 3, 24, batch=8),
    _convolution(17, 29, 3, 40, batch=8),
    _convolution(100, 13, 1, 255, batch=8),
    _convolution(40, 29, 5, 40, batch=8, groups=40),
    _convolution(255, 7, 3, 100, batch=8),
    _convolution(128, 28, 3, 128, groups=32),
    _convolution(256, 14, 3, 256, groups=32),
    _convolution(256, 28, 3, 256, groups=32, stride=2),
    _convolution(1024, 7, 3, 1024, groups=32),
    _convolution(64, 56, 3, 64, batch=4),
    _convolution(256, 14, 1, 1024, batch=4),
    _convolution(96, 56, 7, 96, groups=96),
    _convolution(33, 29, 3, 33, dilation=4),
    _convolution(256, 28, 3, 256, dilation=12),
    _convolution(64, 28, 3, 64, stride=3),
    _convolution(3, 224, 16, 192, stride=16, pads=(0, 0, 0, 0)),
]
_OTHERS = [
    _others("convt", 512, 4, 4, 256, 2, strides=2, pads=1),
    _others("convt", 256, 8, 4, 128, 2, strides=2, pads=1),
    _others("convt", 128, 16, 4, 64, 2, strides=2, pads=1),
    _others("convt", 64, 32, 4, 3, 2, strides=2, pads=1),
    _others("convt", 100, 1, 4, 512, 2, pads=0),
    _others("convt", 128, 28, 2, 64, 2, strides=2, pads=0),
    _others("convt", 64, 56, 2, 33, 2, strides=2, pads=0),
    _others("convt", 33, 29, 3, 17, 2, strides=2, pads=1, output_padding=1),
    _others("convt", 40, 13, 3, 100, 2),
    _others("convt", 17, 29, 5, 33, 2, strides=3, pads=2),
    _others("convt", 40, 29, 4, 40, 2, strides=2, pads=1, group=40),
    _others("convt", 64, 100, 16, 32, 1, strides=8, pads=4),
    _others("convt", 16, 8, 2, 24, 3, strides=2, pads=0),
    _others("conv1d", 33, 1000, 3, 65, 1),
    _others("conv1d", 80, 300, 3, 384, 1),
    _others("conv1d", 17, 777, 9, 17, 1, dilations=3, pads=12),
    _others("conv1d", 100, 333, 31, 100, 1, group=100),
    _others("conv1d", 1, 16000, 10, 512, 1, strides=5, pads=0),
    _others("conv3d", 3, 32, 3, 24, 3),
    _others("conv3d", 17, 13, 3, 33, 3),
    _others("conv3d", 33, 14, 3, 33, 3, strides=2),
    _others("conv3d", 24, 14, 3, 24, 3, group=24),
]

SHAPES: dict[str, Case] = {
    **{f"gemm_{m}x{n}x{k}": _product(m, n, k) for m, n, k in _PRODUCTS},
    **{f"batch_{count}_{m}x{n}x{k}": _batched(count, m, n, k) for count, m, n, k in _BATCHES},
    **dict(_CONVOLUTIONS),
    **dict(_OTHERS),
}
