"""Operators that fewer models use, and usual ones along unusual axes."""

from __future__ import annotations

import numpy as np

from benchmarks.operators.cases import Case, one

__all__ = ["RARER"]


def _indices(rows: int, *shape: int) -> np.ndarray:
    """Below `rows`, each equally often."""
    return (np.arange(np.prod(shape)) * 7919 % rows).reshape(shape)


def _places(images: tuple[int, ...], count: int) -> np.ndarray:
    """`count` places of a tensor, no two of which are the same."""
    return np.stack(np.unravel_index(np.arange(count) * 7919 % np.prod(images), images), axis=-1)


def _resize(size: float, *x: int, **attributes: object) -> Case:
    text = ", ".join(f'{name} = "{value}"' for name, value in attributes.items())
    return Case(f"y = Resize <{text}> (x, none, scale)", {"x": x}, {"scale": np.array([1, 1, size, size], np.float32)})


def _einsum(equation: str, **shapes: tuple[int, ...]) -> Case:
    return Case(f'y = Einsum <equation = "{equation}"> ({", ".join(shapes)})', shapes)


def _along(operator: str, axes: list[int], *x: int) -> Case:
    return Case(f"y = {operator} <keepdims = 0> (x, along)", {"x": x}, {"along": np.array(axes)})


def _recurrent(cell: str, steps: int, batch: int, width: int, hidden: int, *, both: bool = False) -> Case:
    gates, ways = {"LSTM": 4, "GRU": 3, "RNN": 1}[cell], 1 + both
    direction = "bidirectional" if both else "forward"
    node = f'y, h = {cell} <hidden_size = {hidden}, direction = "{direction}"> (x, w0, w1, w2)'
    weights = {
        "w0": (ways, gates * hidden, width),
        "w1": (ways, gates * hidden, hidden),
        "w2": (ways, 2 * gates * hidden),
    }
    return Case(node, {"x": (steps, batch, width), **weights})


_GRID = "g = Tanh(x1)\ny = GridSample <mode = {}, align_corners = 0> (x, g)"


def _grid_sample(mode: str, *x: int) -> Case:
    return Case(_GRID.format(f'"{mode}"'), {"x": x, "x1": (x[0], x[2], x[3], 2)})


