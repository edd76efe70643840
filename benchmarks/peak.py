"""Direct products and convolutions of float32, as a share of the processor's peak that is measured beside them.

    python benchmarks/peak.py [--target SPEC ...] [--seconds S] [--out FILE]

Each kernel runs alone on one core, on operands that stay where the caches have room for them; what a call of a kernel
that does next to nothing takes is left out. The peak is that of independent multiply-adds on registers. Winograd's
algorithm, which needs fewer of them, is left out.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import replace
from pathlib import Path

import iree.compiler
import iree.runtime
import numpy as np
from webtensorc_kernels import direct
from webtensorc_kernels.code import Code, View
from webtensorc_kernels.convolution import Convolution
from webtensorc_kernels.epilogue import Epilogue
from webtensorc_kernels.executable import Kernel, write
from webtensorc_kernels.machine import Machine
from webtensorc_kernels.panels import WIDTH
from webtensorc_kernels.tile_choice import choose

from webtensorc import registry
from webtensorc.rewrite import run_passes

_PACKED = 32 << 10
"""Bytes of weights from which on they are in panels."""
_ROUNDS = 200_000
_CALL = "call"

_LARGE = ["512x512x512", "1024x1024x1024", "384x3072x768", "384x768x3072", "2048x512x512", "128x1024x512"]
_ODD = ["127x127x127", "129x257x65", "255x255x255", "333x333x333", "500x500x500", "1000x1000x1000", "197x768x192"]
_ODD += ["33x100x1000", "777x333x31", "1000x1000x7", "4096x33x64", "1000x10x84", "100x3x1000", "841x255x255"]
_CONVOLUTIONS = [
    (64, 56, 3, 64),
    (128, 28, 3, 128),
    (256, 14, 3, 256),
    (512, 7, 3, 512),
    (128, 56, 3, 128, 2),
    (3, 224, 7, 64, 2),
    (3, 113, 3, 24, 2),
    (17, 29, 3, 40),
    (24, 56, 3, 17),
    (40, 29, 5, 100),
    (100, 13, 3, 100),
    (255, 7, 3, 255),
    (100, 29, 3, 255, 2),
    (40, 29, 3, 40, 1, 2),
    (33, 29, 3, 33, 1, 4),
]


def problems() -> dict[str, Convolution]:
    """By name: products `MxNxK`; convolutions of square images, channels and extent first."""
    found: dict[str, Convolution] = {}
    for name in _LARGE + _ODD:
        m, n, k = map(int, name.split("x"))
        found[f"product {name}"] = Convolution.product(m, k, n)
    for channels, extent, kernel, outputs, *odd in _CONVOLUTIONS:
        stride, dilation = (*odd, 1, 1)[:2] if odd else (1, 1)
        pad = dilation * (kernel - 1) // 2
        out = (extent + 2 * pad - dilation * (kernel - 1) - 1) // stride + 1
        pairs = [(each, each) for each in (extent, kernel, out, stride, dilation, pad)]
        image, window, result, strides, dilations, padding = pairs
        name = f"{channels} x {extent} x {extent}, {kernel}x{kernel} to {outputs}"
        name += f", stride {stride}" * (stride > 1) + f", dilation {dilation}" * (dilation > 1)
        found[name] = Convolution(1, image, channels, outputs, window, result, strides, dilations, padding)
    return {
        name: replace(p, packed=p.outputs > WIDTH and 4 * p.taps * p.channels * p.outputs >= _PACKED)
        for name, p in found.items()
    }


def chains(machine: Machine, rounds: int) -> Kernel:
    """Independent multiply-adds on registers, so many each."""
    count = 3 * machine.registers // 4
    code = Code(machine.lanes, machine)
    x, y = View("%x", (machine.lanes,)), View("%y", (count, machine.lanes))

    def body(_: object) -> None:
        number = code.load(x, 0)
        sums = [number] * count
        sums = code.loop(0, rounds, lambda _, sums: [code.multiply_add(number, number, each) for each in sums], sums)
        for i, each in enumerate(sums):
            code.store(code.times(each, 1.0 + i), y, i, 0)

    flops = 2 * machine.lanes * count * rounds
    return write(code, [x, y], (1, 1, 1), body, flops=flops, results=1, why="")


def kernels(machine: Machine) -> dict[str, Kernel]:
    """The call, the peak, and the kernel of each problem."""
    found = {_CALL: chains(machine, 1), "peak": chains(machine, _ROUNDS)}
    for name, problem in problems().items():
        tile = choose(problem, machine, in_part=True, last_narrower=True)
        assert tile is not None
        found[name] = direct.generate(problem, tile, Epilogue(), Code(tile.lanes, machine))
    return found


def rates(target: str, seconds: float) -> dict[str, float]:
    """Of each kernel the arithmetic per second, in units of 1e9: the best of eight runs."""
    machine = Machine.of(registry.make_target(target))
    assert machine is not None
    all_, parts = kernels(machine), []
    for i, kernel in enumerate(all_.values()):
        *inputs, result = ("tensor<" + "x".join(map(str, (*view.shape, view.element))) + ">" for view in kernel.views)
        names = [f"%a{n}" for n in range(len(inputs))]
        signature = ", ".join(f"{name}: {kind}" for name, kind in zip(names, inputs, strict=True))
        call = f"flow.dispatch @k{i}::@k{i}({', '.join(names)}) : ({', '.join(inputs)}) -> {result}"
        output = f"%y: {result} {{iree.abi.output = 0 : index}}"
        parts += [kernel.text(f"k{i}"), f"func.func @f{i}({signature}, {output}) -> {result} {{\n%r = {call}"]
        parts.append(f"return %r : {result}\n}}")
    text = run_passes("module {\n" + "\n".join(parts) + "\n}", ["fill-kernels"]).ir
    binary = iree.compiler.compile_str(text, extra_args=list(registry.make_target(target).flags(3)))
    config = iree.runtime.Config("local-sync")
    loaded = iree.runtime.load_vm_module(iree.runtime.VmModule.copy_buffer(config.vm_instance, binary), config)
    found, call = {}, 0.0
    for i, (name, kernel) in enumerate(all_.items()):
        arrays = (np.random.default_rng(0).random(view.shape, np.float32) for view in kernel.views)
        given = [iree.runtime.asdevicearray(config.device, array) for array in arrays]
        taken = _best(lambda i=i, given=given: loaded[f"f{i}"](*given), seconds / 8)  # type: ignore[misc]
        if name == _CALL:
            call = taken
        else:
            found[name] = kernel.flops / (taken - call) / 1e9
    return found


def _best(call: object, seconds: float) -> float:
    best = float("inf")
    for _ in range(8):
        started, calls = time.perf_counter(), 0
        while time.perf_counter() - started < seconds:
            call()  # type: ignore[operator]
            calls += 1
        best = min(best, (time.perf_counter() - started) / calls)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", action="append", help="x86-64-v4 and x86-64-v3 by default")
    parser.add_argument("--seconds", type=float, default=0.16, help="for each kernel")
    parser.add_argument("--out", type=Path, help="a file to write the table to as well")
    options = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    targets = options.target or ["x86-64-v4", "x86-64-v3"]
    found = {target: rates(target, options.seconds) for target in targets}
    lines = [
        "# Direct kernels, as a share of the measured peak",
        (__doc__ or "").split("\n\n")[2].replace("\n", " "),
        "",
    ]
    lines += [f"| | {' | '.join(f'{target}, GFLOP/s | share' for target in targets)} |"]
    lines += ["| --- |" + " ---: | ---: |" * len(targets)]
    for name in found[targets[0]]:
        cells = (f"{found[each][name]:.1f} | {found[each][name] / found[each]['peak']:.0%}" for each in targets)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    table = "\n".join([lines[0], "", *lines[1:]]) + "\n"
    print(table)
    if options.out:
        options.out.write_text(table, encoding="utf-8")


if __name__ == "__main__":
    main()
