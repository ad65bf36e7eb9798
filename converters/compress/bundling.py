"""The last step: the net becomes a proven bundle whose card tells how it came about."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from converters.compress.pictures import RecipePictures, in_memory
from converters.compress.recipe import Recipe
from converters.compress.summary import Summary, markdown
from converters.convert import convert
from converters.options import About, ConvertOptions, Progress, Proof
from converters.report.schema import Report
from edgecnn.bundle import io
from edgecnn.bundle.schema import PublishedMetric
from edgecnn.training.steps.config import TargetConfig
from edgecnn.wording import counted

CALIBRATION = 500
"""Pictures that int8 ranges are found on, where the net was not quantized in training."""
_CARD, _BEFORE = "CARD.md", "## Limits"


def bundle_of(
    recipe: Recipe,
    pictures: RecipePictures,
    net: Path,
    out: Path,
    summarize: Callable[[Report], Summary],
    progress: Progress,
) -> Summary:
    """Convert, prove, and write the bundle.

    Args:
        recipe: Its ``convert``.
        pictures: Proof is on the test pictures, else on those that were held back.
        net: ``.keras`` file, float or with rounding.
        out: Folder of the bundle; one that is there is replaced.
        summarize: From the conversion's report to what the card shows.
        progress: Told what is done.

    Raises:
        ConversionError: The net cannot be converted.
        ParityError: A file does not keep a gate.
    """
    settings, quantized = recipe.convert, recipe.quantize is not None
    data = pictures.steps
    calibration = None
    if not quantized:
        calibration = np.asarray(data.some(CALIBRATION, recipe.seed).images)
    report = convert(
        str(net),
        out,
        labels=data.train.names,
        calibration=calibration,
        validation=in_memory(pictures.proof),
        targets=settings.targets,
        precisions=settings.precisions
        or (("int8",) if quantized else ("float32", "float16", "int8")),
        max_drop=settings.max_drop,
        options=ConvertOptions(
            about=_about(recipe),
            proof=Proof(
                gates=settings.gates,
                pictures=settings.proof_pictures,
                seed=recipe.seed,
                rounds=settings.rounds,
                threads=settings.threads,
            ),
        ),
        force=True,
        progress=lambda what, share: progress(f"convert: {what}", share),
    )
    summary = summarize(report)
    _tell(out, recipe, summary, report)
    return summary


def _about(recipe: Recipe) -> About:
    about = recipe.convert.about
    return About(
        name=recipe.name,
        title=about.title,
        licence=about.licence,
        source=about.source,
        paper=about.paper,
        # Of a folder its name alone: where it lies is nobody's business.
        training_data=about.training_data or Path(recipe.data.name).name,
        limits=about.limits,
    )


def _tell(out: Path, recipe: Recipe, summary: Summary, report: Report) -> None:
    """Add the story to the card, and the accuracy of each file to the manifest."""
    bundle = io.load(out)
    manifest = msgspec.structs.replace(bundle.manifest, metrics=_metrics(summary, report))
    files = {name: bundle.read(name) for name in bundle.manifest.files}
    card = files[_CARD].decode()
    story = f"## How it was made\n\n{_story(recipe)}\n\n{markdown(summary)}\n\n"
    files[_CARD] = card.replace(_BEFORE, story + _BEFORE, 1).encode()
    io.save(manifest, files, out, force=True)


def _metrics(summary: Summary, report: Report) -> tuple[PublishedMetric, ...]:
    used = report.validation.used if report.validation is not None else 0
    where = summary.tested_on or "held-back pictures"
    return tuple(
        PublishedMetric(
            name=report.metric_name,
            value=round(one.metric, 4),
            dataset=f"{where} ({used:,} pictures)",
            origin="measured",
            source=f"edgecnn compress, {one.file} on {one.backend}",
            precision=one.precision,
        )
        for one in report.proven
        if one.metric is not None
    )


def _story(recipe: Recipe) -> str:
    """What was done, a line a step."""
    lines = []
    student, prune, quantize = recipe.student, recipe.prune, recipe.quantize
    if recipe.teacher is not None:
        made = recipe.teacher.train
        who = f"`{made.net.name}` of width {made.net.width:g}" if made else "trained before"
        lines.append(f"Teacher: {who}.")
    source = "labels" if recipe.teacher is None else "labels and the teacher"
    lines.append(
        f"Student: `{student.net.name}` of width {student.net.width:g} learned from {source} for "
        f"{counted(student.fit.epochs, 'epoch')}."
    )
    if prune is not None:
        lines.append(
            f"Pruned to {_goal(prune.target)} in {counted(prune.stages, 'stage')}, with training "
            f"after each, {counted(prune.train.fit.epochs, 'epoch')} after the last."
        )
    if quantize is not None:
        epochs = counted(quantize.train.fit.epochs, "epoch")
        lines.append(
            f"Quantization-aware training: {quantize.rounding.weights} weights, int8 activations, "
            f"{epochs}; the net of the {quantize.kept} one."
        )
    lines.append("Converted, and every file proven against the net that it was made from.")
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=1))


def _goal(target: TargetConfig) -> str:
    """A target of pruning in words."""
    if target.keep_macs is not None:
        return f"{100 * target.keep_macs:g} % of the multiply-adds"
    if target.keep_latency is not None:
        return f"{100 * target.keep_latency:g} % of the time on {target.backend}"
    if target.latency_ms is not None:
        return f"{target.latency_ms:g} ms on {target.backend}"
    if target.n_of_m is not None:
        return "{} of {} neighbouring weights".format(*target.n_of_m)
    return f"{100 * (target.sparsity or 0.0):g} % of weights that are zero"
