"""The bundle's manifest: what a loader must know, as plain data and JSON. Standard library only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from webtensorc_runtime import json_fields
from webtensorc_runtime.constraints import RELATIONS, Constraint
from webtensorc_runtime.dims import Bounds, Dim, names, places, substitute
from webtensorc_runtime.errors import InvalidFileError

SCHEMA = 3
"""Version of the bundle schema that this package writes and the newest that it reads.

2 has dynamic shapes; 3 has steps of named dimensions and constraints between them.
"""

OLDEST_READABLE = 1
"""Oldest schema version that this package reads."""


MODES = ("inline", "task")
"""Execution modes: on the calling thread, or spread over a pool of workers."""


@dataclass(frozen=True)
class TensorSpec:
    """Name, element type (numpy or ml_dtypes name, e.g. `float32`, `bfloat16`) and shape of one input or output.

    A dimension whose size is known only at run time is text: a name, or an expression of names (see `dims`).
    `declared` is the shape that the model's file has, where its graph demands another (equal dimensions, say).
    """

    name: str
    dtype: str
    shape: tuple[Dim, ...]
    declared: tuple[Dim, ...] | None = None

    @property
    def is_static(self) -> bool:
        """Whether every dimension is a number."""
        return not any(isinstance(dim, str) for dim in self.shape)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The shape of a static tensor.

        Raises:
            ValueError: it is not static.
        """
        return tuple(map(int, self.shape))

    def at(self, sizes: Mapping[str, int]) -> TensorSpec:
        """The tensor with sizes for some of its names."""
        return replace(self, shape=tuple(substitute(dim, sizes) for dim in self.shape))

    def __str__(self) -> str:
        return f"{self.name}: {self.dtype}[{', '.join(map(str, self.shape))}]"


@dataclass(frozen=True)
class Member:
    """One file of the bundle: its size in bytes and the SHA-256 of each 16 MiB piece, in hexadecimal.

    A member of up to 16 MiB has one digest, the one that `sha256sum` prints; pieces let a large one be checked on
    several cores.
    """

    size: int
    sha256: tuple[str, ...]


@dataclass(frozen=True)
class Variant:
    """One target's module and what a machine needs to run it.

    Attributes:
        label: the target's specification, for example `x86-64-v3`.
        device: kind of device: `cpu`, `vulkan`, `cuda`.
        architecture: instruction set as `uname -m` names it (`x86_64`, `aarch64`); empty where any will do.
        features: what the device must have, in LLVM's feature names (`avx2`).
        module: name of the member that holds the module.
        mode: `inline` or `task`, see `MODES`; the compiler's advice, which the user may override.
        flags: flags of the native compiler.
        plan: the compilation plan as text.
        report: facts about the compiled program (JSON-ready).
        general: label of the variant of the same target that runs other sizes; empty where this one runs all.
        sizes: the sizes of named dimensions that the variant is for; others stay open in it.
        weights: names of the weights that this variant reads in place of the graph's, because for its sizes they are
            laid out otherwise.
    """

    label: str
    device: str
    architecture: str
    features: tuple[str, ...]
    module: str
    mode: str
    flags: tuple[str, ...]
    plan: str
    report: Mapping[str, Any] = field(default_factory=dict)
    general: str = ""
    sizes: Mapping[str, int] = field(default_factory=dict)
    weights: tuple[str, ...] = ()


