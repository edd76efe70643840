"""The invariants of ARCHITECTURE.md that are about who imports whom, read off the source."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ENGINE = ROOT / "webtensorc"
PASSES = ROOT / "passes" / "webtensorc_passes"
KERNELS = ROOT / "passes" / "webtensorc_kernels"
PTX = ROOT / "passes" / "webtensorc_ptx"
TARGETS = ROOT / "targets" / "webtensorc_targets"
RUNTIME = ROOT / "runtime_shim" / "webtensorc_runtime"


def imports(file: Path, *, top_level_only: bool = False) -> Iterator[str]:
    tree = ast.parse(file.read_text(), str(file))
    nodes = tree.body if top_level_only else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def offenders(folder: Path, forbidden: tuple[str, ...], **how: bool) -> list[str]:
    return sorted(
        f"{file.relative_to(ROOT)}: {name}"
        for file in folder.rglob("*.py")
        for name in imports(file, **how)
        if any(name == bad or name.startswith(f"{bad}.") for bad in forbidden)
    )


def test_the_engine_knows_no_pass_and_no_target() -> None:
    assert offenders(ENGINE, ("webtensorc_passes", "webtensorc_targets")) == []


def test_only_the_iree_folder_touches_the_native_compiler() -> None:
    outside = [o for o in offenders(ENGINE, ("iree.compiler",)) if not o.startswith("webtensorc/iree/")]
    assert outside == []


def test_passes_do_not_reach_into_the_embedding_api() -> None:
    assert offenders(PASSES, ("iree.compiler.api",)) == []
    assert offenders(TARGETS, ("iree",)) == []


def test_kernels_are_text_and_need_no_compiler() -> None:
    for folder in (KERNELS, PTX):
        assert offenders(folder, ("iree", "webtensorc_passes", "webtensorc.iree", "numpy")) == []


def test_the_runtime_needs_no_compiler() -> None:
    """It asks for one only where the caller of `load` does: `specialise=True`."""
    found = offenders(RUNTIME, ("webtensorc", "iree.compiler", "jax", "jaxlib", "onnx", "click", "rich"))
    assert [each for each in found if "loader.py: webtensorc.specialise" not in each] == []


def test_nobody_branches_on_a_target_name() -> None:
    names = {"host", *(path.stem.replace("_", "-") for path in TARGETS.glob("[!_]*.py"))}
    for folder in (ENGINE, PASSES, KERNELS, PTX, RUNTIME):
        for file in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Compare):
                    compared = {n.value for n in ast.walk(node) if isinstance(n, ast.Constant)}
                    assert not compared & names, f"{file.relative_to(ROOT)}:{node.lineno}"


@pytest.mark.parametrize("package", [PASSES, TARGETS])
def test_each_extension_is_one_file_called_like_it(package: Path) -> None:
    from webtensorc import registry

    known = registry.passes() if package is PASSES else registry.target_classes()
    built_in = {name: cls for name, cls in known.items() if cls.__module__.startswith(package.name)}
    files = {path.stem.replace("_", "-") for path in package.rglob("[!_]*.py")}
    assert set(built_in) == files
    assert all(cls.__doc__ or sys.modules[cls.__module__].__doc__ for cls in built_in.values())


def test_planning_imports_neither_mlir_nor_a_framework() -> None:
    program = (
        "import sys, webtensorc.plan as p; p.Plan.make('x86-64-v3', p.Options(optimization_level=0)).digest;"
        "print([m for m in ('jax', 'jaxlib', 'onnx', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_file_states_its_purpose() -> None:
    folders = (ENGINE, PASSES, KERNELS, PTX, TARGETS, RUNTIME)
    silent = [
        str(file.relative_to(ROOT))
        for folder in folders
        for file in folder.rglob("*.py")
        if file.stat().st_size and not ast.get_docstring(ast.parse(file.read_text()))
    ]
    assert silent == []


def test_no_two_test_files_have_one_name() -> None:
    """Pytest imports them by their name alone, and refuses the second."""
    names = Counter(file.name for file in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []
