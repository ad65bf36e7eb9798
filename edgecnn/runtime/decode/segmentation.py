"""A probability for each class at each place of a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from edgecnn.bundle.schema import Manifest, Strict
from edgecnn.core.placement import Placement
from edgecnn.core.results import Segmentation
from edgecnn.errors import BundleError
from edgecnn.runtime.decode import parameters_of
from edgecnn.runtime.decode.labels import Labels
from edgecnn.runtime.decode.outputs import (
    Activation,
    check_activation,
    either_output,
    named_output,
    refuse_nan,
    sigmoid,
    softmax,
)
from edgecnn.runtime.output import Floats, Output


class SegmentationParameters(Strict, frozen=True, kw_only=True):
    """Parameters of `SegmentationDecoder`.

    Attributes:
        activation: What turns the output into probabilities: ``none`` for ``probabilities``.
        keep: Channels that are classes, in the order wanted; None for all. The bundle's labels are
            counted by channel, those of channels left out included.
        channels: Whether the output is (1, C, h, w) or (1, h, w, C); None says as the input has it.
    """

    activation: Activation
    keep: Annotated[tuple[Annotated[int, msgspec.Meta(ge=0)], ...], msgspec.Meta(min_length=1)] | (
        None
    ) = None
    channels: Literal["first", "last"] | None = None


def cut_to_picture(planes: Floats, placement: Placement) -> Floats:
    """The part of a map of the network's input that shows the picture.

    Letterbox bars are cut away. Where the input showed only a part of the picture (crop), the rest
    is 0. One cell keeps its size, so that nothing is lost or invented; cuts between two cells are
    interpolated.

    Args:
        planes: (C, h, w) float32, covering the input.
        placement: Where the picture lies in the input.

    Returns:
        (C, h', w') float32, covering the picture.
    """
    rows, columns = planes.shape[1:]
    start, extent, count = [], [], []
    for axis, cells in enumerate((columns, rows)):
        unit = cells / placement.input_wh[axis]
        start.append(placement.offset_xy[axis] * unit)
        extent.append(placement.size_wh[axis] * placement.scale_xy[axis] * unit)
        count.append(max(round(extent[axis]), 1))
    step = [extent[axis] / count[axis] for axis in (0, 1)]
    # Resizing leaves out a few pixels at the far edges, a fraction of a cell: not worth a resample.
    aligned = all(
        abs(start[axis] - round(start[axis])) < 0.05 and abs(extent[axis] - count[axis]) < 0.3
        for axis in (0, 1)
    )
    x0, y0 = round(start[0]), round(start[1])
    if aligned and x0 >= 0 and y0 >= 0 and x0 + count[0] <= columns and y0 + count[1] <= rows:
        return planes[:, y0 : y0 + count[1], x0 : x0 + count[0]]
    # Centres lie half a cell in: source = (target + 0.5) * step + start - 0.5.
    x = ((np.arange(count[0]) + 0.5) * step[0] + start[0]).astype(np.float32)
    y = ((np.arange(count[1]) + 0.5) * step[1] + start[1]).astype(np.float32)
    map_x, map_y = np.meshgrid(x - np.float32(0.5), y - np.float32(0.5))
    cut = np.stack(
        [
            cv2.remap(plane, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            for plane in np.ascontiguousarray(planes)
        ]
    ).astype(np.float32, copy=False)
    cut[:, (y < 0) | (y > rows), :] = 0
    cut[:, :, (x < 0) | (x > columns)] = 0
    return cut


class SegmentationDecoder:
    """Decodes ``probabilities`` or ``logits``, (1, h, w, C) or (1, C, h, w).

    Args:
        manifest: A bundle whose decoder has `SegmentationParameters`.

    Raises:
        BundleError: The parameters are wrong.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._parameters = parameters_of(manifest, SegmentationParameters)
        self._bundle = manifest.name
        channels = self._parameters.channels
        if channels is None:
            channels = "last" if manifest.picture_input.layout == "nhwc" else "first"
        self._channels_last = channels == "last"
        self._labels = Labels(manifest.labels)

    def __call__(self, outputs: Mapping[str, Output], placement: Placement) -> Segmentation:
        """Probabilities over exactly the picture, at the network's resolution.

        Raises:
            BundleError: The output is missing, of another shape, without a channel that ``keep``
                names, or would be activated twice.
            BackendError: The output holds NaN.
        """
        activation = self._parameters.activation
        name = either_output(outputs, ("probabilities", "logits"), bundle=self._bundle)
        check_activation(name, activation, bundle=self._bundle)
        output = named_output(outputs, name, (1, None, None, None), bundle=self._bundle)
        stored: NDArray[Any] = output.data[0]
        refuse_nan(stored, name, bundle=self._bundle)
        planes = stored.transpose(2, 0, 1) if self._channels_last else stored
        channels = self._channels(len(planes))
        if activation == "softmax":
            shares = softmax(output.real(planes), axis=0)[channels]
        else:
            shares = output.real(planes[channels])
            if activation == "sigmoid":
                shares = sigmoid(shares)
        cut = np.ascontiguousarray(cut_to_picture(shares, placement))
        return Segmentation(cut, self._labels(channels), placement.size_wh)

    def _channels(self, count: int) -> NDArray[np.int64]:
        keep = self._parameters.keep
        if keep is None:
            return np.arange(count)
        if max(keep) >= count:
            raise BundleError(
                f"Bundle {self._bundle!r}: the decoder keeps channel {max(keep)}, but the output "
                f"has {count} channels (0 to {count - 1}). Correct 'keep' in bundle.json."
            )
        return np.array(keep, np.int64)