@dataclass(frozen=True)
class SizedGraph:
    """The graph that variants for particular sizes are compiled from, for whoever compiles the bundle again.

    Attributes:
        sizes: as in `Variant`.
        graph: name of the member that holds it.
        weights: names of the weights that its `main` takes, in order.
        inputs, outputs, dims, constraints, changed_by: as in `Manifest`.
    """

    sizes: Mapping[str, int]
    graph: str
    weights: tuple[str, ...]
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    dims: tuple[Bounds, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    changed_by: tuple[str, ...] | None = None


def oldest_reader(dims: Iterable[Bounds], constraints: Iterable[Constraint]) -> int:
    """The oldest schema whose readers understand a bundle with these dimensions; recorded in it."""
    dims = tuple(dims)
    return 3 if any(constraints) or any(each.step > 1 for each in dims) else 2 if dims else 1


@dataclass(frozen=True)
class Manifest:
    """Everything `manifest.json` says.

    `dims` are the named dimensions of the inputs, in order, `constraints` what their sizes must keep besides.
    `changed_by` are the specifications of the passes that changed the graph, in order; None where nobody wrote it down.
    `sized_graphs` are the graphs of variants for particular sizes; `prepack` says that weights are to be stored as GPUs
    read them, too.
    """

    name: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    versions: Mapping[str, str]
    members: Mapping[str, Member]
    variants: tuple[Variant, ...]
    schema: int = SCHEMA
    oldest_reader: int = 1
    dims: tuple[Bounds, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    changed_by: tuple[str, ...] | None = None
    sized_graphs: tuple[SizedGraph, ...] = ()
    prepack: bool = False

    def to_json(self) -> bytes:
        """The manifest as deterministic UTF-8 JSON: keys sorted, one trailing newline."""
        data = asdict(self)
        for tensor in (*data["inputs"], *data["outputs"]):
            if tensor["declared"] is None:
                del tensor["declared"]
        return (json.dumps(data, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()

    @classmethod
    def from_json(cls, text: bytes, file: str) -> Manifest:
        """Inverse of `to_json`; `file` is the bundle's name for messages. Unknown keys are ignored.

        Raises:
            InvalidFileError: not a manifest, or of a schema that this package does not read.
        """
        try:
            data = json.loads(text)
            schema, oldest_reader = json_fields.count(data["schema"]), json_fields.count(data["oldest_reader"])
            check_schema(schema, oldest_reader, file)
            return cls(
                schema=schema,
                oldest_reader=oldest_reader,
                name=json_fields.text(data["name"]),
                versions={json_fields.text(k): json_fields.text(v) for k, v in data["versions"].items()},
                members={json_fields.text(k): _member(v) for k, v in data["members"].items()},
                variants=tuple(map(_variant, data["variants"])),
                sized_graphs=tuple(map(_sized_graph, data.get("sized_graphs", []))),
                prepack=json_fields.truth(data.get("prepack", False)),
                **_signature(data),
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise InvalidFileError(
                f"the manifest is malformed: {type(error).__name__}: {error}",
                file=file,
                place="member manifest.json",
                doing="reading the bundle",
            ) from None


def check_schema(version: int, oldest_reader: int, file: str) -> None:
    """Refuse a bundle that this package cannot read, saying which version is needed.

    Raises:
        InvalidFileError: the bundle is too new or too old.
    """
    if oldest_reader > SCHEMA:
        raise InvalidFileError(
            f"the bundle has schema {version} and needs a reader of schema {oldest_reader}; this one reads {SCHEMA}",
            file=file,
            doing="reading the bundle",
            hint=f"install a webtensorc that reads schema {oldest_reader}, or build the bundle again with this one",
        )
    if version < OLDEST_READABLE:
        raise InvalidFileError(
            f"the bundle has schema {version}; schemas below {OLDEST_READABLE} are no longer read",
            file=file,
            doing="reading the bundle",
            hint="build the bundle again with this version of webtensorc",
        )


def _signature(data: Any) -> dict[str, Any]:
    """What a model and a graph of it say of themselves: inputs, outputs, open dimensions, and what changed them."""
    dims = tuple(map(_bounds, data.get("dims", [])))
    constraints = tuple(map(_constraint, data.get("constraints", [])))
    inputs, outputs = (tuple(_tensor(each) for each in data[key]) for key in ("inputs", "outputs"))
    _check_dims(inputs, outputs, dims, constraints)
    changed_by = None if data.get("changed_by") is None else json_fields.texts(data["changed_by"])
    return {"inputs": inputs, "outputs": outputs, "dims": dims, "constraints": constraints, "changed_by": changed_by}


def _sized_graph(data: Any) -> SizedGraph:
    return SizedGraph(
        sizes=_sizes(data["sizes"]),
        graph=json_fields.text(data["graph"]),
        weights=json_fields.texts(data["weights"]),
        **_signature(data),
    )


def _sizes(data: Any) -> dict[str, int]:
    return {json_fields.text(name): json_fields.count(size) for name, size in data.items()}


def _tensor(data: Any) -> TensorSpec:
    shape, declared = tuple(map(_dim, data["shape"])), data.get("declared")
    if declared is not None and len(declared) != len(shape):
        raise ValueError(f"{declared!r} and {data['shape']!r} are not of one rank")
    written = None if declared is None else tuple(map(_dim, declared))
    return TensorSpec(json_fields.text(data["name"]), json_fields.text(data["dtype"]), shape, written)


def _dim(value: object) -> Dim:
    return value if isinstance(value, str) else json_fields.count(value)


def _bounds(data: Any) -> Bounds:
    most, step = data["most"], json_fields.count(data.get("step", 1))
    if not step:
        raise ValueError("a step is 0")
    return Bounds(
        json_fields.text(data["name"]),
        json_fields.count(data["least"]),
        None if most is None else json_fields.count(most),
        step,
    )


def _constraint(data: Any) -> Constraint:
    if data["relation"] not in RELATIONS:
        raise ValueError(f"relation {data['relation']!r} is none of {', '.join(RELATIONS)}")
    return Constraint(json_fields.text(data["expression"]), data["relation"])


def _check_dims(
    inputs: tuple[TensorSpec, ...],
    outputs: tuple[TensorSpec, ...],
    dims: tuple[Bounds, ...],
    constraints: tuple[Constraint, ...],
) -> None:
    known = [each.name for each in dims]
    told = names(dim for place in places((each.name, each.shape) for each in inputs) for dim in (place.dim,))
    used = names(dim for each in outputs for dim in each.shape) + [n for each in constraints for n in each.names()]
    if sorted(told) != sorted(known) or set(used) - set(known):
        raise ValueError(f"the named dimensions are {', '.join(known) or 'none'}, but the shapes have others")


def _member(data: Any) -> Member:
    return Member(json_fields.count(data["size"]), json_fields.texts(data["sha256"]))


def _variant(data: Any) -> Variant:
    if data["mode"] not in MODES:
        raise ValueError(f"mode {data['mode']!r} is none of {', '.join(MODES)}")
    return Variant(
        label=json_fields.text(data["label"]),
        device=json_fields.text(data["device"]),
        architecture=json_fields.text(data["architecture"]),
        features=json_fields.texts(data["features"]),
        module=json_fields.text(data["module"]),
        mode=data["mode"],
        flags=json_fields.texts(data["flags"]),
        plan=json_fields.text(data["plan"]),
        report=json_fields.report(data["report"]),
        general=json_fields.text(data.get("general", "")),
        sizes=_sizes(data.get("sizes", {})),
        weights=json_fields.texts(data.get("weights", [])),
    )
