"""Variants for particular sizes beside the general one: chosen where they fit, weights stored once, kept in bundles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import onnx.parser
import pytest
import webtensorc_runtime
from jax import export
from onnx.reference import ReferenceEvaluator
from test_dynamic_onnx import agree, conv_net, mlp, values

import webtensorc
from webtensorc.errors import UsageError


@pytest.fixture(scope="module")
def bundle() -> Any:
    return webtensorc.compile(conv_net(), dims={"n": [1, 4, (1, 32)]}, cache=False)


def test_the_exact_variant_is_taken_else_the_general_one(bundle: Any) -> None:
    module = webtensorc_runtime.load(bundle)
    assert [sizes for _, sizes in module.specialised] == [{"n": 1}, {"n": 4}]
    for batch, end in ((1, "@n=1"), (2, module.variant), (4, "@n=4"), (32, module.variant)):
        inputs = values(conv_net(), {"n": batch})
        agree(conv_net(), module, {"n": batch})
        assert module.at(*inputs.values()).variant.endswith(end)
    with pytest.raises(UsageError, match=r"outside of its bounds 1\.\.32"):
        module(np.zeros((33, 3, 16, 16), np.float32))


def test_a_cache_may_be_empty_at_first(tmp_path: Path) -> None:
    """Open sizes begin at 1: what is joined to nothing is a variant, in which other dimensions are open still."""
    model = onnx.parser.parse_model(
        """<ir_version: 9, opset_import: ["" : 17]>
        step (float[batch, past, 4] cache, float[batch, new, 4] x, float[batch, total] mask)
          => (float[batch, total, 4] kept, float[batch, new, 4] y) {
            kept = Concat <axis = 1> (cache, x)
            turned = Transpose <perm = [0, 2, 1]> (kept)
            scores = MatMul (x, turned)
            axes = Constant <value_ints = [1]> ()
            row = Unsqueeze (mask, axes)
            masked = Add (scores, row)
            p = Softmax <axis = -1> (masked)
            y = MatMul (p, kept)
        }"""
    )
    bundle = webtensorc.compile(model, dims={"past": (0, 8)}, cache=False)
    module = webtensorc_runtime.load(bundle)
    rng, reference = np.random.default_rng(0), ReferenceEvaluator(model)
    for batch, past, new in ((1, 0, 3), (2, 0, 1), (2, 8, 1)):
        shapes = (batch, past, 4), (batch, new, 4), (batch, past + new)
        inputs = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
        expected = reference.run(None, dict(zip(("cache", "x", "mask"), inputs, strict=True)))
        for found, wanted in zip(module(*inputs), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
    with pytest.raises(UsageError, match=r"`past` of input `cache` is 9, outside of its bounds 1\.\.8"):
        module(np.zeros((1, 9, 4), np.float32), np.zeros((1, 1, 4), np.float32), np.zeros((1, 10), np.float32))
    bundle.save(tmp_path / "step.wtb")
    for asked in ({}, {"past": (0, 8)}):
        again = webtensorc.compile(tmp_path / "step.wtb", ["host"], dims=asked, cache=False)
        assert again.to_bytes() == bundle.to_bytes()
    later = webtensorc.compile(again, ["host"], dims={"past": (4, 8)}, cache=False)
    assert not any(each.sizes for each in later.artifacts)
    with pytest.raises(UsageError, match="`past` cannot be 0") as raised:
        webtensorc.compile(later, ["host"], dims={"past": [0, (4, 8)]}, cache=False)
    assert "original model" in str(raised.value)


def test_variants_share_weights(bundle: Any) -> None:
    special = [each.weights for each in bundle.artifacts if each.general]
    assert special[0] == special[1]
    assert set(special[0]) == set(bundle.own_weights)
    stored = [array.tobytes() for array in (*bundle.model.weights.values(), *bundle.own_weights.values())]
    assert len(set(stored)) == len(stored)


def test_a_bundle_keeps_its_variants(bundle: Any, tmp_path: Path) -> None:
    bundle.save(tmp_path / "model.wtb")
    again = webtensorc.Bundle.load(tmp_path / "model.wtb")
    assert again.to_bytes() == bundle.to_bytes()
    assert again.manifest.oldest_reader == 2
    static = webtensorc.compile(again, dims={"n": 2}, cache=False)
    assert static.manifest.oldest_reader == 1
    agree(conv_net(), webtensorc_runtime.load(static), {"n": 2})


def test_compiled_again_a_bundle_has_the_variants_that_it_had(bundle: Any, tmp_path: Path) -> None:
    bundle.save(tmp_path / "model.wtb")
    again = webtensorc.compile(str(tmp_path / "model.wtb"), ["host", "x86-64-v2"], cache=False)
    sizes = [dict(each.sizes) for each in again.artifacts]
    assert sizes == [{}, {}, {"n": 1}, {"n": 1}, {"n": 4}, {"n": 4}]
    module = webtensorc_runtime.load(again)
    for batch in (1, 2, 4):
        agree(conv_net(), module, {"n": batch})
    fewer = webtensorc.compile(bundle, dims={"n": (2, 32)}, cache=False)
    assert [dict(each.sizes) for each in fewer.artifacts] == [{}, {"n": 4}]


def test_a_list_alone_leaves_the_dimension_open() -> None:
    module = webtensorc_runtime.load(webtensorc.compile(mlp(), dims={"batch": [8]}, cache=False))
    assert [str(each) for each in module.dims] == ["batch=1.."]
    for batch in (8, 9):
        agree(mlp(), module, {"batch": batch})


def test_compiled_again_variants_may_have_open_dimensions_left() -> None:
    shape = export.symbolic_shape("b, s")
    sums = export.export(jax.jit(lambda x: jnp.tanh(x).sum(0)))(jax.ShapeDtypeStruct(shape, np.float32))
    bundle = webtensorc.compile(sums, dims={"b": [1, (1, 4)]}, optimization_level=0, cache=False)
    again = webtensorc.compile(bundle, optimization_level=0, cache=False)
    module = webtensorc_runtime.load(again)
    assert [sizes for _, sizes in module.specialised] == [{"b": 1}]
    for size in ((1, 5), (3, 2)):
        x = np.random.default_rng(0).standard_normal(size, np.float32)
        np.testing.assert_allclose(module(x)[0], np.tanh(x).sum(0), rtol=1e-5, atol=1e-6)
