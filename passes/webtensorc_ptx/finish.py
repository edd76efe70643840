"""Elementwise work on results while they are in registers, and their way to memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from webtensorc_kernels.epilogue import Apply, Constant, Epilogue, Load

from webtensorc_ptx.assembler import Assembler, Operand, single

__all__ = ["Finish", "constant", "exp", "load_floats", "sums_of_cluster", "supports"]

_PLAIN = {
    "arith.addf": "add.rn.f32",
    "arith.subf": "sub.rn.f32",
    "arith.mulf": "mul.rn.f32",
    "arith.divf": "div.rn.f32",
    "arith.maximumf": "max.NaN.f32",
    "arith.minimumf": "min.NaN.f32",
    "arith.maxnumf": "max.f32",
    "arith.minnumf": "min.f32",
    "arith.negf": "neg.f32",
    "math.absf": "abs.f32",
    "math.sqrt": "sqrt.rn.f32",
    "math.rsqrt": "rsqrt.approx.f32",
    "math.fma": "fma.rn.f32",
}
_COMPARISONS = {1: "eq", 2: "gt", 3: "ge", 4: "lt", 5: "le", 6: "ne", 13: "neu"}
"""Numbers of `arith.cmpf` predicates as PTX names them."""
_LOG2_E = 1.4426950408889634
_ERF = (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)
"""Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: within 1.5e-7."""


def supports(epilogue: Epilogue) -> bool:
    """Whether every step can be written, and every operand's elements found."""
    written = all(_writer(each) is not None for each in epilogue.steps if isinstance(each, Apply))
    return (
        written
        and {*epilogue.elements, epilogue.element} <= {"f32"}
        and set(epilogue.operands) <= {"result", "channel", "point", "all"}
    )


@dataclass
class Finish:
    """Applies an epilogue and stores.

    Attributes:
        points, channels: extents of the result.
        type: element type of the result: `f32`, `f16` or `bf16`.
        tile: rows and columns of a tile: where they divide the extents, no place is outside.
        interleaved: how many problems' rows lie in turns in the result, `[rows, problems, channels]`; 1 where each
            problem's rows are together.
    """

    epilogue: Epilogue
    points: int
    channels: int
    type: str
    tile: tuple[int, int] = (1, 1)
    interleaved: int = 1

    @property
    def row(self) -> int:
        """Elements between rows of the tensor that the result is stored to."""
        return (self.epilogue.slot[0] if self.epilogue.slot else self.channels) * self.interleaved

    @property
    def whole(self) -> int:
        """How many adjacent columns exist together, are aligned together, and can be loaded and stored at once."""
        numbers = [self.channels, self.row, self.epilogue.slot[1] if self.epilogue.slot else 0]
        numbers += self.epilogue.widths
        numbers += [step.offset for step in self.epilogue.steps if isinstance(step, Load)]
        return next(width for width in (4, 2, 1) if all(n % width == 0 for n in numbers))

    def write(
        self,
        code: Assembler,
        bases: Sequence[str],
        to: str,
        place: tuple[Operand, Operand],
        values: Sequence[str],
        when: str | None = None,
    ) -> None:
        """Finish the results of adjacent columns; `place` is their point and first channel, maybe outside.

        Memory is only touched `when` a predicate holds.
        """
        point, channel = place
        width = min(self.whole, len(values))
        row = None if not self._ragged_rows else code.new("pred", "setp.lt.u32", point, self.points)
        for start in range(0, len(values), width):
            at = code.add(channel, start)
            column = None if not self._ragged_columns else code.new("pred", "setp.lt.u32", at, self.channels)
            valid = code.both(row, column, when)
            part = self.apply(code, bases, (point, at), list(values[start : start + width]), valid)
            self._store(code, to, (point, at), part, valid)

    def moved(self, code: Assembler, pointers: Sequence[str], number: str) -> list[str]:
        """The pointers to the epilogue's operands and the result, for one of several problems behind each other."""
        widths = self.epilogue.widths or (0,) * len(self.epilogue.operands)
        each = {"channel": 0, "all": 0, "point": self.points}
        lengths = [
            each.get(by, self.points * (width or self.channels))
            for by, width in zip(self.epilogue.operands, widths, strict=True)
        ]
        result = self.channels if self.interleaved > 1 else self.points * self.row
        sizes = [*(4 for _ in lengths), 4 if self.type == "f32" else 2]
        return [
            code.address(pointer, code.multiply(number, length), size)
            for pointer, length, size in zip(pointers, [*lengths, result], sizes, strict=True)
        ]

    @property
    def _ragged_rows(self) -> bool:
        return self.points % self.tile[0] != 0

    @property
    def _ragged_columns(self) -> bool:
        return self.channels % self.tile[1] != 0

    def apply(
        self,
        code: Assembler,
        bases: Sequence[str],
        place: tuple[Operand, Operand],
        values: list[str],
        valid: str | None,
    ) -> list[str]:
        """What the epilogue makes of values at adjacent columns; operands are read where `valid`."""
        steps: list[list[str]] = []
        for step in self.epilogue.steps:
            known = [*steps, values]
            if isinstance(step, Constant):
                steps.append([constant(step.text)] * len(values))
            elif isinstance(step, Load):
                steps.append(self._load(code, step, bases[step.operand], place, len(values), valid))
            else:
                write = _writer(step)
                assert write is not None
                arguments = [known[i] for i in step.arguments]
                steps.append([write(code, [each[n] for each in arguments]) for n in range(len(values))])
        return steps[-1] if steps else values

    def _load(
        self,
        code: Assembler,
        load: Load,
        base: str,
        place: tuple[Operand, Operand],
        count: int,
        valid: str | None,
    ) -> list[str]:
        point, channel = place
        width = self.epilogue.widths[load.operand] if self.epilogue.widths else 0
        index: Operand = 0
        if load.by == "result":
            index = code.add(code.add(code.multiply(point, width or self.channels), channel), load.offset)
        elif load.by == "channel":
            index = channel
        elif load.by == "point":
            index = point
        loaded = [code.register("f32") for _ in range(count if load.by in ("result", "channel") else 1)]
        address = code.address(base, index, 4)
        with code.when(valid):
            load_floats(code, loaded, address)
        return loaded if len(loaded) == count else loaded * count

    def _store(
        self, code: Assembler, to: str, place: tuple[Operand, Operand], values: list[str], valid: str | None
    ) -> None:
        point, channel = place
        offset = self.epilogue.slot[1] if self.epilogue.slot else 0
        size = 4 if self.type == "f32" else 2
        at = code.add(code.add(code.multiply(point, self.row), channel), offset)
        address = code.address(to, at, size)
        if self.type != "f32":
            values = [code.new("b16", f"cvt.rn.{self.type}.f32", each) for each in values]
        with code.when(valid):
            _vector(code, "st.global", "f32" if self.type == "f32" else "b16", values, address)


