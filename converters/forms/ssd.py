"""A raw single-shot detector in the standard form, which other programs read.

A raw SSD gives offsets from its anchors and a row of scores for each; whoever runs it has to know
the anchors. In the standard form the network itself decodes and suppresses: a ``.tflite`` ends in
``TFLite_Detection_PostProcess`` with four outputs, which MediaPipe and the TFLite Task Library
read; an OpenVINO IR ends in ``DetectionOutput`` with one table, which Model API reads.

The thresholds are then part of the network. Options can only raise the score threshold again, and
the same box never has two classes in less than the best ``max_results``.

Reference: Liu et al., "SSD: Single Shot MultiBox Detector", ECCV 2016 (arXiv:1512.02325).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import numpy as np

from converters.bundles.pack import Facts, ModelVariant
from converters.forms.ssd_head import Head
from converters.forms.ssd_openvino import finished_ir
from converters.forms.ssd_tflite import finished_tflite
from edgecnn.bundle.schema import DecoderSpec
from edgecnn.errors import ConversionError
from edgecnn.runtime.decode.ssd import SSDParameters, anchors_of


def standard_ssd(variant: ModelVariant, facts: Facts) -> tuple[ModelVariant, Facts]:
    """The standard form of a raw SSD.

    Args:
        variant: A ``.tflite`` (float, or with quantized outputs), or a float IR. Its ``outputs``
            say which are ``boxes`` and ``scores``.
        facts: What is known of it; its decoder is ``ssd``.

    Returns:
        The variant with another network and other outputs, and the facts with the decoder
        ``ssd_postprocessed``. Neither has metadata yet: `converters.metadata.write.with_metadata`
        follows.

    Raises:
        ConversionError: Not a raw SSD, or its outputs do not fit the anchors.
    """
    head = _head(facts)
    if variant.format == "tflite":
        model, outputs = finished_tflite(variant.model, variant.outputs, head)
        backends = tuple(name for name in variant.backends if name != "openvino")
        changed = dataclasses.replace(variant, model=model, outputs=outputs, backends=backends)
    else:
        if variant.weights is None:
            raise ConversionError(f"{variant.file} comes without its weights (.bin).")
        xml, weights, outputs = finished_ir(variant.model, variant.weights, variant.outputs, head)
        changed = dataclasses.replace(variant, model=xml, weights=weights, outputs=outputs)
    parameters: dict[str, Any] = {
        "score_threshold": head.score_threshold,
        "max_results": head.max_results,
    }
    if variant.format == "tflite":
        parameters |= {"box_order": [1, 0, 3, 2]}
    decoder = DecoderSpec(name="ssd_postprocessed", parameters=parameters)
    return changed, dataclasses.replace(facts, decoder=decoder)


def _head(facts: Facts) -> Head:
    """What the facts say about the outputs of the network."""
    if facts.decoder.name != "ssd":
        raise ConversionError(
            f"{facts.name} has the decoder {facts.decoder.name!r}; only 'ssd' has a standard form."
        )
    try:
        parameters = msgspec.convert(facts.decoder.parameters, SSDParameters)
    except msgspec.ValidationError as error:
        raise ConversionError(f"The decoder of {facts.name} is not described: {error}.") from error
    if bool(parameters.anchors) == bool(parameters.maps):
        raise ConversionError(f"The decoder of {facts.name} needs either 'maps' or 'anchors'.")
    return Head(
        anchors_yxhw=anchors_of(parameters).astype(np.float32),
        box_scales=parameters.box_scales,
        activation=parameters.activation,
        background=parameters.background,
        score_threshold=parameters.score_threshold,
        iou_threshold=parameters.iou_threshold,
        max_results=parameters.max_results,
    )
