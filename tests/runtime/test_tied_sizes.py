"""A size that the graph ties to another is reported by the name that the model's file has for it, with that other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx.parser
import pytest
import webtensorc_runtime
from webtensorc_runtime.errors import UsageError

import webtensorc

HEAD = '<ir_version: 9, opset_import: ["" : 20]>'
SUM = HEAD + "tied (float[rows, 4] x, float[lines, 4] y) => (float[?, 4] z) { z = Add (x, y) }"
SLICED = (
    HEAD
    + """tied (float[rows, 4] x, float[total] y) => (float[?, 4] z)
<int64[1] axis = {1}> { p = Concat <axis = 0> (x, x)  c = Unsqueeze (y, axis)  z = Mul (p, c) }"""
)


@pytest.mark.parametrize(
    ("text", "sizes", "message", "notes"),
    [
        (SUM, (3, 5), "dimension `lines` of input `y` is 5, but 3 in an input before", ["`lines`", "`rows`"]),
        (SLICED, (3, 5), "dimension 0 of input `y` is `2*rows`, which is 6 here, not 5", ["`total`", "`2*rows`"]),
    ],
    ids=["equal", "expression"],
)
def test_both_names(tmp_path: Path, text: str, sizes: tuple[int, int], message: str, notes: list[str]) -> None:
    model = onnx.parser.parse_model(text)
    webtensorc.compile(model, cache=False).save(tmp_path / "model.wtb")
    module = webtensorc_runtime.load(tmp_path / "model.wtb")
    given = [np.ones([size, 4][: len(each.shape)], np.float32) for size, each in zip(sizes, module.inputs, strict=True)]
    with pytest.raises(UsageError) as raised:
        module(*given)
    assert raised.value.message == message
    assert all(name in raised.value.notes[0] for name in notes)


def test_a_cached_model_knows_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBTENSORC_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "model.onnx").write_bytes(onnx.parser.parse_model(SUM).SerializeToString())
    first, second = (webtensorc.compile(tmp_path / "model.onnx").model.inputs for _ in range(2))
    assert first == second
    assert second[1].declared == ("lines", 4)
