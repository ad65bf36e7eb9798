"""``rt_info`` as OpenVINO Model API reads it, written into the ``.xml`` of an IR."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from converters.bundles.pack import Facts
from edgecnn.bundle.metadata import SelfDescription, encode_description
from edgecnn.bundle.metadata_openvino import (
    MODEL_INFO,
    OWN_INFO,
    OWN_KEY,
    RESIZE_TYPES,
    read_rt_info,
)

# The decoders that Model API has under another name, with the same layout of the output.
_MODEL_TYPES = {"classification": "Classification", "yolo_v8": "YOLOv8"}
_SEGMENTATION, _SSD, _BACKGROUND = "Segmentation", "SSD", "background"
_SSD_COLUMNS = 7
_THRESHOLDS = {"confidence_threshold": "score_threshold", "iou_threshold": "iou_threshold"}


def rt_info_xml(xml: bytes, facts: Facts, description: SelfDescription) -> bytes:
    """The ``.xml`` with ``model_info`` and our description under ``rt_info``; see `with_rt_info`.

    Raises:
        BundleError: Not an IR.
    """
    read_rt_info(xml)  # refuses what is no IR, and document types
    root = ElementTree.fromstring(xml)
    info = _child(root, "rt_info")
    _write(_child(info, MODEL_INFO), model_info(facts, _result_shapes(root)))
    _write(_child(info, OWN_INFO), {OWN_KEY: encode_description(description).decode()})
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def model_info(facts: Facts, shapes: Sequence[tuple[int, ...]] = ()) -> dict[str, str]:
    """Facts under the keys of Model API, as text.

    Pictures are taken as BGR there, so that an RGB network has ``reverse_input_channels``.
    ``model_type`` is left out where Model API knows no such network; without pictures, nothing is
    left.

    Args:
        facts: What the bundle says.
        shapes: Of the outputs: Model API reads maps with channels first and at least two of them,
            and one table of boxes.
    """
    spec = facts.input
    if spec is None:
        return {}
    info = {
        "mean_values": _numbers(spec.mean),
        "scale_values": _numbers(spec.std),
        "resize_type": RESIZE_TYPES[spec.resize],
        "pad_value": str(spec.pad),
    }
    model_type = _model_type(facts, shapes)
    if model_type is not None:
        info["model_type"] = model_type
    if spec.color != "gray":
        info["reverse_input_channels"] = "True" if spec.color == "rgb" else "False"
    labels = facts.labels
    if model_type == _SEGMENTATION and labels and labels[0] == _BACKGROUND:
        labels = labels[1:]  # channel 0 goes without saying there
    if labels:
        words = ("_".join(label.split()) for label in labels)
        info["labels"] = " ".join(word or f"#{index}" for index, word in enumerate(words))
    parameters = facts.decoder.parameters
    for theirs, ours in _THRESHOLDS.items():
        if isinstance(parameters.get(ours), (int, float)):
            info[theirs] = repr(float(parameters[ours]))
    if parameters.get("activation") == "sigmoid" and facts.decoder.name == "classification":
        info["multilabel"] = "True"
    return info


def _model_type(facts: Facts, shapes: Sequence[tuple[int, ...]]) -> str | None:
    name, parameters = facts.decoder.name, facts.decoder.parameters
    if name == "ssd_postprocessed" and len(shapes) == 1 and shapes[0][-1:] == (_SSD_COLUMNS,):
        return _SSD
    if name == "segmentation" and len(shapes) == 1 and len(shapes[0]) == 4:
        layout = "first" if facts.picture_input.layout == "nchw" else "last"
        first = (parameters.get("channels") or layout) == "first"
        return _SEGMENTATION if first and shapes[0][1] > 1 else None
    return _MODEL_TYPES.get(name)


def _result_shapes(root: ElementTree.Element) -> list[tuple[int, ...]]:
    """Shapes of the outputs; a size that is not fixed is -1."""
    results = [layer for layer in root.iterfind("layers/layer") if layer.get("type") == "Result"]
    return [
        tuple(int(size.text or -1) for size in result.iterfind("input/port/dim"))
        for result in results
    ]


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(repr(float(value)).removesuffix(".0") for value in values)


def _child(parent: ElementTree.Element, tag: str) -> ElementTree.Element:
    found = parent.find(tag)
    return ElementTree.SubElement(parent, tag) if found is None else found


def _write(parent: ElementTree.Element, values: dict[str, str]) -> None:
    for key in sorted(values):
        entry = _child(parent, key)
        entry.clear()
        entry.set("value", values[key])
