"""Whatever happens inside the native compiler, the caller gets an error, a reproducer and its process back."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import webtensorc_runtime

import webtensorc
from webtensorc import workers
from webtensorc.driver import Request, compile_source
from webtensorc.errors import CompilationError, InternalError, TimeLimitError
from webtensorc.plan import Options

Install = Callable[[str, str], None]

ADD = """
module @add {
  func.func public @main(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<4xf32> {
    %0 = stablehlo.add %x, %y : tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}
"""


@pytest.fixture
def add(tmp_path: Path) -> Path:
    path = tmp_path / "add.mlir"
    path.write_text(ADD)
    return path


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Reproducers go to the test's folder, and workers know the plug-ins of this test only."""
    monkeypatch.setenv("WEBTENSORC_REPRODUCER_DIR", str(tmp_path / "reproducers"))
    workers.end_all()
    yield
    workers.end_all()


def reproducers(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "reproducers").glob("webtensorc-reproducer-*"))


def test_a_crash_becomes_an_error_with_a_reproducer(add: Path, tmp_path: Path, install_pass: Install) -> None:
    install_pass("crash", "import os; os.abort()")
    with pytest.raises(CompilationError, match=r"crashed \(SIGABRT\)") as caught:
        webtensorc.compile(add, passes=["crash"], cache=False)
    assert caught.value.exit_code == 5
    assert reproducers(tmp_path) == [caught.value.reproducer]
    replayed = subprocess.run(
        [sys.executable, "-m", "webtensorc.worker", str(caught.value.reproducer)], env=_importable()
    )
    assert replayed.returncode == -6


def test_a_hang_becomes_an_error_with_a_reproducer(
    add: Path, tmp_path: Path, install_pass: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_pass("hang", "import time; time.sleep(600)")
    monkeypatch.setenv("WEBTENSORC_STEP_LIMIT", "3")
    with pytest.raises(CompilationError, match="no progress for 3 s") as caught:
        webtensorc.compile(add, passes=["hang"], cache=False)
    assert reproducers(tmp_path) == [caught.value.reproducer]


def test_the_time_limit_of_the_user_is_its_own_error(add: Path, tmp_path: Path, install_pass: Install) -> None:
    install_pass("slow", "import time; time.sleep(600)")
    with pytest.raises(TimeLimitError) as caught:
        compile_source(Request(add, options=Options(passes=("slow",)), timeout=3))
    assert caught.value.exit_code == 124
    assert reproducers(tmp_path) == []


def test_a_pass_that_raises_is_named(add: Path, install_pass: Install) -> None:
    install_pass("raises", "raise ValueError('out of cheese')")
    with pytest.raises(InternalError, match="pass `raises` failed: out of cheese") as caught:
        webtensorc.compile(add, passes=["raises"], cache=False)
    assert caught.value.hint and "--disable-pass raises" in caught.value.hint


def test_a_pass_that_breaks_the_module_is_named(add: Path, install_pass: Install) -> None:
    body = """
    function = module.regions[0].blocks[0].operations[0]
    *_, last = function.regions[0].blocks[0].operations
    last.operation.erase()
    return 1
    """
    install_pass("breaks", body)
    with pytest.raises(InternalError, match="pass `breaks` failed"):
        webtensorc.compile(add, passes=["breaks"], cache=False)


@pytest.mark.parametrize(("name", "body"), [("lies", "return 1"), ("hides", "RENAME\nreturn 0")])
def test_strict_runs_check_the_number_of_changes(add: Path, install_pass: Install, name: str, body: str) -> None:
    rename = "from iree.compiler import ir\nmodule.attributes['sym_name'] = ir.StringAttr.get('other')"
    install_pass(name, body.replace("RENAME", rename))
    with pytest.raises(InternalError, match="which the module contradicts"):
        compile_source(Request(add, options=Options(passes=(name,)), strict=True))


def test_compilation_goes_on_after_a_crash(add: Path, install_pass: Install) -> None:
    install_pass("crash", "import os; os.abort()")
    with pytest.raises(CompilationError):
        webtensorc.compile(add, passes=["crash"], cache=False)
    module = webtensorc_runtime.load(webtensorc.compile(add, cache=False))
    (sum_,) = module(np.arange(4, dtype="f4"), np.ones(4, "f4"))
    assert sum_.tolist() == [1, 2, 3, 4]


def test_what_the_native_compiler_refuses_is_reported_with_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "custom.mlir"
    path.write_text(
        "func.func public @main(%x: tensor<4xf32>) -> tensor<4xf32> {\n"
        '  %0 = stablehlo.custom_call @nobody_knows(%x) : (tensor<4xf32>) -> tensor<4xf32> loc("my node")\n'
        "  return %0 : tensor<4xf32>\n}\n"
    )
    with pytest.raises(webtensorc.errors.DiagnosticError) as caught:
        webtensorc.compile(path, cache=False)
    assert caught.value.exit_code in (4, 5)
    assert "nobody_knows" in str(caught.value)


def _importable() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def test_a_worker_is_replaced_after_some_jobs(add: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "MOST_JOBS", 3)
    used = []
    original = workers.Worker.run

    def run(worker: workers.Worker, *arguments: object) -> None:
        used.append(worker)
        original(worker, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(workers.Worker, "run", run)
    for _ in range(2):  # two jobs each: the graph's passes, then the module
        webtensorc.compile(add, cache=False)
    assert [used.index(worker) for worker in used] == [0, 0, 0, 3]
