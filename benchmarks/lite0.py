"""EfficientNet-Lite0 to every variant with proof, by stage; then the bundle names a photograph.

The source is the float16 file of the zoo, or the Keras net with the weights of its source package.
Calibration and proof see cuts of the photographs of `assets/images`, parted by `edgecnn.convert`.
"""

from __future__ import annotations

import contextlib
import io as text_io
import json
import os
import time
from pathlib import Path
from typing import Any

import cv2

from benchmarks.architectures import proven
from benchmarks.timing import table
from converters.inputs import photographs as calibration
from converters.report.schema import Report
from converters.zoo import classify_efficientnet_lite0 as recipe
from edgecnn.cli import main as edgecnn_command
from edgecnn.zoo.catalogue import assets_path

NAME = "classify_efficientnet_lite0"
VIEWS = 400
"""A quarter is kept back for proof."""
AIM_S = 150.0
PHOTOGRAPH = "coffee"


def measure(source: Path | None, out: Path = Path("out") / "benchmarks" / "lite0") -> bool:
    """Convert, and print seconds by stage, figures of each file, and what each answers.

    Args:
        source: Folder of the unpacked source package; None converts the zoo's float16 file.
        out: Folder of the bundle; replaced.

    Returns:
        Whether all is proven, in time, and right.
    """
    start_s = time.perf_counter()
    model: Any = assets_path() / "zoo" / NAME / "float16.tflite"
    title = "the zoo's float16.tflite"
    if source is not None:
        model, title = recipe.float_net(source), "the Keras net with its PyTorch weights"
    loaded_s, loaded_cpu_s = time.perf_counter(), time.process_time()
    report = proven(
        model, out, labels=recipe.labels(), input=recipe.INPUT, calibration=views(), force=True
    )
    total_s, cpu_s = time.perf_counter() - loaded_s, time.process_time() - loaded_cpu_s
    print(f"EfficientNet-Lite0 from {title}, {VIEWS} cuts of photographs, three quarters of them")
    print("for calibration, a quarter for proof:\n")
    print(table(["file", "backend", "cosine", "max abs", "same first class", "where sure", "MB",
                 "ms", "proven"], [_cells(one) for one in report.proven]))  # fmt: skip
    kept = total_s <= AIM_S
    verdict = "kept" if kept else "missed"
    print(
        f"\n**{total_s:.0f} s**, aim {AIM_S:.0f} s: {verdict}; {cpu_s:.0f} s of processor time at "
        f"a load of {os.getloadavg()[0]:.1f}. Making the source took {loaded_s - start_s:.0f} s "
        "before that.\n"
    )
    print(table(["stage", "seconds"], stages(report, total_s)))
    for repair in report.repairs:
        tried = "; ".join(f"{one.what} {one.score:.4f}" for one in repair.remedies)
        print(f"\n{repair.file}: {repair.score_name} {repair.plain_score:.4f} at first; {tried}.")
    if not report.passed:
        return False
    answers = run_photograph(report, out)
    print(f"\n`edgecnn run {PHOTOGRAPH}.jpg`:\n")
    print(table(["precision", "backend", "answer", "score"], answers))
    return kept and len({answer for _, _, answer, _ in answers}) == 1


def views() -> list[Any]:
    """Cuts of photographs, RGB, of many sizes; in an order that mixes photographs."""
    photographs = calibration.read_photographs(calibration.ALL_PHOTOGRAPHS)
    cuts = calibration.views(photographs, VIEWS, seed=1)
    return [cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB) for pixels in cuts]


def stages(report: Report, total_s: float) -> list[list[str]]:
    """Seconds of each stage, and of what no stage counts (opening the source, writing)."""
    rows = [[name, f"{seconds:.1f}"] for name, seconds in report.seconds.items()]
    rest = total_s - sum(report.seconds.values())
    return [*rows, ["opening, pictures, writing", f"{rest:.1f}"], ["all", f"{total_s:.1f}"]]


def run_photograph(report: Report, bundle: Path) -> list[list[str]]:
    """First answer of the command line about one photograph, by every file and its backend."""
    photograph = str(assets_path() / "images" / f"{PHOTOGRAPH}.jpg")
    rows = []
    for one in report.proven:
        words = ["run", photograph, "--model", str(bundle), "--backend", one.backend]
        words += ["--precision", one.precision, "--top-k", "1", "--json", "-"]
        heard = text_io.StringIO()
        with contextlib.redirect_stdout(heard):
            edgecnn_command(words)
        result = json.loads(heard.getvalue())["result"]
        rows.append([one.precision, one.backend, result["labels"][0], f"{result['scores'][0]:.3f}"])
    return rows


def _cells(one: Any) -> list[str]:
    (figures,) = one.outputs
    agreement = [
        f"{one.agreement[name]:.3f}" if name in one.agreement else "reference"
        for name in ("top1_agreement", "top1_agreement_confident")
    ]
    latency = "" if one.latency is None else f"{one.latency.median_ms:.1f}"
    return [one.file, one.backend, f"{figures.cosine:.5f}", f"{figures.max_abs:.1e}", *agreement,
            f"{one.bytes / 1e6:.1f}", latency, "**no**" if one.failures else "yes"]  # fmt: skip
