"""A `Code` that computes instead of writing: it runs a kernel workgroup by workgroup and watches every access.

Each load and store is checked against its view's shape in every dimension; elements of a result that were never
stored are found, and so are elements read before they were stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from webtensorc_kernels import packing, tiles
from webtensorc_kernels.code import Code, Index, View, Workgroup
from webtensorc_kernels.machine import Machine


class Unknown:
    """An index whose number the kernel's author must not know, as in generated code."""

    def __init__(self, value: int) -> None:
        self.value = value


def number(index: object) -> int:
    return index.value if isinstance(index, Unknown) else index  # type: ignore[return-value]


OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "addi": lambda a, b: a + b,
    "subi": lambda a, b: a - b,
    "muli": lambda a, b: a * b,
    "divui": lambda a, b: a // b,
    "remui": lambda a, b: a % b,
    "minsi": min,
    "maxsi": max,
}
ELEMENTWISE: dict[str, Callable[..., np.ndarray]] = {
    "arith.addf": np.add,
    "arith.subf": np.subtract,
    "arith.mulf": np.multiply,
    "arith.divf": np.divide,
    "arith.maximumf": np.maximum,
    "arith.minimumf": np.minimum,
    "math.exp": np.exp,
    "math.log": np.log,
    "arith.muli": np.multiply,
    "arith.subi": np.subtract,
    "arith.trunci": lambda a: a.astype(np.int8).astype(float),
    "math.tanh": np.tanh,
    "math.sqrt": np.sqrt,
    "math.fma": lambda a, b, c: a * b + c,
    "math.roundeven": np.rint,
    "nearest": np.rint,
    "arith.sitofp": np.asarray,
    "arith.fptosi": np.trunc,
    "arith.extui": lambda a: a % 256,
    "arith.addi": np.add,
    "arith.minsi": np.minimum,
    "arith.maxsi": np.maximum,
    "arith.maxui": lambda a, b: np.maximum(a % 256, b % 256),
    "arith.extsi": np.asarray,
}
COMPARISONS: dict[str, Callable[..., np.ndarray]] = {
    "ogt": np.greater,
    "olt": np.less,
    "oeq": np.equal,
    "ugt": lambda a, b: ~np.less_equal(a, b),
    "ult": lambda a, b: ~np.greater_equal(a, b),
    "uno": lambda a, b: np.isnan(a) | np.isnan(b),
    "ord": lambda a, b: ~(np.isnan(a) | np.isnan(b)),
}


