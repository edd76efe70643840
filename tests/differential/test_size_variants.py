"""Variants for particular sizes beside the general one: chosen where they fit, weights stored once, kept in bundles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import webtensorc_runtime
from jax import export
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
