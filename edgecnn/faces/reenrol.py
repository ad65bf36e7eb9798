"""Going over to another embedder: templates are made anew from the photographs that were kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgecnn.bundle.schema import Manifest
from edgecnn.core.results import Embedding
from edgecnn.errors import GalleryError
from edgecnn.faces.edits import noted, replace
from edgecnn.faces.gallery import Gallery
from edgecnn.faces.records import Contents


@dataclass(frozen=True, slots=True)
class Reenrolled:
    """What came of it.

    Attributes:
        templates: Templates made anew.
        dropped: Templates without a photograph, or in whose photograph no face was found.
        lost: Names of people who have no template left; they are not enrolled any more.
    """

    templates: int
    dropped: int
    lost: tuple[str, ...]


def re_enrol(
    gallery: Gallery,
    manifest: Manifest,
    embed: Callable[[bytes], Embedding | None],
    *,
    drop: bool = False,
) -> Reenrolled:
    """Replace all templates of a gallery by those of another embedder.

    Args:
        gallery: Which; its calibration is dropped, because distances mean something else now.
        manifest: Of the new embedder's bundle.
        embed: From a kept JPEG to the embedding of the face in it; None when none is found.
        drop: Go on although people have no usable photograph, and let them go.

    Raises:
        GalleryError: The embedder is the old one or does not embed, or people would be lost and
            ``drop`` is off; nothing was changed.
    """
    spec = manifest.embedding
    if spec is None:
        raise GalleryError(f"{manifest.name} gives no embeddings.")
    outcome: list[Reenrolled] = []

    def edit(contents: Contents) -> Contents:
        if contents.space == spec.space:
            raise GalleryError(f"This gallery holds faces of {spec.space!r} already.")
        people, rows, dropped, lost = [], [], 0, []
        for person in contents.people:
            templates = []
            for template in person.templates:
                embedding = embed(template.photo) if template.photo is not None else None
                if embedding is None:
                    dropped += 1
                    continue
                if embedding.space != spec.space or len(embedding) != spec.dimension:
                    raise GalleryError(f"The embedder gave {embedding.space!r} vectors.")
                templates.append(template)
                rows.append(embedding.vector.astype("<f4"))
            if templates:
                people.append(replace(person, templates=tuple(templates)))
            else:
                lost.append(person.name)
        if lost and not drop:
            raise GalleryError(
                f"{len(lost)} of {len(contents.people)} people have no photograph that can be "
                "used (photos are kept with --keep-photos only). Enrol them again afterwards, and "
                "go on without them: --yes"
            )
        outcome.append(Reenrolled(len(rows), dropped, tuple(lost)))
        block = np.stack(rows).tobytes() if rows else b""
        changed = replace(
            contents,
            space=spec.space,
            metric=spec.metric,
            dimension=spec.dimension,
            embedder=manifest.name,
            people=tuple(people),
            vectors=block,
            calibration=None,
        )
        return noted(changed, "enrol", tuple(person.id for person in people), len(rows))

    gallery.change(edit)
    return outcome[0]
