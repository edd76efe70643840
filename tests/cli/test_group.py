"""The group: what --help costs, what --version says, how words that do not exist are answered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from webtensorc.cli.app import group
from webtensorc.cli.versions import PACKAGES

VERBS = ("bench", "check", "compile", "inspect", "opt", "passes", "plan", "run", "targets", "verify")
HEAVY = ("iree", "jax", "jaxlib", "onnx", "onnxruntime", "numpy", "rich", "ml_dtypes")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], *([verb, "--help"] for verb in VERBS)])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    script = (
        "import sys, json\n"
        "from webtensorc.cli.app import run\n"
        f"code = run({arguments!r})\n"
        f"print(json.dumps([code, sorted(set({HEAVY!r}) & set(sys.modules))]), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stderr) == [0, []]
    assert done.stdout


def test_every_verb_is_there_with_examples(cli) -> None:
    listed = cli("--help").out
    for verb in VERBS:
        assert f"\n  {verb} " in listed
        text = cli(verb, "--help").out
        assert "Examples:" in text
        assert f"$ webtensorc {verb}" in text
    assert tuple(group.list_commands(click.Context(group))) == VERBS


def test_no_verb_is_asked_for_help(cli) -> None:
    outcome = cli()
    assert outcome.code == 0
    assert outcome.out.startswith("Usage: webtensorc")


def test_version_names_everything_that_matters(cli) -> None:
    text = cli("--version")
    data = cli("--version", "--format", "json").data
    assert list(data) == ["webtensorc", "python", "platform", *PACKAGES]
    assert text.code == 0
    for name, number in data.items():
        assert name in text.out
        assert number in text.out


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["complie"], "did you mean `compile`?"),
        (["plan", "--tagret", "host"], "did you mean `--target`?"),
        (["plan", "--target", "x86-64-v9"], "did you mean `x86-64-v"),
        (["plan", "--disable-pass", "remove-ded"], "did you mean `remove-dead`"),
        (["plan", "-O", "7"], "`webtensorc plan --help`"),
        (["compile"], "`webtensorc compile --help`"),
    ],
)
def test_wrong_words_are_usage_errors_with_a_hint(cli, arguments: list[str], hint: str) -> None:
    outcome = cli(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith("error[usage]: ")
    assert hint in outcome.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(process, shell: str) -> None:
    done = process(_WEBTENSORC_COMPLETE=f"{shell}_source")
    assert done.returncode == 0
    assert "_WEBTENSORC_COMPLETE" in done.stdout


@pytest.mark.parametrize(
    ("line", "expected"), [("webtensorc com", "compile"), ("webtensorc plan --target x86-64-v", "x86-64-v3")]
)
def test_completion_answers(process, line: str, expected: str) -> None:
    done = process(_WEBTENSORC_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=str(len(line.split()) - 1))
    assert expected in done.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("webtensorc", "com"), "compile"),
        (("webtensorc", "run", "--device", "local-"), "local-sync local-task"),
        (("webtensorc", "opt", "--pass", "remove-d"), "remove-dead"),
        (("webtensorc", "opt", "--target", "x86-64-v"), "x86-64-v2 x86-64-v3 x86-64-v4"),
        (("webtensorc", "verify", "--against", "o"), "onnxruntime"),
        (("webtensorc", "plan", "--disable-pass", "fold-b"), "fold-batch-norm"),
    ],
)
def test_bash_really_completes(words: tuple[str, ...], expected: str, tmp_path: Path) -> None:
    """The script is evaluated and its function called as bash calls it."""
    command = tmp_path / "webtensorc"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m webtensorc.cli "$@"\n')
    command.chmod(0o755)
    script = f"""
    eval "$(_WEBTENSORC_COMPLETE=bash_source webtensorc)"
    COMP_WORDS=({" ".join(words)}) COMP_CWORD={len(words) - 1}
    "$(complete -p webtensorc | sed 's/.*-F //; s/ .*//')" webtensorc
    echo "${{COMPREPLY[@]}}"
    """
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script], env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == expected, done.stderr
