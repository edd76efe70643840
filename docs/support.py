"""The page docs/SUPPORT.md: which ONNX operators are implemented, and every case of a suite that does not pass."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from onnx import defs

from webtensorc.frontends.onnx import registry
from webtensorc.frontends.onnx.failures import LEFT_OUT

PAGE = Path(__file__).resolve().with_name("SUPPORT.md")
EXPECTED = Path(__file__).resolve().parents[1] / "tests" / "conformance" / "expected"

DOMAINS = ("", "ai.onnx.ml", "ai.onnx.preview.training", "com.microsoft")
REASONS = (
    (r"image_decoder", "`ImageDecoder` is left out: the size of an image is in its compressed bytes"),
    (
        r"test_bernoulli",
        "the expected numbers are numpy's at the moment when ONNX's suite was made; no generator is prescribed. "
        "`tests/frontends/onnx/test_random.py` judges the distribution",
    ),
    (
        r"test_dft_inverse",
        "the expected zeros are the rounding errors of numpy's FFT, larger than the suite's absolute tolerance; "
        "ours are nearer to zero",
    ),
    (r"test_loop16_seq_none", "the suite's own comparison cannot take the length of a scalar in a sequence"),
)
"""Why cases of ONNX's suite do not pass, by a pattern of their names. The first that matches holds."""


def page() -> str:
    """The page's text.

    Raises:
        LookupError: a case of ONNX's suite does not pass, and no reason is stated here.
    """
    parts = [
        "# What is supported\n",
        "Measured by the suite that ONNX maintains for itself (`make conformance`), and read from the operators.",
        "What every case is expected to do is in `tests/conformance/expected`, and a test fails if one does otherwise.",
        "`webtensorc check` tells the same of a model of yours.\n",
        "## ONNX's backend suite\n",
        *_onnx_suite(),
        "\n## ONNX operators\n",
        "Opset ranges are those of the implementations; *definition* stands for the function body by which ONNX itself",
        "defines an operator. Sequences and optionals exist while a model is traced; strings must be known then. Where",
        "the size of an output depends on data (`NonZero`, `Compress`, `Unique`, `NonMaxSuppression`), the compiled",
        "model's output is as large as it can be, and a further output `name.size<axis>` says how much of it there is.",
        *_operators(),
    ]
    return "\n".join(parts) + "\n"


def _onnx_suite() -> Iterator[str]:
    data = json.loads((EXPECTED / "onnx_cases.json").read_text())
    failing = {case: key.split(":")[0] for key, names in data["exceptions"].items() for case in names}
    yield f"{data['cases'] - len(failing)} of {data['cases']} cases pass, with the suite's own data and tolerances.\n"
    if not failing:
        return
    yield "| case | outcome | why |"
    yield "|---|---|---|"
    for reason, cases in _by_reason(failing).items():
        for case in cases:
            yield f"| `{case}` | {failing[case]} | {reason} |"


def _by_reason(failing: dict[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for case in sorted(failing):
        reasons = [reason for pattern, reason in REASONS if re.search(pattern, case)]
        if not reasons:
            raise LookupError(f"no reason is stated in {__file__} for {case}")
        found.setdefault(reasons[0], []).append(case)
    return found


def _operators() -> Iterator[str]:
    for domain in DOMAINS:
        rows = list(_rows(domain))
        counts = Counter(state for _, state, _ in rows)
        states = ("implemented", "definition", "missing")
        yield f"\n### {domain or 'ai.onnx'}\n"
        yield ", ".join(f"{counts[state]} {state}" for state in states if counts[state]) + ".\n"
        yield "| operator | |"
        yield "|---|---|"
        yield from (f"| `{name}` | {detail} |" for name, _, detail in rows)


def _rows(domain: str) -> Iterator[tuple[str, str, str]]:
    """Operator, state and details, by name."""
    newest = {each.name: each for each in defs.get_all_schemas() if each.domain == domain}
    names = newest.keys() | {name for where, name in registry.operators() if where == domain}
    for name in sorted(names):
        schema, found = newest.get(name), registry.operators().get((domain, name), ())
        if found:
            yield name, "implemented", ", ".join(each.versions for each in found)
        elif schema.has_function or schema.has_context_dependent_function:
            yield name, "definition", "*definition*"
        else:
            yield name, "missing", "not implemented: " + LEFT_OUT.get((domain, name), "not yet written")
