"""The frame around a kernel: its PTX module, and the executable that a dispatch names."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

__all__ = ["Kernel"]


@dataclass(frozen=True)
class Kernel:
    """A finished kernel.

    Attributes:
        grid: number of workgroups along x, y and z.
        threads: threads of a workgroup.
        shared_bytes: dynamic shared memory of a workgroup.
        cluster: workgroups of a cluster along x, y and z.
        operands: number of operands; one result follows them.
        body: declarations and instructions.
        why: the choices made, for people.
        resident: workgroups that a multiprocessor is to have room for: limits the registers of a thread.
        architecture: `sm_90a` for code that no other GPU runs, not even a later one; by default the earliest that
            will do.
    """

    grid: tuple[int, int, int]
    threads: int
    shared_bytes: int
    cluster: tuple[int, int, int]
    operands: int
    body: str
    why: str
    resident: int = 1
    architecture: str = ""

    def ptx(self, name: str) -> str:
        """The PTX module, whose one kernel is called `name`."""
        clustered = prod(self.cluster) > 1
        parameters = ",\n".join(f"  .param .u64 p{i}" for i in range(self.operands + 1))
        cluster = f"\n.reqnctapercluster {', '.join(map(str, self.cluster))}" if clustered else ""
        return f"""\
.version {"8.0" if clustered or self.architecture else "7.0"}
.target {self.architecture or ("sm_90" if clustered else "sm_80")}
.address_size 64
.extern .shared .align 1024 .b8 shared_memory[];
.visible .entry {name}(
{parameters}
)
.reqntid {self.threads}, 1, 1
.minnctapersm {self.resident}{cluster}
{{
{self.body}
}}
"""

    def text(self, name: str) -> str:
        """The executable called `name`, whose export has the same name, in MLIR's generic form."""
        data = ", ".join(map(str, self.ptx(name).encode()))
        size = len(self.ptx(name).encode())
        read = ["#hal.pipeline.binding<storage_buffer, ReadOnly>"] * self.operands
        bindings = ", ".join([*read, "#hal.pipeline.binding<storage_buffer>"])
        x, y, z = self.grid
        return f"""
"hal.executable.source"() <{{sym_name = "{name}", sym_visibility = "private",
  objects = #hal.executable.objects<{{#hal.executable.target<"cuda", "cuda-nvptx-fb"> = [
    #hal.executable.object<{{path = "{name}.ptx", data = dense<[{data}]> : tensor<{size}xi8>}}>]}}>}}> ({{
  "hal.executable.export"() <{{sym_name = "{name}", sym_visibility = "public", ordinal = 0 : index,
    layout = #hal.pipeline.layout<bindings = [{bindings}]>,
    workgroup_size = [{self.threads} : index, 1 : index, 1 : index],
    workgroup_local_memory = {self.shared_bytes} : index}}> ({{
  ^bb0(%device: !hal.device):
    %x = arith.constant {x} : index
    %y = arith.constant {y} : index
    %z = arith.constant {z} : index
    "hal.return"(%x, %y, %z) : (index, index, index) -> ()
  }}, {{}}) : () -> ()
  "hal.executable.source_end"() : () -> ()
}}) : () -> ()
"""
