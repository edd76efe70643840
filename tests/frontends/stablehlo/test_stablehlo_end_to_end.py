"""jax.export files compiled, bundled and run give what JAX computes; a bundle is a source as well."""

import numpy as np
import pytest
import webtensorc_runtime

import webtensorc
from fixtures import jax_models
from webtensorc.errors import UsageError
from webtensorc.frontends import load_model


@pytest.mark.slow
@pytest.mark.parametrize("closed", [False, True], ids=["arguments", "constants"])
@pytest.mark.parametrize("model", jax_models.all_models(), ids=lambda model: model.name)
def test_bundles_of_jax_models_run(model, closed, tmp_path):
    exported = jax_models.export_closed_over(model) if closed else jax_models.export_with_arguments(model)
    path = tmp_path / "model.jax"
    path.write_bytes(exported.serialize())
    module = webtensorc_runtime.load(webtensorc.compile(path, cache=False).to_bytes())
    arguments = model.inputs if closed else model.flat_arguments()
    for got, wanted in zip(module(*arguments), model.expected(), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4 * np.abs(wanted).max())


def test_a_bundle_is_a_source(tmp_path):
    exported = jax_models.export_closed_over(jax_models.training_step())
    bundle = webtensorc.compile(exported, cache=False)
    bundle.save(tmp_path / "step.wtb")
    from_file, from_object = load_model(tmp_path / "step.wtb"), load_model(bundle)
    assert from_file.graph == from_object.graph
    assert from_file.inputs == from_object.inputs == load_model(exported).inputs
    with pytest.raises(UsageError, match="no named dimension"):
        load_model(tmp_path / "step.wtb", dims={"batch": 1})
