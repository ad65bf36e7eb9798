"""``rt_info`` as OpenVINO Model API reads it, written into the ``.xml`` of an IR."""

from __future__ import annotations

from xml.etree import ElementTree

from converters.pack import Facts
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
_THRESHOLDS = {"confidence_threshold": "score_threshold", "iou_threshold": "iou_threshold"}


def rt_info_xml(xml: bytes, facts: Facts, description: SelfDescription) -> bytes:
    """The ``.xml`` with ``model_info`` and our description under ``rt_info``; see `with_rt_info`.

    Raises:
        BundleError: Not an IR.
    """
    read_rt_info(xml)  # refuses what is no IR, and document types
    root = ElementTree.fromstring(xml)
    info = _child(root, "rt_info")
    _write(_child(info, MODEL_INFO), model_info(facts))
    _write(_child(info, OWN_INFO), {OWN_KEY: encode_description(description).decode()})
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def model_info(facts: Facts) -> dict[str, str]:
    """Facts under the keys of Model API, as text.

    Pictures are taken as BGR there, so that an RGB network has ``reverse_input_channels``.
    ``model_type`` is left out where Model API knows no such network.
    """
    spec = facts.picture_input
    info = {
        "mean_values": _numbers(spec.mean),
        "scale_values": _numbers(spec.std),
        "resize_type": RESIZE_TYPES[spec.resize],
        "pad_value": str(spec.pad),
    }
    if facts.decoder.name in _MODEL_TYPES:
        info["model_type"] = _MODEL_TYPES[facts.decoder.name]
    if spec.color != "gray":
        info["reverse_input_channels"] = "True" if spec.color == "rgb" else "False"
    if facts.labels:
        words = ("_".join(label.split()) for label in facts.labels)
        info["labels"] = " ".join(word or f"#{index}" for index, word in enumerate(words))
    parameters = facts.decoder.parameters
    for theirs, ours in _THRESHOLDS.items():
        if isinstance(parameters.get(ours), (int, float)):
            info[theirs] = repr(float(parameters[ours]))
    if parameters.get("activation") == "sigmoid" and facts.decoder.name == "classification":
        info["multilabel"] = "True"
    return info


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
