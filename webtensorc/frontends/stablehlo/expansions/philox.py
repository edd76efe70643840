"""Random bits by Philox, for shapes that are open; the native compiler has them for others.

Salmon, Moraes, Dror and Shaw, Parallel random numbers: as easy as 1, 2, 3 (SC 2011): Philox-4x32 with 10 rounds. How
bits are laid out is XLA's: four words of a counter follow one another, elements of 64 bits take two, narrow ones the
low bits of one.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from webtensorc.errors import Unsupported, UnsupportedError
from webtensorc.frontends.stablehlo.expansion import Call, expands

_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_WEYL = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_WORDS = 4


@expands("stablehlo.dynamic_rng_bit_generator", fixed=1, shaped=1)
def dynamic_rng_bit_generator(call: Call, state: jax.Array, shaped: jax.Array) -> tuple[jax.Array, jax.Array]:
    """What jax.export writes for `rng_bit_generator` (StableHLO specification) of an open shape.

    Args:
        state: uint64 `[2]`, key and low half of the counter (the key is its high half as well), or `[3]`: all of it.
        shaped: a tensor of the result's shape.

    Raises:
        UnsupportedError: the algorithm is Threefry, whose order depends on which sizes are even.
    """
    if "THREE_FRY" in call.attributes["rng_algorithm"]:
        reason = "orders its bits by which sizes are even, which open ones do not tell"
        items = (Unsupported(f"custom_call @{call.name}", reason, ()),)
        raise UnsupportedError(f"Threefry {reason}", items, hint="give its open dimensions sizes: --dim")
    dtype, shape = call.results[1][0], shaped.shape
    taken = 2 if dtype.itemsize == 8 else 1
    count = shaped.size * taken
    blocks = (count + _WORDS - 1) // _WORDS
    low, high = state[1], state[2] if state.shape[0] == 3 else state[0]
    start = jax.lax.iota(jnp.uint64, blocks) + low
    words = _philox((*_halves(start), *_halves(high + (start < low))), _halves(state[0]))
    flat = jnp.stack(words, -1).reshape(-1)
    flat = jnp.take(flat, jnp.arange(count), mode="clip").reshape(*shape, taken)
    wide = flat.astype(jnp.uint64)
    bits = wide[..., 0] | wide[..., 1] << 32 if taken == 2 else flat[..., 0]
    after = low + jnp.asarray(blocks, jnp.uint64)
    rest = (after, high + (after < low))[: state.shape[0] - 1]
    return jnp.stack([state[0], *rest]), bits.astype(dtype)


def _philox(counter: tuple[jax.Array, ...], key: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
    """Four words for every counter of four words, from a key of two; all uint32, the low word first."""
    a, b, c, d = counter
    for _ in range(_ROUNDS):
        (low, high), (other_low, other_high) = (
            _halves(word.astype(jnp.uint64) * np.uint64(by)) for word, by in zip((a, c), _MULTIPLIERS, strict=True)
        )
        a, b, c, d = other_high ^ b ^ key[0], other_low, high ^ d ^ key[1], low
        key = tuple(word + np.uint32(by) for word, by in zip(key, _WEYL, strict=True))
    return a, b, c, d


def _halves(words: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Numbers of 64 bits as their low and high 32 bits."""
    return words.astype(jnp.uint32), (words >> np.uint64(32)).astype(jnp.uint32)