class Interpreter(Code):
    """Runs a kernel on `arrays`, operands by the names of their views; results are made as they are first stored to."""

    def __init__(self, lanes: int, arrays: dict[str, np.ndarray]) -> None:
        super().__init__(lanes, Machine(lanes, 32, True, False, 1 << 19))
        self.arrays = dict(arrays)
        self.stored: dict[str, np.ndarray] = {}
        self.tiles: list[np.ndarray] = []

    # Indices: none is known but literals.

    def index(self, index: Index) -> str:
        return index  # type: ignore[return-value]

    def arithmetic(self, operation: str, a: Index, b: Index) -> Index:
        if operation in ("divui", "remui"):
            assert number(a) >= 0, "an unsigned division of a negative index"
        return Unknown(OPERATIONS[operation](number(a), number(b)))  # type: ignore[return-value]

    # Control: everything is really run.

    def workgroups(self, grid: tuple[int, int, int], body: Callable[[Workgroup], None]) -> None:
        for z in range(grid[2]):
            for y in range(grid[1]):
                for x in range(grid[0]):
                    body(Workgroup(*(Unknown(n) if grid[d] > 1 else 0 for d, n in enumerate((x, y, z)))))  # type: ignore[arg-type]

    def loop(
        self,
        low: Index,
        high: Index,
        body: Callable[[Index, list[str]], Sequence[str]],
        carried: Sequence[str] = (),
        step: int = 1,
        element: str | Sequence[str] = "f32",
    ) -> list[str]:
        values = list(carried)
        for i in range(number(low), number(high), step):
            values = list(body(Unknown(i), values))  # type: ignore[arg-type]
        return values

    # Memory.

    def _slice(self, view: View, at: Sequence[Index], lanes: int) -> tuple[int | slice, ...]:
        where = [number(i) for i in at]
        assert len(where) == len(view.shape)
        for i, extent in zip(where[:-1], view.shape[:-1], strict=True):
            assert 0 <= i < extent, f"{view} at {where}"
        assert 0 <= where[-1] <= view.shape[-1] - lanes, f"{lanes} lanes of {view} at {where}"
        return (*where[:-1], slice(where[-1], where[-1] + lanes))

    def _read(self, view: View, at: Sequence[Index], lanes: int) -> np.ndarray:
        where = self._slice(view, at, lanes)
        if view.name in self.stored:
            assert self.stored[view.name][where].all(), f"{view} is read before it is stored"
        return self.arrays[view.name][where].copy()

    def load(self, view: View, *at: Index) -> str:
        found = self._read(view, at, min(self.lanes, view.shape[-1]))
        return np.concatenate([found, np.zeros((self.lanes - len(found), *found.shape[1:]))])  # type: ignore[return-value]

    def opaque(self, vector: str) -> str:
        return vector

    def load_repeated(self, count: int, view: View, *at: Index) -> str:
        return np.concatenate([self._read(view, at, count)] * (self.lanes // count))  # type: ignore[return-value]

    def load_every(self, stride: int, view: View, *at: Index) -> str:
        return self._read(view, at, stride * self.lanes)[::stride]  # type: ignore[return-value]

    def picked(self, vectors: Sequence[str], places: Sequence[int]) -> str:
        return np.concatenate(vectors)[list(places)]  # type: ignore[arg-type, return-value]

    def load_fixed(self, view: View, *at: Index) -> str:
        bytes_ = self._read(view, at, 4 * self.lanes)[: 3 * self.lanes].astype(np.int64) % 256
        words = bytes_.reshape(-1, 3) @ [1 << 8, 1 << 16, 1 << 24]
        return np.where(words < 1 << 31, words, words - (1 << 32)).astype(float)  # type: ignore[return-value]

    def store(self, vector: str, view: View, *at: Index) -> None:
        if view.name not in self.arrays:
            self.arrays[view.name] = np.zeros((*view.shape, *vector.shape[1:]))  # type: ignore[attr-defined]
            self.stored[view.name] = np.zeros(view.shape, bool)
        count = min(self.lanes, view.shape[-1])
        where = self._slice(view, at, count)
        self.arrays[view.name][where] = vector[:count]
        self.stored[view.name][where] = True

    def stored_index(self, view: View, *at: Index) -> Index:
        return Unknown(int(self._read(view, at, 1)[0]))  # type: ignore[return-value]

    def places(self, extent: int, view: View, *at: Index) -> str:
        return np.clip(self._read(view, at, self.lanes), 0, extent - 1)  # type: ignore[return-value]

    def gather(self, places: str, view: View, *row: Index) -> str:
        return self._read(view, (*row, 0), view.shape[-1])[places]  # type: ignore[index,return-value]

    def store_first(self, vector: str, view: View, *at: Index) -> None:
        if view.name not in self.arrays:
            self.arrays[view.name], self.stored[view.name] = np.zeros(view.shape), np.zeros(view.shape, bool)
        where = self._slice(view, at, 1)
        self.arrays[view.name][where] = vector[0]
        self.stored[view.name][where] = True

    def broadcast(self, view: View, *at: Index) -> str:
        return np.repeat(self._read(view, at, 1), self.lanes)  # type: ignore[return-value]

    def prefetch(self, view: View, *at: Index, level: int = 1) -> None:
        self._slice(view, at, 1)

    def settled(self, vectors: Sequence[str]) -> list[str]:
        return list(vectors)

    def is_below(self, index: Index, extent: int) -> str:
        return 0 <= number(index) < extent  # type: ignore[return-value]

    def chosen(self, condition: str, a: str, b: str, element: str = "f32") -> str:
        return a if condition else b

    # Arithmetic, in float64.

    def zero(self) -> str:
        return np.zeros(self.lanes)  # type: ignore[return-value]

    def number(self, text: str) -> str:
        number = text.split(" : ")[0]
        if number.startswith("0x"):
            return np.full(self.lanes, np.array(int(number, 16), np.uint32).view(np.float32))  # type: ignore[return-value]
        return np.full(self.lanes, float(number))  # type: ignore[return-value]

    def across(self, kind: str, vector: str, element: str = "f32") -> str:
        fold = {"add": np.sum, "maximumf": np.max, "minimumf": np.min, "minsi": np.min}[kind]
        return np.full(self.lanes, fold(vector))  # type: ignore[return-value]

    def _interleaved(self, a: str, b: str) -> tuple[str, str]:
        both = np.stack([a, b], axis=1).reshape(-1)
        return both[: self.lanes], both[self.lanes :]  # type: ignore[return-value]

    def spliced(self, a: str, b: str, first: int, count: int) -> str:
        lanes = np.arange(self.lanes)
        return np.where((lanes >= first) & (lanes < first + count), a, b)  # type: ignore[return-value]

    def last_lanes(self, vector: str, count: int) -> str:
        return np.where(np.arange(self.lanes) < self.lanes - count, 0, vector)  # type: ignore[return-value]

    def positions(self, start: Index, step: int) -> str:
        return number(start) + step * np.arange(self.lanes)  # type: ignore[return-value]

    def compare(self, predicate: str, a: str, b: str) -> str:
        return COMPARISONS[predicate](a, b)  # type: ignore[return-value]

    def both(self, a: str, b: str) -> str:
        return np.logical_and(a, b)  # type: ignore[return-value]

    def either(self, a: str, b: str) -> str:
        return np.logical_or(a, b)  # type: ignore[return-value]

    def choose(self, mask: str, a: str, b: str, element: str = "f32") -> str:
        return np.where(mask, a, b)  # type: ignore[return-value,call-overload]

    def exponential_below(self, x: str) -> str:
        assert not (np.asarray(x) > 0).any()
        return np.exp(x)  # type: ignore[return-value,call-overload]

    def multiply_add(self, a: str, b: str, c: str) -> str:
        return a * b + c  # type: ignore[operator,return-value]

    def apply(self, name: str, arguments: Sequence[str], attributes: str, types: Sequence[str]) -> str:
        return ELEMENTWISE[name](*arguments)  # type: ignore[return-value]

    # Bytes: arrays of `lanes` x 4, in views of words four values to an element.

    def word(self, view: View, *at: Index, count: int = 4) -> str:
        found = np.concatenate([self._read(view, at, count), np.zeros(4 - count)])
        return np.tile(found, (self.lanes, 1))  # type: ignore[return-value]

    def lanes_of_words(self, view: View, *at: Index) -> list[str]:
        words = self._read(view, at, 16).reshape(4, 4)
        return [np.tile(word, (self.lanes, 1)) for word in words]  # type: ignore[misc]

    def ones(self) -> str:
        return np.ones((self.lanes, 4))  # type: ignore[return-value]

    def words(self, rows: Sequence[str]) -> str:
        filled = [*rows, *([np.zeros(self.lanes)] * (4 - len(rows)))]
        return np.stack(filled, axis=1)  # type: ignore[return-value,arg-type]

    def _shuffled(self, a: str, b: str, lanes: Sequence[int]) -> str:
        return np.concatenate([a, b])[list(lanes)]  # type: ignore[return-value,arg-type]

    def store_words(self, words: str, view: View, *at: Index) -> None:
        self._write(view, at, words.reshape(-1))  # type: ignore[attr-defined]

    def dot(self, sums: str, image: str, weights: str) -> str:
        return sums + (image * weights).sum(axis=1)  # type: ignore[operator,attr-defined,return-value]

    def pack(self, vectors: Sequence[str], zero: int, *, signed: bool) -> str:
        limits = (-128, 127) if signed else (0, 255)
        assert len(vectors) == packing.TOGETHER
        return np.clip(np.concatenate(vectors) + zero, *limits).astype(np.int16).astype(np.int8).astype(float)  # type: ignore[arg-type,return-value]

    def store_half(self, packed: str, half: int, view: View, *at: Index) -> None:
        self._write(view, at, packed[32 * half : 32 * half + 32])  # type: ignore[arg-type]

    # Copies of bytes, and tiles; what was never stored is not a number.

    def copy(
        self, count: int, source: View, at: Sequence[Index], to: View, there: Sequence[Index], skip: int = 0
    ) -> None:
        found = self._read(source, at, count)
        found[:skip] = 0
        self._write(to, there, found)

    def clear(self, count: int, view: View, *at: Index) -> None:
        self._write(view, at, np.zeros(count))

    def _write(self, view: View, at: Sequence[Index], values: np.ndarray) -> None:
        if view.name not in self.arrays:
            self.arrays[view.name] = np.full((*view.shape, *values.shape[1:]), np.nan)
            self.stored[view.name] = np.zeros(view.shape, bool)
        where = self._slice(view, at, len(values))
        self.arrays[view.name][where] = values
        self.stored[view.name][where] = True

    def use_tiles(self, shapes: Sequence[tuple[int, int]], view: View, *at: Index) -> None:
        assert not self.tiles
        self._slice(view, at, tiles.BYTES)
        assert len(tiles.configuration(shapes)) == tiles.BYTES
        self.tiles = [np.zeros(shape) for shape in shapes]

    def release_tiles(self) -> None:
        assert self.tiles
        self.tiles = []

    def _rows(self, tile: int, view: View, at: Sequence[Index], stride: int) -> Iterator[tuple[int, list[int], int]]:
        """Each row of a tile: its number, where it is, and how many elements it has."""
        rows, width = self.tiles[tile].shape
        where, count = [number(i) for i in at], width // view.bytes
        for row in range(rows):
            place = np.ravel_multi_index(where, view.shape) + row * stride // view.bytes
            spot = [int(i) for i in np.unravel_index(place, view.shape)]
            assert spot[:-2] == where[:-2], f"row {row} of a tile of {view} at {where}"
            yield row, spot, count

    def load_tile(self, tile: int, view: View, at: Sequence[Index], stride: int) -> None:
        for row, spot, count in self._rows(tile, view, at, stride):
            where = self._slice(view, spot, count)
            values = self.arrays[view.name][where].reshape(-1)
            self.tiles[tile][row, : values.size] = values

    def store_tile(self, tile: int, view: View, at: Sequence[Index], stride: int) -> None:
        for row, spot, count in self._rows(tile, view, at, stride):
            self._write(view, spot, self.tiles[tile][row, :count])

    def multiply_tiles(self, c: int, a: int, b: int) -> None:
        words = self.tiles[b].reshape(len(self.tiles[b]), -1, 4)
        points = self.tiles[a].reshape(len(self.tiles[a]), -1, 4) % 256
        assert points.shape[1] == words.shape[0]
        self.tiles[c][:, : words.shape[1]] += np.einsum("mkb,knb->mn", points, words)

    # Words of two bfloat16: arrays of `lanes` x 2.

    def take_apart(self, first: str, second: str, *, woven: bool) -> list[str]:
        rest, found = np.array([first, second], np.float32), []
        for _ in range(3):
            part = (rest.view(np.int32) & -(1 << 16)).view(np.float32)
            found.append((part.T if woven else part).reshape(-1, 2).astype(float))
            rest = rest - part
        return found  # type: ignore[return-value]

    def once_if(self, mask: str) -> Index:
        return Unknown(int(mask[0]))  # type: ignore[return-value,call-overload]

    def multiply_float_tiles(self, c: int, a: int, b: int) -> None:
        points, words = (self.tiles[each][:, :32].reshape(16, 16, 2) for each in (a, b))
        self.tiles[c][:, :16] += np.einsum("mkp,knp->mn", points, words)

    def clear_tile(self, tile: int) -> None:
        self.tiles[tile][:] = 0
