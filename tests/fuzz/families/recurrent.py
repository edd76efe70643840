"""RNN, GRU and LSTM: directions, activations, clipping, lengths."""

from __future__ import annotations

import numpy as np
from fuzzing.case import Case
from fuzzing.draw import Drawer, array, case, family, flag, integer, pick

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
FUNCTIONS = {"RNN": 1, "GRU": 2, "LSTM": 3}
ACTIVATIONS = ("Tanh", "Relu", "Sigmoid", "Affine", "LeakyRelu", "HardSigmoid", "Elu", "Softsign", "Softplus")
OF_ALPHA, OF_BETA = ("Affine", "LeakyRelu", "HardSigmoid", "Elu"), ("Affine", "HardSigmoid")
LOOSE = {"rtol": 5e-5}


def part(draw: Drawer, *sizes: int) -> np.ndarray:
    return array(draw, np.float32, sizes) / np.float32(4)


@family()
def recurrent(draw: Drawer, opset: int) -> Case:
    operator = pick(draw, "LSTM", "GRU", "RNN")
    direction = pick(draw, None, "forward", "reverse", "bidirectional")
    d = 2 if direction == "bidirectional" else 1
    time, batch, width, hidden = integer(draw, 1, 4), integer(draw, 1, 3), integer(draw, 1, 3), integer(draw, 1, 3)
    gates = GATES[operator]
    state = (d, batch, hidden)
    rng = np.random.default_rng(integer(draw, 0, 99))
    inputs = [
        part(draw, time, batch, width),
        part(draw, d, gates * hidden, width),
        part(draw, d, gates * hidden, hidden),
        part(draw, d, 2 * gates * hidden) if flag(draw) else None,
        rng.integers(1, time + 1, batch).astype(np.int32) if flag(draw) else None,
        part(draw, *state) if flag(draw) else None,
    ]
    options: dict[str, object] = {"hidden_size": hidden, "direction": direction}
    if operator == "LSTM":
        inputs += [part(draw, *state) if flag(draw) else None, part(draw, d, 3 * hidden) if flag(draw) else None]
        options["input_forget"] = pick(draw, None, 0, 1)
    if operator == "GRU":
        options["linear_before_reset"] = pick(draw, None, 0, 1)
    if flag(draw):
        options["clip"] = pick(draw, 0.5, 2.0)
    if flag(draw):
        options["activations"] = [pick(draw, *ACTIVATIONS) for _ in range(FUNCTIONS[operator] * d)]
        # ONNX says for no parameter of Affine what it is if it is not given.
        options["activation_alpha"] = [0.25 for each in options["activations"] if each in OF_ALPHA]
        options["activation_beta"] = [0.5 for each in options["activations"] if each in OF_BETA]
    wanted = [flag(draw), flag(draw), *([flag(draw)] if operator == "LSTM" else [])]
    if not any(wanted):
        wanted[0] = True
    # The evaluator lacks directions, lengths and most activations; ONNX Runtime lacks the layout (in ONNX's own cases).
    return case(draw, opset, operator, inputs, outputs=wanted, how={"oracle": "onnxruntime", **LOOSE}, **options)
