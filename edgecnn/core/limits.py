"""Sizes beyond which a picture is refused, because a few kilobytes can claim gigabytes."""

MAX_PIXELS = 2**27
"""Pixels of a picture (134 megapixels)."""

MAX_FILE_BYTES = 2**29
"""Bytes of a picture file."""