RARER: dict[str, Case] = {
    "sort": Case("y, i = TopK(x, all)", {"x": (64, 1000)}, {"all": np.array([1000])}),
    "sort_short": Case("y, i = TopK(x, all)", {"x": (2000, 20)}, {"all": np.array([20])}),
    "top_k_half": Case("y, i = TopK(x, some)", {"x": (64, 1000)}, {"some": np.array([300])}),
    "scatter_elements": Case(
        "y = ScatterElements <axis = 1> (x, i, u)",
        {"x": (64, 1000), "u": (64, 100)},
        {"i": np.arange(100)[None] * 7 + np.arange(64)[:, None]},
    ),
    "scatter_add": Case(
        'y = ScatterElements <axis = 0, reduction = "add"> (x, i, u)',
        {"x": (100, 300), "u": (1000, 300)},
        {"i": np.broadcast_to(_indices(100, 1000)[:, None], (1000, 300)).copy()},
    ),
    "scatter_nd": Case("y = ScatterND(x, i, u)", {"x": (64, 33, 65), "u": (500, 65)}, {"i": _places((64, 33), 500)}),
    "gather_nd": Case("y = GatherND(x, i)", {"x": (64, 33, 65)}, {"i": _places((64, 33), 1500)}),
    "gather_elements": Case(
        "y = GatherElements <axis = 1> (x, i)", {"x": (256, 1000)}, {"i": _indices(1000, 256, 333)}
    ),
    "gather_last": Case("y = Gather <axis = 2> (x, i)", {"x": (8, 100, 333)}, {"i": _indices(333, 100)}),
    "cumulative_first": Case("y = CumSum(x, first0)", {"x": (333, 777)}, {"first0": np.array(0)}),
    "resize_nearest_down": _resize(0.5, 1, 64, 112, 112, mode="nearest"),
    "resize_nearest_odd": _resize(1.7, 1, 33, 37, 41, mode="nearest", coordinate_transformation_mode="asymmetric"),
    "resize_linear_down": _resize(0.5, 1, 64, 112, 112, mode="linear"),
    "resize_linear_odd": _resize(1.7, 1, 33, 37, 41, mode="linear"),
    "resize_cubic": _resize(2, 1, 32, 32, 32, mode="cubic"),
    "grid_linear": _grid_sample("linear", 1, 33, 37, 41),
    "grid_nearest": _grid_sample("nearest", 1, 33, 37, 41),
    "grid_cubic": _grid_sample("cubic", 1, 17, 29, 31),
    "einsum_transposed": _einsum("bik,bjk->bij", a=(12, 77, 40), b=(12, 77, 40)),
    "einsum_heads": _einsum("bihd,bjhd->bhij", a=(1, 100, 8, 33), b=(1, 100, 8, 33)),
    "einsum_outer": _einsum("bi,bj->bij", a=(33, 100), b=(33, 77)),
    "einsum_middle": _einsum("ijk,jl->ilk", a=(17, 100, 65), b=(100, 33)),
    "einsum_both": _einsum("ijk,ijl->kl", a=(17, 65, 100), b=(17, 65, 77)),
    "einsum_three": _einsum("ij,jk,kl->il", a=(100, 77), b=(77, 65), c=(65, 33)),
    "sum_outside": _along("ReduceSum", [0, 2], 17, 333, 65),
    "sum_alternate": _along("ReduceSum", [1, 3], 4, 33, 17, 65),
    "mean_narrow": _along("ReduceMean", [1], 1000, 77, 3),
    "max_first": _along("ReduceMax", [0], 333, 777),
    "product_last": _along("ReduceProd", [1], 512, 333),
    "norm_middle": _along("ReduceL2", [1], 16, 100, 77),
    "log_sum_exp": _along("ReduceLogSumExp", [1], 256, 1000),
    "softmax_first": one("y = Softmax <axis = 0> (x)", 333, 77),
    "softmax_short": one("y = Softmax(x)", 5000, 7),
    "lstm_100": _recurrent("LSTM", 20, 1, 33, 100),
    "lstm_33_both": _recurrent("LSTM", 30, 3, 17, 33, both=True),
    "lstm_256": _recurrent("LSTM", 50, 1, 256, 256),
    "gru_100": _recurrent("GRU", 20, 1, 33, 100),
    "gru_75_batch": _recurrent("GRU", 20, 5, 40, 75),
    "rnn_100": _recurrent("RNN", 20, 1, 33, 100),
    "tile": Case("y = Tile(x, times)", {"x": (33, 65, 7)}, {"times": np.array([1, 3, 5])}),
    "expand": Case("y = Expand(x, wide)", {"x": (33, 1, 77)}, {"wide": np.array([33, 100, 77])}),
    "split": Case("a, b, y = Split <axis = 1, num_outputs = 3> (x)", {"x": (4, 99, 33, 35)}),
    "concat_three": Case("y = Concat <axis = 1> (a, b, c)", {"a": (4, 17, 777), "b": (4, 33, 777), "c": (4, 65, 777)}),
    "slice_step": Case("y = Slice(x, low, high, axes, two)", {"x": (1, 64, 128, 128)}, {"two": np.array([2, 3])}),
    "slice_reverse": Case(
        "y = Slice(x, end, begin, last, back)",
        {"x": (256, 777)},
        {"end": np.array([-1]), "begin": np.array([-1000]), "back": np.array([-1])},
    ),
    "pad_reflect": one('y = Pad <mode = "reflect"> (x, pads)', 1, 33, 57, 55),
    "pad_edge": one('y = Pad <mode = "edge"> (x, pads)', 1, 33, 57, 55),
    "space_to_depth": one("y = SpaceToDepth <blocksize = 2> (x)", 1, 33, 64, 66),
    "triangle": one("y = Trilu <upper = 0> (x)", 8, 333, 333),
    "transpose_4d": one("y = Transpose <perm = [3, 1, 0, 2]> (x)", 7, 33, 17, 65),
    "transpose_images": one("y = Transpose <perm = [0, 3, 1, 2]> (x)", 1, 113, 113, 3),
    "global_max": one("y = GlobalMaxPool(x)", 2, 333, 13, 13),
    "average_pool_5": one("y = AveragePool <kernel_shape = [5, 5], strides = [3, 3]> (x)", 1, 33, 113, 113),
    "max_pool_5": one("y = MaxPool <kernel_shape = [5, 5], pads = [2, 2, 2, 2]> (x)", 1, 100, 13, 13),
    "leaky_relu": one("y = LeakyRelu(x)", 333, 777),
    "prelu": Case("y = PRelu(x, w0)", {"x": (1, 100, 33, 35), "w0": (100, 1, 1)}),
    "hard_swish": one("y = HardSwish(x)", 333, 777),
    "mish": one("y = Mish(x)", 333, 777),
    "sqrt": one("a = Abs(x)\ny = Sqrt(a)", 333, 777),
    "round": one("y = Round(x)", 333, 777),
    "divide_rows": Case("y = Div(a, b)", {"a": (333, 777), "b": (333, 1)}),
    "maximum": Case("y = Max(a, b)", {"a": (333, 777), "b": (777,)}),
}
