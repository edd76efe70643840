"""The JAX models agree with JAX, with their parameters as arguments and as weights."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pytest
from end_to_end import assert_agrees, through_a_file
from jax.scipy.optimize import minimize

from fixtures import jax_models

MODELS = {
    model.name: model
    for model in (
        jax_models.transformer(layers=4, width=128, heads=8, vocabulary=512, length=48),
        jax_models.conv_net(size=64, channels=(16, 32)),
        jax_models.training_step(width=64, hidden=256, batch=32),
    )
}


@pytest.mark.slow
@pytest.mark.parametrize("closed", [False, True], ids=["arguments", "weights"])
@pytest.mark.parametrize("name", MODELS)
def test_agrees_with_jax(name: str, closed: bool, tmp_path: Path) -> None:
    model = MODELS[name]
    exported = (jax_models.export_closed_over if closed else jax_models.export_with_arguments)(model)
    path = tmp_path / "model.jax"
    path.write_bytes(exported.serialize())
    module = through_a_file(path, tmp_path)
    arguments = model.inputs if closed else model.flat_arguments()
    got = module(*arguments)
    names = [spec.name for spec in module.outputs]
    assert_agrees(dict(zip(names, got, strict=True)), dict(zip(names, model.expected(), strict=True)))


@pytest.mark.slow
def test_training_goes_on_from_its_own_results(tmp_path: Path) -> None:
    model = jax_models.training_step()
    module = through_a_file(jax_models.export_with_arguments(model), tmp_path)
    *parameters, x, y = model.flat_arguments()
    losses = []
    for _ in range(20):
        loss, *parameters = module(*parameters, x, y)
        losses.append(float(loss))
    assert losses[-1] < 0.5 * losses[0]
    assert np.isfinite(losses).all()


@pytest.mark.slow
def test_second_derivatives_of_a_product(tmp_path: Path) -> None:
    """Padded derivatives of slices are added: one kernel was to write several of them, which has no lowering."""

    def power(v: jax.Array) -> jax.Array:
        return jnp.sum(v**3) * jnp.prod(jnp.cos(v))

    x = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    curvature = jax.jit(jax.vmap(jax.hessian(power)))
    path = tmp_path / "model.jax"
    path.write_bytes(jax.export.export(curvature)(jax.ShapeDtypeStruct(x.shape, x.dtype)).serialize())
    np.testing.assert_allclose(through_a_file(path, tmp_path)(x)[0], curvature(x), rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_a_line_search_agrees(tmp_path: Path) -> None:
    """Loops in branches of loops, which begin with the same tensor many times."""

    def minimum(x: jax.Array) -> jax.Array:
        def loss(y: jax.Array) -> jax.Array:
            return jnp.sum((y - x) ** 2 * jnp.arange(1.0, 4.0))

        return minimize(loss, x * 2, method="BFGS", options={"maxiter": 5}).x

    path = tmp_path / "model.jax"
    path.write_bytes(jax.export.export(jax.jit(minimum))(jax.ShapeDtypeStruct((3,), np.float32)).serialize())
    module = through_a_file(path, tmp_path)
    for x in ([0.1, 0.2, 0.3], [-5, 100, 3], [np.nan, 1, 2]):
        given = np.array(x, np.float32)
        np.testing.assert_allclose(module(given)[0], jax.jit(minimum)(given), rtol=1e-5)
