"""What the author of a target imports. A target is one file with one dataclass; its fields are its options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from webtensorc.spec import Spec
from webtensorc.speeds import Speeds

__all__ = ["Spec", "Speeds", "Target"]


@dataclass(frozen=True)
class Target:
    """Base of all targets: a frozen dataclass that answers questions. Nobody branches on a target's name.

    A target is pure data: two machines that build the same specification get equal answers. One that depends on the
    machine (`host`) therefore resolves to explicit options in `from_spec`.
    """

    name: ClassVar[str]
    maturity: ClassVar[str] = "experimental"
    """`tested` (run in CI), `compiled` (modules are only built there) or `experimental`."""
    tested_by: ClassVar[str] = "nothing yet"
    """How, in a few words for people: what `maturity` rests on."""

    instruction_set: ClassVar[str] = ""
    """What the modules' code is in, as its maker names it."""

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Every name a user may write for this target: its own, and `<name>-<level>` for each level it has."""
        return (cls.name,)

    @classmethod
    def values(cls) -> Mapping[str, tuple[str, ...]]:
        """What may be written for those options that take one name of a list, or several, by option."""
        return {}

    @classmethod
    def from_spec(cls, spec: Spec) -> Target:
        """The target that `spec` describes; `spec.name` is one of `names()`.

        Raises:
            UsageError: an unknown option or a wrong value.
        """
        return spec.build(cls)

    @property
    def label(self) -> str:
        """The specification that gives this target again, as the plan and the manifest write it."""
        return str(Spec.of(self.name, self))

    def device(self) -> str:
        """The loader's device kind that runs this target's modules: `cpu`, `vulkan`, `cuda`."""
        raise NotImplementedError

    def architecture(self) -> str:
        """Instruction set architecture as `uname -m` names it; empty where any will do."""
        return ""

    def features(self) -> frozenset[str]:
        """What a machine must have, in LLVM's feature names (`avx2`); an empty set runs on any `device()`."""
        raise NotImplementedError

    def flags(self, optimization_level: int) -> tuple[str, ...]:
        """Session flags of the native compiler, deterministic and free of paths."""
        raise NotImplementedError

    @property
    def integer_product_flags(self) -> tuple[str, ...]:
        """Further flags for models with products of int8, if they are to be packed for dot-product instructions."""
        return ()

    @property
    def missing_types(self) -> frozenset[str]:
        """Element types, in MLIR's words (`f64`), without code generation; `webtensorc check` names their users."""
        return frozenset()

    @property
    def vector_bytes(self) -> int:
        """Width of one vector register in bytes; 0 where a kernel's author can name none, as on GPUs."""
        return 0

    @property
    def vector_registers(self) -> int:
        """Number of architectural vector registers that a kernel's author can name."""
        return 0

    @property
    def fused_multiply_add(self) -> bool:
        """Whether a vector multiplication and addition are one instruction with one rounding."""
        return "fma" in self.features()

    @property
    def cache_bytes(self) -> tuple[int, int]:
        """Sizes of the first- and second-level data caches of one core, at least: 32 KiB and 512 KiB are common."""
        return 32 << 10, 512 << 10

    @property
    def speeds(self) -> Speeds:
        """What estimates of a kernel's time rest on: typical of the processors that the target stands for."""
        return Speeds()

    @property
    def workgroup_memory(self) -> int:
        """Bytes of a workgroup's memory that products may be tiled through; 0 leaves that to the native compiler."""
        return 0

    @property
    def compute_capability(self) -> int:
        """NVIDIA's version of a GPU's instructions, ten times the major number and the minor one; else 0."""
        return 0

    @property
    def exact_capability(self) -> bool:
        """Whether code may use what GPUs of exactly that compute capability have, and no later ones."""
        return False

    @property
    def assembled_for(self) -> str:
        """The architecture that PTX kernels have machine code for besides, as `ptxas -arch` takes it; or none."""
        return ""

    @property
    def tools(self) -> tuple[str, ...]:
        """Programs of others that make a part of the modules (`webtensorc.tools`); a plan names their versions."""
        return ()

    @property
    def matrix_types(self) -> frozenset[str]:
        """Types that kernels may use matrix units on, with float32 sums: `f16`, `bf16`, and `tf32` for float32."""
        return frozenset()

    @property
    def buffer_alignment(self) -> int:
        """What the offsets of buffers within one allocation must be multiples of, in bytes.

        By default the most that Vulkan lets a device demand (minStorageBufferOffsetAlignment).
        """
        return 256

    def describe(self) -> str:
        """One line for `webtensorc targets`."""
        raise NotImplementedError
