"""A module on its way through the compiler's phases, with Python passes between them."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

from webtensorc import registry
from webtensorc.errors import CompilationError, DiagnosticError, InternalError
from webtensorc.instrument import Instruments, Record
from webtensorc.iree import destinations, dynamism, narrow_integers, parameters, same_sizes
from webtensorc.iree.graph import main_function
from webtensorc.iree.session import NativeError, Session
from webtensorc.job import READING
from webtensorc.pass_api import PassContext, TargetView
from webtensorc.phase import Phase
from webtensorc.plan import Plan, Step


class Program:
    """One plan being carried out on one module. The only mutable stage between `Model` and `Artifact`.

    Args:
        text: the module as MLIR text, at `phase`.
        weights: the model's weights; `GRAPH` passes may change them, so hand in a mapping of your own.
        plan: what to do.
        target: the plan's target, which passes may ask; None for the shared graph.
        phase: the phase that `text` has reached.
        shapes: those of the inputs, an open size being text; not needed for GRAPH passes.
        instruments: what to watch.
    """

    def __init__(
        self,
        text: str,
        weights: MutableMapping[str, np.ndarray] | Mapping[str, np.ndarray],
        plan: Plan,
        target: TargetView | None,
        *,
        phase: Phase = Phase.GRAPH,
        shapes: Sequence[Sequence[int | str]] = (),
        instruments: Instruments | None = None,
    ) -> None:
        self.plan = plan
        self.phase = phase
        self.weights = weights
        self.report: dict[str, Any] = {}
        self.records: list[Record] = []
        self._target = target
        self._shapes = shapes
        self._instruments = instruments or Instruments()
        self._session = Session((*plan.flags, *_flags_for(text, plan, target)), verify=self._instruments.strict)
        try:
            self.module = self._session.parse(text)
        except NativeError as error:
            raise _refused(error, READING) from None
        self._instruments.dump(phase.value, self.module)

    def run_pass(self, step: Step) -> int:
        """Run one pass, verify the module if that changed it, and return its number of changes.

        Raises:
            DiagnosticError: the pass failed or left an invalid module.
        """
        each = registry.make_pass(step.spec)
        self._instruments.on_step(each.name)
        before = self._fingerprint() if self._instruments.strict else None
        started = time.perf_counter()
        with self._session.context:
            try:
                changes = each.run(self.module.operation, PassContext(self.weights, self._target, self.report))
                if changes:
                    self.module.operation.verify()
            except DiagnosticError:
                raise
            except Exception as error:
                raise InternalError(
                    f"pass `{each.name}` failed: {error}",
                    doing=f"running {step.spec} after {self.phase.value}",
                    hint=f"`--disable-pass {each.name}` leaves it out" if each.level != 0 else None,
                ) from error
        self.records.append(Record(each.name, step.family, time.perf_counter() - started, changes))
        if before is not None and (before != self._fingerprint()) != (changes > 0):
            raise InternalError(f"pass `{each.name}` reports {changes} changes, which the module contradicts")
        self._instruments.dump(each.name, self.module)
        return changes

    def advance(self) -> None:
        """Lower the module to the next phase.

        Raises:
            CompilationError: the native compiler refused; its diagnostics are the notes.
        """
        following = list(Phase)[self.phase.order + 1]
        self._instruments.on_step(following.value)
        started = time.perf_counter()
        try:
            if following is Phase.BOUND:
                self._bind()
            else:
                self._session.advance(self.phase, following)
            if following is Phase.ABI:
                same_sizes.merge(self.module.operation, self._shapes)
        except NativeError as error:
            raise _refused(error, f"lowering to {following.value} for {self.plan.target}") from None
        self.phase = following
        self.records.append(Record(following.value, None, time.perf_counter() - started, None))
        self._instruments.dump(following.value, self.module)

    def _bind(self) -> None:
        """Make the weights named parameters, and the results' storage arguments; the loader binds both.

        Raises:
            UnsupportedError: what the model does with integers narrower than a byte is not supported.
        """
        narrow_integers.widen(self.module.operation)
        parameters.bind(self.module, self.weights)
        destinations.add(main_function(self.module.operation))
        self.module.operation.verify()

    def text(self) -> str:
        """The module as generic MLIR text with locations."""
        return str(self.module.operation.get_asm(enable_debug_info=True, print_generic_op_form=True))

    def emit(self) -> bytes:
        """The binary module, once at `Phase.VM`."""
        return self._session.emit()

    def _fingerprint(self) -> tuple[str, tuple[str, ...]]:
        return str(self.module.operation), tuple(self.weights)


_INTEGER_PRODUCT = re.compile(r'"stablehlo\.dot_general".*xi8>, tensor<[\dx]*i8>\) -> tensor<[\dx]*i32>')


def _flags_for(text: str, plan: Plan, target: TargetView | None) -> tuple[str, ...]:
    """What the content of the module asks of the native compiler, which no pass can."""
    dynamic = dynamism.FLAGS if dynamism.is_dynamic(text) else ()
    if target is None or not plan.optimization_level or not _INTEGER_PRODUCT.search(text):
        return dynamic
    return (*dynamic, *target.integer_product_flags)


def _refused(error: NativeError, doing: str) -> CompilationError:
    first, *rest = error.diagnostics or ("the native compiler gave no reason",)
    shown = tuple(line for text in rest[:3] for line in text.splitlines() if line.strip())
    return CompilationError(first.splitlines()[0], doing=doing, notes=shown[:12])
