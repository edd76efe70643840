"""Fourier transforms and windows."""

from __future__ import annotations

import numpy as np
from fuzzing.case import Case, Known
from fuzzing.draw import Drawer, array, case, family, flag, integer, pick

LOOSE = {"rtol": 2e-5}


@family(since=17)
def dft(draw: Drawer, opset: int) -> Case:
    inverse = flag(draw)
    parts = 2 if inverse else pick(draw, 1, 2)
    sizes = (integer(draw, 1, 2), *(integer(draw, 1, 9) for _ in range(integer(draw, 1, 2))), parts)
    along = integer(draw, 1, len(sizes) - 2)
    if flag(draw):
        along -= len(sizes)
    length = Known(np.asarray(integer(draw, 1, 10), np.int64)) if flag(draw) else None
    onesided = 1 if parts == 1 and flag(draw) else None
    options = {"inverse": 1 if inverse else pick(draw, None, 0), "onesided": onesided}
    x = array(draw, np.float32, sizes)
    if opset >= 20:
        return case(draw, opset, "DFT", [x, length, Known(np.asarray(along, np.int64))], how=LOOSE, **options)
    return case(draw, opset, "DFT", [x, length], axis=along, how=LOOSE, **options)


@family(since=17)
def stft(draw: Drawer, opset: int) -> Case:
    frame, step = integer(draw, 2, 8), integer(draw, 1, 4)
    x = array(draw, np.float32, (integer(draw, 1, 2), frame + integer(draw, 0, 9), 1))
    window = array(draw, np.float32, (frame,)) if flag(draw) else None
    length = Known(np.asarray(frame, np.int64)) if window is None or flag(draw) else None
    inputs = [x, Known(np.asarray(step, np.int64)), window, length]
    return case(draw, opset, "STFT", inputs, onesided=pick(draw, None, 0, 1), how=LOOSE)


@family(since=17)
def window(draw: Drawer, opset: int) -> Case:
    operator = pick(draw, "HannWindow", "HammingWindow", "BlackmanWindow")
    size = Known(np.asarray(integer(draw, 1, 9), pick(draw, np.int64, np.int32)))
    return case(draw, opset, operator, [size], periodic=pick(draw, None, 0, 1), output_datatype=pick(draw, None, 1, 11))
