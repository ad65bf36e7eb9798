"""The task tabs: one literal table. A new tab is a row here and, if it needs one, a panel.

The table holds no widgets: a panel is named and imported when its tab is shown.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One tab.

    Attributes:
        key: Name in settings and on the command line.
        title: On the tab.
        task: Name of `edgecnn.registry.TASKS`; bundles of this task are offered.
        model: Bundle that is used until the user chooses another.
        hint: Tooltip: what the tab shows.
        threshold: Least score to begin with, 0..1.
        threshold_hint: What the threshold does, in words.
        nothing: What the list of results says when there is nothing to list.
        threshold_title: Over the slider.
        filters_classes: Whether only some classes can be asked for.
        panel: ``module:Class`` of further controls in the side panel; empty for none.
    """

    key: str
    title: str
    task: str
    model: str
    hint: str
    threshold: float
    threshold_hint: str
    nothing: str
    threshold_title: str = "Threshold"
    filters_classes: bool = False
    panel: str = ""


_ALL = (
    Tab(
        key="classify",
        title="Classify",
        task="classify",
        model="classify_efficientnet_lite0",
        hint="Say what the whole picture shows",
        threshold=0.10,
        threshold_hint="Classes with a lower score are not shown",
        nothing="No class reaches the threshold.",
    ),
    Tab(
        key="detect",
        title="Detect",
        task="detect",
        model="detect_nanodet",
        hint="Find objects and draw a box around each",
        threshold=0.40,
        threshold_hint="Objects with a lower score are not shown",
        nothing="No object reaches the threshold.",
        filters_classes=True,
    ),
    Tab(
        key="faces",
        title="Faces",
        task="detect_faces",
        model="face_detect_blazeface_full",
        hint="Find faces, and name people whom you have enrolled",
        threshold=0.50,
        threshold_hint="Faces with a lower score are not shown",
        nothing="No face reaches the threshold.",
        threshold_title="Threshold for finding faces",
        panel="gui.faces.panel:FacesPanel",
    ),
    Tab(
        key="segment",
        title="Segment",
        task="segment",
        model="segment_selfie",
        hint="Separate people from the background",
        threshold=0.50,
        threshold_hint="Places with a lower probability count as background",
        nothing="Nobody is in the picture.",
        panel="gui.widgets.background_panel:BackgroundPanel",
    ),
)

TABS: dict[str, Tab] = {tab.key: tab for tab in _ALL}
"""The tabs by key, in the order in which they are shown."""
