"""A loaded model of dynamic shape: a family of modules of fixed shape, one for each set of sizes it is called with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from webtensorc_runtime import constraints, declaration
from webtensorc_runtime.dims import places, solve
from webtensorc_runtime.engine import Program
from webtensorc_runtime.errors import UsageError
from webtensorc_runtime.manifest import Manifest, Variant
from webtensorc_runtime.module import Module
from webtensorc_runtime.resident import DeviceArray
from webtensorc_runtime.select import Selection
from webtensorc_runtime.tensors import as_array

_MOST_KEPT = 16
"""For how many sets of shapes buffers are kept."""


class DynamicModule(Module):
    """A module whose inputs may have any sizes within bounds. Made by `webtensorc_runtime.load`.

    Attributes, besides those of `Module`:
        specialised: (label, sizes) of the variants for particular sizes, which are used where they fit.
    """

    def __init__(
        self,
        manifest: Manifest,
        selection: Selection,
        program: Program,
        specialised: Sequence[Variant],
        open_program: Callable[[Variant], Program],
    ) -> None:
        super().__init__(replace(manifest, inputs=(), outputs=()), selection, program)
        self._describe(manifest)
        self.specialised = tuple((variant.label, dict(variant.sizes)) for variant in specialised)
        self._manifest = manifest
        self._selection = selection
        self._bounds = {each.name: each for each in manifest.dims}
        self._places = places(
            ((spec.name, spec.shape) for spec in manifest.inputs),
            {spec.name: spec.declared for spec in manifest.inputs if spec.declared is not None},
        )
        self._special = tuple(specialised)
        special = {name for each in specialised for name in each.sizes}
        self._special_sizes = {n: {each.sizes[n] for each in specialised if n in each.sizes} for n in special}
        self._open = open_program
        self._programs: dict[str, Program] = {}
        self._modules: dict[tuple[tuple[int, ...], ...], Module] = {}
        self._making = threading.Lock()

    def __call__(self, *arrays: Any) -> tuple[np.ndarray, ...]:
        """Run the model, as `Module.__call__` does; the shapes are any that fit `inputs` and `dims`.

        Raises:
            UsageError: wrong number or dtype, or a size that is out of bounds or contradicts another; the message names
                the dimension and the input.
        """
        return self.at(*arrays)(*arrays)

    def to_device(self, *arrays: Any) -> tuple[DeviceArray, ...]:
        """As `Module.to_device`."""
        return self.at(*arrays).to_device(*arrays)

    def on_device(self, *arrays: Any) -> tuple[DeviceArray, ...]:
        """As `Module.on_device`."""
        return self.at(*arrays).on_device(*arrays)

    def at(self, *arrays: Any) -> Module:
        """The module of fixed shape that runs these inputs.

        Raises:
            UsageError: as `__call__`.
        """
        self._check_count(arrays)
        shapes = tuple(
            array.shape if isinstance(array, np.ndarray | DeviceArray) else as_array(array, spec).shape
            for array, spec in zip(arrays, self.inputs, strict=True)
        )
        return self._modules.get(shapes) or self._made(shapes)

    def _made(self, shapes: tuple[tuple[int, ...], ...]) -> Module:
        sizes = self._solve(shapes)
        with self._making:
            if shapes not in self._modules:
                while len(self._modules) >= _MOST_KEPT:
                    del self._modules[next(iter(self._modules))]
                self._modules[shapes] = self._fixed(sizes)
            return self._modules[shapes]

    def _solve(self, shapes: tuple[tuple[int, ...], ...]) -> dict[str, int]:
        for spec, shape in zip(self.inputs, shapes, strict=True):
            if len(shape) != len(spec.shape):
                message = f"input `{spec.name}` got [{', '.join(map(str, shape))}], expected {spec}"
                raise UsageError(message, doing="calling the model")
        by_name = dict(zip(self._names, shapes, strict=True))
        given = [by_name[place.input][place.axis] for place in self._places]
        sizes = solve(self._places, given, self._bounds, self._special_sizes)
        if self._fitting(sizes) is None:
            solve(self._places, given, self._bounds)  # what only a variant takes is no size of the others
        # Those of the general program are about sizes from 1 on.
        known = [each for each in self._manifest.constraints if all(sizes[name] for name in each.names())]
        constraints.check(known, sizes)
        return sizes

    def _fitting(self, sizes: Mapping[str, int]) -> Variant | None:
        return next((each for each in self._special if each.sizes.items() <= sizes.items()), None)

    def _fixed(self, sizes: Mapping[str, int]) -> Module:
        inputs, outputs = (tuple(spec.at(sizes) for spec in specs) for specs in (self.inputs, self.outputs))
        special = self._fitting(sizes)
        selection, program = self._selection, self._program
        if special is not None:
            if special.label not in self._programs:
                self._programs[special.label] = self._open(special)
            selection, program = Selection(special, self.rejected), self._programs[special.label]
        outputs = declaration.completed(program.declaration, outputs)
        return Module(
            replace(self._manifest, inputs=inputs, outputs=outputs, dims=(), constraints=()), selection, program
        )
