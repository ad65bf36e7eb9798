"""What exists, by name: literal tables of ``name -> "module:attribute"``, resolved on first use.

To add a backend, decoder, task or command, write its file and add its line here; the tests loop
over these tables, so a new entry is tested by existing. An unknown name is an error that lists the
known ones: there is no nearest match, no default and no scan.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from edgecnn.errors import UnknownNameError


class Registry(Mapping[str, Any]):
    """A read-only table of lazily imported objects.

    Args:
        kind: What the names stand for, in the words of an error message ("backend").
        table: ``name -> "module:attribute"``.
    """

    def __init__(self, kind: str, table: Mapping[str, str]) -> None:
        self.kind = kind
        self._table = dict(table)

    def __getitem__(self, name: str) -> Any:
        if name not in self._table:
            known = ", ".join(sorted(self._table))
            raise UnknownNameError(f"Unknown {self.kind} {name!r}. Known: {known}.")
        module, _, attribute = self._table[name].partition(":")
        return getattr(importlib.import_module(module), attribute)

    def __iter__(self) -> Any:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)

    def __contains__(self, name: object) -> bool:
        return name in self._table


BACKENDS = Registry(
    "backend",
    {
        "litert": "edgecnn.runtime.backends.litert:LiteRTBackend",
        "openvino": "edgecnn.runtime.backends.openvino:OpenVINOBackend",
        "tflite_runtime": "edgecnn.runtime.backends.litert:TFLiteRuntimeBackend",
    },
)
"""Inference backends. Others come through the entry-point group ``edgecnn.backends``."""

DECODERS = Registry(
    "decoder",
    {
        "blazeface": "edgecnn.runtime.decode.blazeface:BlazeFaceDecoder",
        "centernet": "edgecnn.runtime.decode.centernet:CenterNetDecoder",
        "classification": "edgecnn.runtime.decode.classification:ClassificationDecoder",
        "embedding": "edgecnn.runtime.decode.embedding:EmbeddingDecoder",
        "gfl": "edgecnn.runtime.decode.gfl:GFLDecoder",
        "segmentation": "edgecnn.runtime.decode.segmentation:SegmentationDecoder",
        "ssd": "edgecnn.runtime.decode.ssd:SSDDecoder",
        "ssd_postprocessed": "edgecnn.runtime.decode.postprocessed:PostprocessedDecoder",
        "tensors": "edgecnn.runtime.decode.tensors:TensorsDecoder",
        "yolo_v5": "edgecnn.runtime.decode.yolo:YoloV5Decoder",
        "yolo_v8": "edgecnn.runtime.decode.yolo:YoloV8Decoder",
    },
)
"""From the raw outputs of a network to a result, by the name in a bundle's ``decoder``."""

TASKS = Registry(
    "task",
    {
        "classify": "edgecnn.tasks.classify:ImageClassifier",
        "detect": "edgecnn.tasks.detect:ObjectDetector",
        "detect_faces": "edgecnn.tasks.detect_faces:FaceDetector",
        "embed": "edgecnn.tasks.embed:ImageEmbedder",
        "segment": "edgecnn.tasks.segment:ImageSegmenter",
        "tensors": "edgecnn.tasks.tensors:TensorModel",
    },
)
"""What a model is for, by the name in a bundle's ``task``."""

COMPOSITES = Registry("composite", {"faces": "edgecnn.tasks.faces:FacePipeline"})
"""Tasks made of several bundles, loaded by name."""

NETS = Registry(
    "net",
    {
        "lenet5": "edgecnn.nets.lenet:lenet5",
        "alexnet": "edgecnn.nets.alexnet:alexnet",
        "vgg11": "edgecnn.nets.vgg:vgg11",
        "vgg13": "edgecnn.nets.vgg:vgg13",
        "vgg16": "edgecnn.nets.vgg:vgg16",
        "vgg19": "edgecnn.nets.vgg:vgg19",
        "googlenet": "edgecnn.nets.googlenet:googlenet",
        "resnet18": "edgecnn.nets.resnet:resnet18",
        "resnet34": "edgecnn.nets.resnet:resnet34",
        "resnet50": "edgecnn.nets.resnet:resnet50",
        "resnet101": "edgecnn.nets.resnet:resnet101",
        "resnet152": "edgecnn.nets.resnet:resnet152",
        "densenet121": "edgecnn.nets.densenet:densenet121",
        "densenet169": "edgecnn.nets.densenet:densenet169",
        "mobilenet_v1": "edgecnn.nets.mobilenet_v1:mobilenet_v1",
        "mobilenet_v2": "edgecnn.nets.mobilenet_v2:mobilenet_v2",
        "mobilenet_v3_small": "edgecnn.nets.mobilenet_v3:mobilenet_v3_small",
        "mobilenet_v3_large": "edgecnn.nets.mobilenet_v3:mobilenet_v3_large",
        "shufflenet_v1": "edgecnn.nets.shufflenet_v1:shufflenet_v1",
        "shufflenet_v2": "edgecnn.nets.shufflenet_v2:shufflenet_v2",
        "efficientnet_lite0": "edgecnn.nets.efficientnet_lite:efficientnet_lite0",
        "efficientnet_lite1": "edgecnn.nets.efficientnet_lite:efficientnet_lite1",
        "efficientnet_lite2": "edgecnn.nets.efficientnet_lite:efficientnet_lite2",
        "efficientnet_lite3": "edgecnn.nets.efficientnet_lite:efficientnet_lite3",
        "efficientnet_lite4": "edgecnn.nets.efficientnet_lite:efficientnet_lite4",
        "separable_resnet": "edgecnn.nets.separable_resnet:separable_resnet",
    },
)
"""Architectures that can be trained (needs the extra ``train``)."""

DATASETS = Registry(
    "data set",
    {
        "characters": "edgecnn.data.characters:load",
        "digits": "edgecnn.data.digits:load",
        "fashion_mnist": "edgecnn.data.fashion_mnist:load",
        "mnist_5k": "edgecnn.data.mnist_5k:load",
    },
)
"""Labelled pictures: functions ``load(split) -> edgecnn.data.image_data.ImageData``."""

ZOO_RECIPES = Registry(
    "zoo recipe",
    {
        "classify_efficientnet_lite0": "converters.zoo.classify_efficientnet_lite0:build",
        "classify_fashion_mnist": "converters.zoo.classify_fashion_mnist:build",
        "detect_nanodet": "converters.zoo.detect_nanodet:build",
        "detect_ssd_desk": "converters.zoo.detect_ssd_desk:build",
        "face_detect_blazeface_full": "converters.zoo.face_detect_blazeface:build_full",
        "face_detect_blazeface_short": "converters.zoo.face_detect_blazeface:build_short",
        "face_embed_dlib": "converters.zoo.face_embed_dlib:build",
        "segment_selfie": "converters.zoo.segment_selfie:build",
    },
)
"""How each bundle of the zoo is rebuilt from its source package (needs the extra ``convert``)."""
