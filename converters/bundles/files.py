"""The model files of a conversion, each from one of the two float forms of its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from converters.bundles.pack import ModelVariant
from converters.openvino.ir import serialize, signature_names
from converters.quantization.openvino import quantize_openvino
from converters.quantization.plan import Int8Plan
from converters.quantization.tflite import quantize_tflite
from converters.sources.base import QUANTIZED, Feeds, Source, Target
from converters.tflite import weights
from converters.tflite.compact import compact
from edgecnn.bundle.schema import Precision
from edgecnn.errors import ConversionError
from edgecnn.optional import require

TARGETS: tuple[Target, ...] = ("tflite", "openvino")
PRECISIONS: tuple[Precision, ...] = ("float32", "float16", "int8", "int4w")
BACKENDS: Mapping[Target, str] = {"tflite": "litert", "openvino": "openvino"}
"""The backend that a target's files are proven on. tflite-runtime runs what LiteRT runs; OpenVINO
could open a float ``.tflite`` as well, but has a file of its own here."""


@dataclass(slots=True)
class FloatForms:
    """The two float forms of a source, made when they are first needed.

    Attributes:
        source: Opened.
        names: Name of an output in the source -> name in the bundle.
    """

    source: Source
    names: Mapping[str, str]
    _tflite: bytes | None = None

    def tflite(self) -> bytes:
        """Float32 ``.tflite``."""
        if self._tflite is None:
            self._tflite = self.source.tflite()
        return self._tflite

    def model(self, target: Target) -> Any:
        """What the quantizer of a target starts from: bytes, or a fresh ``openvino.Model``."""
        return self.tflite() if target == "tflite" else self.source.openvino()

    def variant(self, target: Target, precision: Precision) -> ModelVariant:
        """A file that needs no calibration, or the source itself where it is quantized already.

        Raises:
            ConversionError: The target has no such precision, or it does not pay.
        """
        if precision == self.source.precision and precision in QUANTIZED:
            if target == "openvino":
                return self.openvino_variant(self.source.openvino(), precision)
            return self.tflite_variant(self.source.tflite(), precision)
        if target == "openvino":
            return self.openvino_variant(self.source.openvino(), precision)
        make = {
            "float32": lambda content: content,
            "float16": weights.float16_tflite,
            "int4w": weights.int4_weights_tflite,
        }
        return self.tflite_variant(make[precision](self.tflite()), precision)

    def int8(self, target: Target, feeds: Feeds, plan: Int8Plan) -> Any:
        """An int8 network, as `candidate` takes it."""
        quantize = quantize_tflite if target == "tflite" else quantize_openvino
        return quantize(self.model(target), feeds, plan)

    def candidate(self, target: Target, made: Any) -> ModelVariant:
        """The variant of an int8 network, bytes or ``openvino.Model``."""
        if target == "tflite":
            # Before the proof, so that what is proven is what is shipped; who looks for layers by
            # their names does so in what the quantizer made.
            return self.tflite_variant(compact(made, scopes=True), "int8")
        return self.openvino_variant(made, "int8")

    def tflite_variant(self, content: bytes, precision: Precision) -> ModelVariant:
        """A ``.tflite`` on its way into the bundle."""
        inputs, outputs = signature_names(content)
        return ModelVariant(
            file=f"{precision}.tflite",
            precision=precision,
            model=content,
            backends=(BACKENDS["tflite"],),
            inputs=inputs,
            outputs={tensor: self.names.get(name, name) for tensor, name in outputs.items()},
        )

    def openvino_variant(self, model: Any, precision: Precision) -> ModelVariant:
        """An IR on its way into the bundle."""
        if precision == "int4w":
            raise ConversionError("OpenVINO files are made in float32, float16 and int8.")
        openvino = require("openvino", extra="convert")
        # A copy: serialize() names operations anew, and who made the model may still go by them.
        copy = model.clone()
        xml, weights_content = serialize(openvino, copy, half=precision != "float32")
        return ModelVariant(
            file=f"openvino/{precision}.xml",
            precision=precision,
            model=xml,
            weights=weights_content,
            backends=(BACKENDS["openvino"],),
            outputs=dict(self.names),
        )
