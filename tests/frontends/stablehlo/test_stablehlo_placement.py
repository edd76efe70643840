"""Programs that speak of several devices: whole arrays are computed by one, parts of them are refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export, lax
from jax.sharding import AbstractMesh, AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from webtensorc.errors import UnsupportedError
from webtensorc.frontends import load_model
from webtensorc.reference import run_interpreter

X = np.arange(8, dtype=np.float32).reshape(2, 4)
TWO = AbstractMesh((2,), ("d",), axis_types=(AxisType.Auto,))


def test_what_is_divided_by_notes_alone_is_computed_whole():
    def function(x):
        return lax.with_sharding_constraint(x + 1, NamedSharding(TWO, P("d"))).sum(0)

    argument = jax.ShapeDtypeStruct(X.shape, X.dtype, sharding=NamedSharding(TWO, P("d")))
    exported = export.export(jax.jit(function))(argument)
    assert exported.nr_devices == 2
    (found,) = run_interpreter(load_model(exported), {"x": X}).values()
    assert np.array_equal(found, (X + 1).sum(0))


@pytest.mark.parametrize(
    "exchange",
    [
        lambda x: lax.psum(x, "d") + lax.axis_index("d"),
        lambda x: lax.all_gather(x, "d", tiled=True),
        lambda x: lax.ppermute(x, "d", [(0, 0)]),
        lambda x: lax.psum_scatter(lax.all_to_all(x, "d", 0, 0, tiled=True), "d", tiled=True),
    ],
)
def test_exchange_with_oneself_is_none(exchange):
    mesh = Mesh(np.array(jax.devices()[:1]), ("d",))
    function = jax.jit(jax.shard_map(exchange, mesh=mesh, in_specs=P("d"), out_specs=P("d"), check_vma=False))
    (found,) = run_interpreter(load_model(export.export(function)(X)), {"x": X}).values()
    assert np.array_equal(found, function(X))


def test_parts_of_several_devices_are_refused_all_at_once():
    def part(x):
        return jnp.cos(lax.psum(lax.ppermute(x, "d", [(0, 1), (1, 0)]), "d"))

    function = jax.shard_map(part, mesh=TWO, in_specs=P("d"), out_specs=P())
    exported = export.export(jax.jit(function))(X)
    with pytest.raises(UnsupportedError, match="written for several devices") as e:
        load_model(exported)
    named = " ".join(each.operator for each in e.value.items)
    assert "stablehlo.all_reduce" in named and "stablehlo.collective_permute" in named
