"""How a float network becomes an int8 one: every knob that proof may make us turn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Ranges = Literal["minmax", "percentile", "mse"]
BiasCorrection = Literal["none", "fast", "accurate"]
Rim = Literal["int8", "uint8", "float32"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Int8Plan:
    """How an int8 file is made; the defaults are the plain post-training quantization.

    Attributes:
        samples: Calibration inputs, at most.
        ranges: From what calibration saw to the range of an activation: all of it (``minmax``), all
            but rare peaks (``percentile``), or the range with the least squared error (``mse``).
        per_channel: One scale for each output channel of a convolution's weights.
        even_channels: TFLite: give the channels of an activation alike ranges first, which share
            one scale (`converters.quantization.even_channels`); float answers stay. An OpenVINO
            network is left to NNCF, which aligns channels itself.
        bias_correction: Take the shift of a channel's mean that rounding causes off the biases:
            not at all, in one pass, or layer by layer on the network quantized so far.
        float_layers: Names of layers that stay in float, as `LayerError.name` gives them.
        rim: Type of a ``.tflite``'s input and outputs; inside it is int8 all the same. MediaPipe
            accepts ``uint8`` and ``float32`` only.
        overflow_fix: OpenVINO: halve the range of the weights that x86 without VNNI would overflow
            on.
    """

    samples: int = 300
    ranges: Ranges = "minmax"
    per_channel: bool = True
    even_channels: bool = False
    bias_correction: BiasCorrection = "none"
    float_layers: tuple[str, ...] = ()
    rim: Rim = "int8"
    overflow_fix: bool = False
