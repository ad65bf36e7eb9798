"""Writing into a model file what it is for, in the words that its format's own tools read.

A ``.tflite`` gets TFLite metadata, which the TFLite Task Library and MediaPipe Tasks read; an
OpenVINO IR gets ``rt_info``, which Model API reads. Both also get our own description, so that
`edgecnn.load` opens the bare file without a question. Weights and graph stay as they are, and the
same input gives the same bytes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from converters.bundles.pack import Facts, ModelVariant
from converters.metadata.openvino import rt_info_xml
from converters.metadata.tflite import tflite_with_files
from edgecnn.bundle.metadata import SelfDescription
from edgecnn.errors import ConversionError

NO_NAMES: Mapping[str, str] = {}


def with_metadata(variant: ModelVariant, facts: Facts) -> ModelVariant:
    """A converted file with its metadata, before it goes into a bundle.

    Args:
        variant: A ``.tflite`` or IR; its ``outputs`` say which output is which.
        facts: What the bundle says.

    Returns:
        The same variant with another ``model``.

    Raises:
        ConversionError: As `with_tflite_metadata` and `with_rt_info`.
    """
    write = with_tflite_metadata if variant.format == "tflite" else with_rt_info
    return dataclasses.replace(variant, model=write(variant.model, facts, variant.outputs))


def with_tflite_metadata(
    model: bytes, facts: Facts, outputs: Mapping[str, str] = NO_NAMES, *, version: str = "1"
) -> bytes:
    """A ``.tflite`` with standard metadata and our description; earlier metadata is replaced.

    The bytes of the model itself stay as they are, behind a few new ones.

    Args:
        model: Content of the ``.tflite``.
        facts: What the bundle says.
        outputs: Name of an output inside the file -> name that the decoder knows it by.
        version: Of the model, for people.

    Raises:
        ConversionError: A label that takes more than a line, an output that the file does not have,
            or a model of more than 2 GB.
        BundleError: Not a ``.tflite``.
    """
    return tflite_with_files(model, facts, _describe(facts, outputs), version=version)


def with_rt_info(xml: bytes, facts: Facts, outputs: Mapping[str, str] = NO_NAMES) -> bytes:
    """The ``.xml`` of an OpenVINO IR with ``model_info`` and our description.

    Args:
        xml: Content of the ``.xml``; its ``.bin`` stays as it is.
        facts: What the bundle says.
        outputs: Name of an output inside the file -> name that the decoder knows it by.

    Raises:
        ConversionError: A label that takes more than a line.
        BundleError: Not an IR.
    """
    return rt_info_xml(xml, facts, _describe(facts, outputs))


def _describe(facts: Facts, outputs: Mapping[str, str]) -> SelfDescription:
    unfit = [label for label in facts.labels if label != "" and not label.isprintable()]
    if unfit:
        raise ConversionError(
            f"The label {unfit[0]!r} has line breaks or control characters. Label files hold one "
            "label a line: write it in one."
        )
    return SelfDescription(
        task=facts.task,
        input=facts.input,
        decoder=facts.decoder,
        labels=facts.labels,
        embedding=facts.embedding,
        outputs=dict(outputs),
        licence=facts.licence,
    )
