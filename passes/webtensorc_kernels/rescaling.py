"""Fewer instructions for each result of an epilogue: what can be computed once for all points is.

    (x * a + b) * s          =  x * (a * s) + b * s         a, b the same for all points
    float(byte - z) * s      =  float(byte) * s - z * s

and sums of int32 that a number per channel is taken from may begin with less. Results differ by what rounding does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

from webtensorc_kernels.epilogue import Apply, Constant, Epilogue, Load

__all__ = ["beginning", "rescaled"]

_Step = Constant | Load | Apply


@dataclass(frozen=True, eq=False)
class _Node:
    """A step with the steps that it reads; the one without a step is what the epilogue is applied to."""

    step: _Step | None
    arguments: tuple[_Node, ...] = ()

    @property
    def name(self) -> str:
        return self.step.name if isinstance(self.step, Apply) else ""

    @property
    def number(self) -> float | None:
        """The constant of float32 that it is."""
        if not isinstance(self.step, Constant) or "0x" in self.step.text or not self.step.text.endswith(": f32"):
            return None
        return float(self.step.text.split(" : ")[0])

    @property
    def is_invariant(self) -> bool:
        """Whether it is the same for all points."""
        if isinstance(self.step, Apply):
            return all(each.is_invariant for each in self.arguments)
        return isinstance(self.step, Constant) or (isinstance(self.step, Load) and self.step.by in ("channel", "all"))


_INPUT = _Node(None)


def rescaled(epilogue: Epilogue) -> Epilogue:
    """The same with numbers multiplied into others where that is less work."""
    nodes = _nodes(epilogue)
    if not nodes:
        return epilogue
    uses = Counter(argument for node in nodes for argument in node.arguments)

    def visit(node: _Node, arguments: tuple[_Node, ...]) -> _Node:
        found = _Node(node.step, arguments)
        for value, factor in (arguments, arguments[::-1]) if node.name == "arith.mulf" else ():
            number = factor.number
            if number is not None and uses[node.arguments[arguments.index(value)]] == 1:
                return _shifted(value, number) or _times(value, number) or found
        return found

    return _written(epilogue, _mapped(nodes[-1], visit))


def beginning(epilogue: Epilogue) -> tuple[int | None, Epilogue]:
    """The operand, of int32 and one for each channel, that is subtracted from what comes in; and the rest."""
    nodes = _nodes(epilogue)
    first = [node for node in nodes if _INPUT in node.arguments]
    if len(first) != 1 or first[0].name != "arith.subi" or first[0].arguments[0] != _INPUT:
        return None, epilogue
    (only,) = first
    load = only.arguments[1].step
    if not isinstance(load, Load) or load.by != "channel":
        return None, epilogue
    root = _mapped(nodes[-1], lambda node, arguments: _INPUT if node == only else _Node(node.step, arguments))
    return (load.operand, _written(epilogue, root)) if root != _INPUT else (None, epilogue)


def _nodes(epilogue: Epilogue) -> list[_Node]:
    nodes: list[_Node] = []
    for step in epilogue.steps:
        arguments = step.arguments if isinstance(step, Apply) else ()
        nodes.append(_Node(step, tuple(nodes[i] if i >= 0 else _INPUT for i in arguments)))
    return nodes


def _mapped(root: _Node, visit: Callable[[_Node, tuple[_Node, ...]], _Node]) -> _Node:
    """What `visit` makes of a node and of what it made of the node's arguments."""
    made = {_INPUT: _INPUT}

    def of(node: _Node) -> _Node:
        if node not in made:
            made[node] = visit(node, tuple(map(of, node.arguments)))
        return made[node]

    return of(root)


def _written(epilogue: Epilogue, root: _Node) -> Epilogue:
    """The epilogue whose last step is `root`."""
    places = {_INPUT: -1}
    steps: list[_Step] = []

    def write(node: _Node) -> int:
        if node not in places:
            arguments = tuple(map(write, node.arguments))
            assert node.step is not None
            steps.append(replace(node.step, arguments=arguments) if isinstance(node.step, Apply) else node.step)
            places[node] = len(steps) - 1
        return places[node]

    write(root)
    return replace(epilogue, steps=tuple(steps))


def _constant(number: float) -> _Node:
    return _Node(Constant(f"{number:.9e} : f32"))


def _product(a: _Node, b: _Node) -> _Node:
    return _Node(Apply("arith.mulf", (), "", ("f32",) * 3), (a, b))


def _fused(*arguments: _Node) -> _Node:
    return _Node(Apply("math.fma", (), "", ("f32",) * 4), arguments)


def _times(node: _Node, factor: float) -> _Node | None:
    """`node * factor` without another operation for each result."""
    number = node.number
    if number is not None:
        return _constant(number * factor)
    if node.is_invariant:
        return _product(node, _constant(factor))
    if node.name == "arith.mulf":
        for value, other in (node.arguments, node.arguments[::-1]):
            scaled = _times(other, factor) if other.is_invariant else None
            if scaled is not None:
                return _product(value, scaled)
    if node.name == "math.fma":
        value, a, b = node.arguments
        scaled, added = _times(a, factor) if a.is_invariant else None, _times(b, factor)
        if scaled is not None and added is not None:
            return _fused(value, scaled, added)
    return None


def _shifted(node: _Node, factor: float) -> _Node | None:
    """`node * factor` where the node is a byte less a number, made a float."""
    centred = node.arguments[0] if node.name == "arith.sitofp" else _INPUT
    if centred.name != "arith.subi" or centred.arguments[0].name not in ("arith.extui", "arith.extsi"):
        return None
    byte, zero = centred.arguments
    if not isinstance(zero.step, Constant):
        return None
    number = float(zero.step.text.split(" : ")[0])
    return _fused(_Node(node.step, (byte,)), _constant(factor), _constant(-number * factor))
