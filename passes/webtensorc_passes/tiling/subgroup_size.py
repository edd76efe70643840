"""Have a Vulkan driver run SPIR-V kernels in subgroups of the size that they were written for.

Kernels for a family of GPUs add up across a subgroup, for which the native compiler (IREE 3.13) takes the family's size
to be known, but says so of its kernels on matrix units alone (`translation_info`, `subgroup_size`). A driver forms
subgroups as it likes: on GPUs that have several sizes, or another one, sums of all other kernels are wrong. What a
kernel says becomes a demand of its pipeline (Vulkan, VkPipelineShaderStageRequiredSubgroupSizeCreateInfo).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from iree.compiler import ir

from webtensorc.iree import mlir
from webtensorc.iree.mlir import Operation
from webtensorc.pass_api import Family, Pass, PassContext, Phase
from webtensorc_passes.tiling._vulkan import kernels

_SIZES = re.compile(r"subgroup = (?!none)[\w|]+,.*?subgroup_size_choices = \[([\d, ]+)\]")
"""The sizes of a target whose kernels may use subgroups. Of several the native compiler writes for the smallest."""


@dataclass(frozen=True)
class SubgroupSize(Pass):
    """Say of each SPIR-V kernel that may use subgroups which size they are to have."""

    name: ClassVar[str] = "subgroup-size"
    family: ClassVar[Family] = Family.TILING
    after: ClassVar[Phase] = Phase.EXECUTABLE_CONFIGURATIONS
    level: ClassVar[int | None] = 0

    def run(self, module: Any, context: PassContext) -> int:
        """Return the number of kernels that did not say."""
        changes = 0
        for kernel in kernels(module):
            if sizes := _SIZES.search(str(kernel.attributes["target"])):
                changes += _demand(kernel, min(map(int, sizes[1].split(","))))
        return changes


def _demand(kernel: Operation, size: int) -> int:
    changes = 0
    for function in mlir.nested(kernel):
        if "translation_info" not in function.attributes:
            continue
        said = str(function.attributes["translation_info"])
        if "subgroup_size" not in said:
            told = re.sub(r"(workgroup_size = \[[^]]*\])", rf"\1 subgroup_size = {size}", said)
            function.attributes["translation_info"] = ir.Attribute.parse(told, kernel.context)
            changes += told != said
    return changes
