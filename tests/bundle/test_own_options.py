"""A bundle that is compiled again keeps its own options, and is never less precise than it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import webtensorc_runtime
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper
from test_adding_targets import FIRST, classifier, compile_, convolutions
from webtensorc_runtime import cpu

import webtensorc
from webtensorc import prepack, specialise, variants
from webtensorc.artifact import Bundle
from webtensorc.cli.app import group, run
from webtensorc.errors import UsageError
from webtensorc.plan import Options, Plan, options_of

FOLD = "fold-batch-norm"
"""A pass that changes the algebra of `convolutions`, and finds nothing in `classifier`."""


def product(folder: Path) -> Path:
    """ONNX: eight rows times a matrix that processors read in panels."""
    weights = np.random.default_rng(0).standard_normal((64, 200), np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [8, 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [8, 200])],
        [numpy_helper.from_array(weights, "w")],
    )
    onnx.save(helper.make_model(graph, ir_version=10), folder / "model.onnx")
    return folder / "model.onnx"


@pytest.mark.parametrize(
    "options",
    [
        Options(precise=True),
        Options(1),
        Options(0),
        Options(2, ("generate-kernels{winograd=false}",), ("fold-batch-norm",)),
    ],
    ids=["precise", "level 1", "level 0", "passes"],
)
def test_a_plan_as_text_has_the_options_that_lead_to_it(options: Options) -> None:
    """So that what is added later is as precise as what is there."""
    text = str(Plan.make(FIRST, options))
    assert text != str(Plan.make(FIRST))
    assert str(Plan.make(FIRST, options_of(text))) == text


def test_they_stay_unless_others_are_asked_for(tmp_path: Path) -> None:
    """From Python too."""
    model = classifier(tmp_path)
    for name, own in {"precise": Options(precise=True), "low": Options(1)}.items():
        bundle = webtensorc.compile(model, [FIRST], optimization_level=own.level, precise=own.precise)
        bundle.save(tmp_path / name)
        for source in (bundle, tmp_path / name):
            again = webtensorc.compile(source, [FIRST])
            assert [each.plan for each in again.artifacts] == [str(Plan.make(FIRST, own))]
    again = webtensorc.compile(tmp_path / "low", [FIRST], optimization_level=2)
    assert [each.plan for each in again.artifacts] == [str(Plan.make(FIRST, Options(2)))]


def test_precise_results_of_a_graph_that_no_imprecise_pass_has_changed(tmp_path: Path) -> None:
    bundle = webtensorc.compile(classifier(tmp_path), [FIRST])
    bundle.save(tmp_path / "default.wtb")
    for source in (
        bundle,
        tmp_path / "default.wtb",
        tmp_path / "default.wtb",
    ):  # a file's graph is cached the second time
        again = webtensorc.compile(source, [FIRST], precise=True)
        assert [each.plan for each in again.artifacts] == [str(Plan.make(FIRST, Options(precise=True)))]
        assert FOLD not in (again.model.changed_by or FOLD)


def test_precise_results_are_refused_where_one_has(tmp_path: Path) -> None:
    """Also after the graph was compiled once more, without that pass."""
    bundle = webtensorc.compile(convolutions(tmp_path), [FIRST], dims={"batch": 1})
    bundle.save(tmp_path / "default.wtb")
    without = webtensorc.compile(tmp_path / "default.wtb", [FIRST], disabled_passes=[FOLD])
    for source in (bundle, tmp_path / "default.wtb", without, Bundle.load(without.to_bytes())):
        with pytest.raises(UsageError, match=f"changed by pass `{FOLD}`, which precise results must not have"):
            webtensorc.compile(source, [FIRST], precise=True)
    unknown = replace(bundle, model=replace(bundle.model, changed_by=None))  # of an earlier version
    with pytest.raises(UsageError, match="which precise results must not have"):
        webtensorc.compile(unknown, [FIRST], precise=True)
    special = variants.Special({"batch": 1}, bundle.model, ())
    pinned = replace(
        bundle, model=replace(bundle.model, changed_by=()), specials=(special,)
    )  # in a variant's graph alone
    pinned.save(tmp_path / "pinned.wtb")
    for source in (pinned, tmp_path / "pinned.wtb"):
        with pytest.raises(UsageError, match="which precise results must not have"):
            webtensorc.compile(source, [FIRST], precise=True)
    gone = replace(bundle, model=replace(bundle.model, changed_by=("of-a-plug-in{n=1}",)))
    with pytest.raises(UsageError, match="`of-a-plug-in`, which is not installed"):
        webtensorc.compile(gone, [FIRST], precise=True)


def test_a_pass_that_is_not_installed_any_more_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Leaving it out would be another compilation than the bundle's own, without a word."""
    bundle = webtensorc.compile(classifier(tmp_path), [FIRST])
    (only,) = bundle.artifacts
    gone = replace(bundle, artifacts=(replace(only, plan=only.plan.replace("generate-kernels", "of-a-plug-in")),))
    gone.save(tmp_path / "gone.wtb")
    asked = ["compile", str(tmp_path / "gone.wtb"), "--target", FIRST, "-o", str(tmp_path / "more.wtb")]
    assert run(asked) == 2 and not (tmp_path / "more.wtb").exists()
    assert "compiled with pass `of-a-plug-in`, which is not installed" in capsys.readouterr().err
    assert run([*asked, "-O3"]) == 0


@pytest.mark.skipif(cpu.architecture() != "x86_64", reason="the bundle is verified on this processor")
def test_verifying_a_precise_bundle_on_another_target_is_precise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compile_(convolutions(tmp_path), "--dim", "batch=1", "--precise", "--target", "aarch64", "-o", tmp_path / "one.wtb")
    plans: list[str] = []
    make = Plan.make
    monkeypatch.setattr(Plan, "make", lambda *given: plans.append(str(make(*given))) or make(*given))
    done = CliRunner().invoke(group, ["verify", str(tmp_path / "one.wtb"), "--target", FIRST], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert set(plans) == {str(make(FIRST, Options(precise=True)))}


@pytest.mark.skipif(cpu.architecture() != "x86_64", reason="the bundle is for a foreign processor")
def test_specialising_a_precise_bundle_is_precise(tmp_path: Path) -> None:
    compile_(classifier(tmp_path), "--dim", "batch=2", "--precise", "--target", "aarch64", "-o", tmp_path / "arm.wtb")
    module = webtensorc_runtime.load(tmp_path / "arm.wtb", specialise=True)
    np.testing.assert_allclose(module(np.ones((2, 8), np.float32))[0].sum(1), 1, rtol=1e-5)
    (made,) = specialise.for_device(tmp_path / "arm.wtb", "cpu").artifacts
    assert made.plan == str(Plan.make("host", Options(precise=True)))


@pytest.mark.slow
def test_packed_weights_stay_packed(tmp_path: Path) -> None:
    """And the bytes are those of compiling the original for all of the targets."""
    model, options = product(tmp_path), ("--prepack",)
    compile_(model, *options, "--target", "spirv", "-o", tmp_path / "one.wtb")
    compile_(model, *options, "--target", "spirv", "--target", FIRST, "--target", "cuda", "-o", tmp_path / "all.wtb")
    assert any(prepack.is_packed(name) for name in Bundle.load(tmp_path / "one.wtb").own_weights)
    compile_(tmp_path / "one.wtb", "--target", FIRST, "--target", "cuda", "-o", tmp_path / "more.wtb", "--no-cache")
    assert (tmp_path / "more.wtb").read_bytes() == (tmp_path / "all.wtb").read_bytes()
