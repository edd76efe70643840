"""Tables and a plot of what `python -m benchmarks` measured.

python -m benchmarks.latency.report docs/benchmarks        draw them again from latency.json
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

OURS = "webtensorc"
_SVG = "http://www.w3.org/2000/svg"
RIVALS = ("onnxruntime", "openvino", "mnn")
"""What the fastest of is to be passed; the others are shown for comparison."""


def line(name: str, threads: int, found: Mapping[str, Any]) -> str:
    """One model in one line, as it is measured."""
    times = [f"{engine} {_cell(each)}" for engine, each in found.items()]
    return f"{name:14} {threads} thread(s)  {'  '.join(times)}  {_ratio_cell(found)}"


def write(results: Mapping[str, Any], folder: Path) -> None:
    """latency.md and latency.svg in `folder`."""
    parts = ["# Latency on the CPU beside other engines", _preface(results["machine"])]
    for threads in _threads(results):
        parts.append(table(results["models"], threads))
    parts.append("![Speed against the fastest other engine](latency.svg)\n")
    (folder / "latency.md").write_text("\n\n".join(parts), encoding="utf-8")
    _plot(results, folder / "latency.svg")


def ratio(found: Mapping[str, Any]) -> float | None:
    """How many times faster than the fastest of `RIVALS` we are; None where nothing can be compared."""
    times = [found[each]["median_ms"] for each in RIVALS if "median_ms" in found.get(each, {})]
    ours = found.get(OURS, {}).get("median_ms")
    return min(times) / ours if times and ours else None


def geometric_mean(values: list[float]) -> float:
    """Of positive numbers."""
    return math.exp(sum(map(math.log, values)) / len(values))


def _preface(machine: Mapping[str, Any]) -> str:
    return (
        f"{machine['processor']}, {machine['processors']} processors ({', '.join(machine['features'])}), "
        f"Python {machine['python']}, load {machine['load']:.1f} at the start. Median milliseconds a call; the engines "
        "take turns, each in a process of its own. *Ratio* is the fastest of ONNX Runtime, OpenVINO and MNN over ours: "
        "above 1 we are faster. *Difference* is our largest difference from ONNX Runtime, over the largest magnitude "
        "of the output. Made by `python -m benchmarks`."
    )


def table(results: Mapping[str, Any], threads: str) -> str:
    """The section for a number of threads, of results by model, threads and engine."""
    models = {name: each[threads] for name, each in results.items() if threads in each}
    engines = list(next(iter(models.values())))
    versions = {
        engine: each[engine]["version"] for each in models.values() for engine in engines if "version" in each[engine]
    }
    rows = [["model", *(f"{each} {versions.get(each, '')}".strip() for each in engines), "ratio", "difference"]]
    rows.append(["---"] + ["---:"] * (len(rows[0]) - 1))
    for name, found in models.items():
        difference = found[OURS].get("difference")
        last = "-" if difference is None else f"{difference:.1e}"
        rows.append([name, *(_cell(found[each]) for each in engines), _ratio_cell(found), last])
    title = f"## {threads} thread{'s' if threads != '1' else ''}"
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([title, "", *lines, "", *_means(models), *_failures(models)])


def _means(models: Mapping[str, Any]) -> list[str]:
    ratios = [each for each in map(ratio, models.values()) if each]
    means = [f"Geometric mean of the ratios: {geometric_mean(ratios):.2f}."] if ratios else []
    for engine in next(iter(models.values())):
        both = [(each[engine], each[OURS]) for each in models.values()]
        known = [a["median_ms"] / b["median_ms"] for a, b in both if "median_ms" in a and "median_ms" in b]
        if engine != OURS and known:
            means.append(f"Against {engine}, {len(known)} models: {geometric_mean(known):.2f}.")
    return means


def _failures(models: Mapping[str, Any]) -> list[str]:
    found = [
        f"- {engine} with {name}: {each['error']}"
        for name, engines in models.items()
        for engine, each in engines.items()
        if "error" in each
    ]
    return ["", "Failed:", "", *found] if found else []


def _cell(each: Mapping[str, Any]) -> str:
    return f"{each['median_ms']:.4g}" if "median_ms" in each else "failed"


def _ratio_cell(found: Mapping[str, Any]) -> str:
    value = ratio(found)
    return "-" if value is None else f"{value:.2f}"


def _threads(results: Mapping[str, Any]) -> list[str]:
    return sorted({threads for each in results["models"].values() for threads in each}, key=int)


def _plot(results: Mapping[str, Any], path: Path) -> None:
    """Bars of the ratios, one line a model, as SVG."""
    bars = [
        (name, threads, value)
        for name, each in results["models"].items()
        for threads, found in each.items()
        if (value := ratio(found))
    ]
    step, left, unit = 18, 190, 160
    height, one = step * len(bars) + 30, left + unit
    parts = [f'<svg xmlns="{_SVG}" width="720" height="{height}" font-family="sans-serif" font-size="11">']
    for row, (name, threads, value) in enumerate(bars):
        top, colour, width = step * row + 8, "#2a7" if value >= 1 else "#c54", unit * min(value, 3)
        parts += [
            f'<text x="{left - 8}" y="{top + 11}" text-anchor="end">{name}, {threads} thread(s)</text>',
            f'<rect x="{left}" y="{top}" width="{width:.1f}" height="{step - 4}" fill="{colour}"/>',
            f'<text x="{left + width + 4:.1f}" y="{top + 11}">{value:.2f}</text>',
        ]
    rivals = ", ".join(RIVALS)
    parts += [
        f'<line x1="{one}" x2="{one}" y1="0" y2="{height - 20}" stroke="#000" stroke-dasharray="3"/>',
        f'<text x="{one}" y="{height - 6}" text-anchor="middle">as fast as the fastest of {rivals}</text>',
        "</svg>",
    ]
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    write(json.loads((target / "latency.json").read_text(encoding="utf-8")), target)
