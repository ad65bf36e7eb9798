"""Turning a picture, or a face in it, into a vector that can be compared."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgecnn.core.image import Pixels
from edgecnn.core.results import Embedding
from edgecnn.errors import OptionError
from edgecnn.faces.align import align_face
from edgecnn.runtime.preprocess import Prepared
from edgecnn.tasks.base import Pending, Picture, Task, Timing, as_pixels
from edgecnn.tasks.options import EmbedOptions


class ImageEmbedder(Task[Embedding, EmbedOptions]):
    """Gives the embedding of a picture.

    A face embedder takes a crop in which eyes, nose and mouth lie where the network expects them:
    use `embed_face` with the points that a face detector found. Called as a function, the picture
    has to be such a crop already.
    """

    options_type = EmbedOptions

    def _decoder_options(self, options: EmbedOptions) -> dict[str, Any]:
        return {}

    def embed_face(
        self, picture: Picture, points_xy: NDArray[np.float32], color: str | None = None
    ) -> Embedding:
        """The embedding of one face in a picture.

        Args:
            picture: A path, a `Frame`, or a uint8 array with its ``color``.
            points_xy: (6, 2) float32, pixels, as in `edgecnn.core.results.Faces.points_xy`.
            color: For an array.

        Raises:
            OptionError: This embedder takes whole pictures.
        """
        return self(*self.aligned(picture, points_xy, color))

    def submit_face(
        self, picture: Picture, points_xy: NDArray[np.float32], color: str | None = None
    ) -> Pending[Embedding]:
        """`embed_face` without waiting for the engine."""
        return self._submit(*self.aligned(picture, points_xy, color), None)

    def aligned(
        self, picture: Picture, points_xy: NDArray[np.float32], color: str | None = None
    ) -> tuple[Pixels, str]:
        """One face as the network takes it, and its colour order; arguments as `embed_face`."""
        specification = self.bundle.manifest.embedding
        alignment = specification.alignment if specification is not None else None
        if alignment is None:
            raise OptionError(
                f"{self.bundle.manifest.name} embeds whole pictures, not aligned faces: "
                "call it with the picture."
            )
        pixels, order = as_pixels(picture, color)
        return align_face(pixels, points_xy, alignment), order

    def embed_crops(
        self, crops: Sequence[tuple[Pixels, str]]
    ) -> tuple[tuple[Embedding, ...], Timing]:
        """The embeddings of several crops, run after run on this thread.

        All are prepared before the first run and decoded after the last: a network leaves nothing
        of other code in the caches, so that the small work between two runs takes thrice as long.

        Args:
            crops: Pixels and colour order of each, as `aligned` gives them.

        Returns:
            The embeddings, and where the time of all of them went.
        """
        start_s = time.perf_counter()
        ready: list[Prepared] = []
        try:
            for pixels, color in crops:
                ready.append(self._preprocessor.prepare(pixels, color))
            pre_ms = (time.perf_counter() - start_s) * 1e3
            runs = [self._session.infer({self._input_name: one.fill}) for one in ready]
        finally:
            for one in ready:
                one.release()
        decode_s = time.perf_counter()
        embeddings = tuple(
            self.decode(run, one.placement, self.options)
            for run, one in zip(runs, ready, strict=True)
        )
        end_s = time.perf_counter()
        self.timing = Timing(
            pre_ms,
            sum(run.wait_ms for run in runs),
            sum(run.infer_ms for run in runs),
            (end_s - decode_s) * 1e3,
            (end_s - start_s) * 1e3,
        )
        return embeddings, self.timing

    def distance(self, a: Embedding, b: Embedding) -> float:
        """Distance of two embeddings in this bundle's metric; 0 is identical.

        Raises:
            OptionError: One of them comes from another embedding space.
        """
        specification = self.bundle.manifest.embedding
        for embedding in (a, b):
            if specification is not None and embedding.space != specification.space:
                raise OptionError(
                    f"{self.bundle.manifest.name} compares embeddings of space "
                    f"{specification.space!r}, but got one of {embedding.space!r}."
                )
        return a.distance(b)
