"""The detector and the embedder behind the windows that enrol and compare."""

from __future__ import annotations

import edgecnn
from edgecnn import api
from edgecnn.errors import EdgeCNNError, GalleryError
from edgecnn.faces.gallery import Gallery
from edgecnn.tasks.faces import FacePipeline


def open_faces(gallery: Gallery | None = None) -> FacePipeline:
    """What finds faces and embeds them as a gallery does; takes up to a second.

    What opens fastest is taken, because a dialog looks at few pictures.

    Args:
        gallery: Whose templates the embeddings are compared with; None for the zoo's embedder.

    Raises:
        GalleryError: The embedder of the gallery is not here any more.
        EdgeCNNError: A model cannot be loaded.
    """
    if gallery is None or _space(FacePipeline.parts[1]) == gallery.contents.space:
        pipeline: FacePipeline = edgecnn.load("faces", quick_start=True)
        return pipeline
    wanted = gallery.contents.embedder
    detector = edgecnn.load(FacePipeline.parts[0], quick_start=True)
    try:
        return FacePipeline(detector, edgecnn.load(wanted, quick_start=True))
    except EdgeCNNError as error:
        detector.close()
        raise GalleryError(
            f"This gallery was filled with the embedder {wanted}, which cannot be opened: {error}"
        ) from error


def _space(name: str) -> str:
    spec = api.open_bundle(name).manifest.embedding
    return "" if spec is None else spec.space