def sums_of_cluster(code: Assembler, at: str, splits: int) -> list[str]:
    """The sums of the four numbers at a shared address over the workgroups of a cluster, always in the same order."""
    total: list[str] = []
    for each in range(splits):
        values = [code.register("f32") for _ in range(4)]
        register = f"{{{', '.join(values)}}}"
        if splits == 1:
            code.do("ld.shared.v4.f32", register, f"[{at}]")
        else:
            address = code.new("b32", "mapa.shared::cluster.u32", at, each)
            code.do("ld.shared::cluster.v4.f32", register, f"[{address}]")
        total = [code.new("f32", "add.rn.f32", a, b) for a, b in zip(total, values, strict=True)] if total else values
    return total


def load_floats(code: Assembler, values: Sequence[str], address: str) -> None:
    """Load adjacent float32 numbers, one, two or four, that no kernel writes meanwhile."""
    _vector(code, "ld.global.nc", "f32", values, address)


def _vector(code: Assembler, operation: str, kind: str, values: Sequence[str], address: str) -> None:
    several = f".v{len(values)}" if len(values) > 1 else ""
    register = f"{{{', '.join(values)}}}" if several else values[0]
    operands = (f"[{address}]", register) if operation.startswith("st") else (register, f"[{address}]")
    code.do(f"{operation}{several}.{kind}", *operands)


def constant(text: str) -> str:
    """A typed number of `arith` (`0.0 : f32`) as a literal."""
    number = text.partition(" :")[0]
    if number.startswith("0x"):
        return f"0f{int(number, 16):08X}"
    return single(float(number))


_Write = Callable[[Assembler, list[str]], str]


def _writer(step: Apply) -> _Write | None:
    """How to write one scalar operation."""
    if step.name in _PLAIN and set(step.types) == {"f32"}:
        operation = _PLAIN[step.name]
        return lambda code, arguments: code.new("f32", operation, *arguments)
    if step.name == "arith.cmpf":
        number = re.search(r"predicate = (\d+)", step.attributes)
        name = _COMPARISONS.get(int(number[1])) if number else None
        if name is None:
            return None
        return lambda code, arguments: code.new("pred", f"setp.{name}.f32", *arguments)
    if step.name == "arith.select" and step.types == ("i1", "f32", "f32", "f32"):
        return lambda code, arguments: code.new("f32", "selp.f32", arguments[1], arguments[2], arguments[0])
    return {"math.exp": exp, "math.tanh": _tanh, "math.erf": _erf}.get(step.name)


def exp(code: Assembler, arguments: list[str]) -> str:
    """2^(x log2 e), x log2 e in two parts so that a large x costs no digits; beyond +-105 it is infinite or 0."""
    (x,) = arguments
    x = code.new("f32", "min.NaN.f32", code.new("f32", "max.NaN.f32", x, single(-105.0)), single(105.0))
    high = code.new("f32", "mul.rn.f32", x, single(_LOG2_E))
    whole = code.new("f32", "cvt.rni.f32.f32", high)
    rest = code.new("f32", "fma.rn.f32", x, single(_LOG2_E), code.new("f32", "neg.f32", whole))
    return code.new(
        "f32",
        "mul.rn.f32",
        code.new("f32", "ex2.approx.f32", rest),
        code.new("f32", "ex2.approx.f32", whole),
    )


def _tanh(code: Assembler, arguments: list[str]) -> str:
    """1 - 2 / (e^2x + 1)."""
    (x,) = arguments
    power = exp(code, [code.new("f32", "add.rn.f32", x, x)])
    below = code.new("f32", "add.rn.f32", power, single(1.0))
    fraction = code.new("f32", "div.rn.f32", single(-2.0), below)
    return code.new("f32", "add.rn.f32", fraction, single(1.0))


def _erf(code: Assembler, arguments: list[str]) -> str:
    (x,) = arguments
    size = code.new("f32", "abs.f32", x)
    below = code.new("f32", "fma.rn.f32", size, single(0.3275911), single(1.0))
    t = code.new("f32", "rcp.rn.f32", below)
    sum_ = single(_ERF[-1])
    for factor in _ERF[-2::-1]:
        sum_ = code.new("f32", "fma.rn.f32", sum_, t, single(factor))
    square = code.new("f32", "mul.rn.f32", size, size)
    power = exp(code, [code.new("f32", "neg.f32", square)])
    product = code.new("f32", "mul.rn.f32", code.new("f32", "mul.rn.f32", sum_, t), power)
    result = code.new("f32", "sub.rn.f32", single(1.0), product)
    return code.new("f32", "copysign.f32", x, result)
