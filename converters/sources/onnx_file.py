"""ONNX files, which OpenVINO reads: the way from PyTorch to OpenVINO."""

from __future__ import annotations

from converters.sources.openvino_ir import OpenVINOSource


class ONNXSource(OpenVINOSource):
    """A ``.onnx`` file. Its tensors keep ONNX' axes, so that pictures are mostly NCHW."""

    kind = "onnx"
    _advice = (
        "no tool here turns ONNX into one. From PyTorch, use litert-torch: "
        "litert_torch.convert(model.eval(), inputs).export('model.tflite'), and convert that; or "
        "leave 'tflite' out of the targets."
    )
