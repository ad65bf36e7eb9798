"""Where the user's own gallery lies; the command line and the app have the same one."""

from __future__ import annotations

from pathlib import Path

import platformdirs


def default_gallery() -> Path:
    """The gallery that is meant when none is named."""
    return Path(platformdirs.user_data_path("edgecnn")) / "faces" / "gallery.faces"
