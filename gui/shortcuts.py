"""Every keyboard shortcut: one table, from which the window and the sheet behind ``?`` are made."""

from __future__ import annotations

from dataclasses import dataclass

from gui.tabs import TABS


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A key, what it does, and where it stands in the sheet.

    Attributes:
        name: Of the window's command.
        keys: As `QKeySequence` reads them.
        title, section: What people read.
    """

    name: str
    keys: str
    title: str
    section: str


SHORTCUTS: dict[str, Shortcut] = {
    shortcut.name: shortcut
    for shortcut in (
        *(
            Shortcut(f"tab_{tab.key}", str(number), tab.title, "Tabs")
            for number, tab in enumerate(TABS.values(), start=1)
        ),
        Shortcut("source", "S", "Choose a source", "Picture"),
        Shortcut("freeze", "F", "Hold the picture, or go on", "Picture"),
        Shortcut("snapshot", "Ctrl+S", "Save a snapshot", "Picture"),
        Shortcut("record", "Ctrl+R", "Start or stop recording", "Picture"),
        Shortcut("full_screen", "F11", "Full screen", "Picture"),
        Shortcut("model", "M", "Switch model or variant", "Model"),
        Shortcut("compare", "V", "Compare two variants", "Model"),
        Shortcut("models", "Ctrl+M", "All models: import, verify, convert", "Model"),
        Shortcut("raise", "]", "Raise the threshold", "Model"),
        Shortcut("lower", "[", "Lower the threshold", "Model"),
        Shortcut("classes", "C", "Choose classes", "Model"),
        Shortcut("lock", "Ctrl+L", "Lock the gallery, or unlock it", "Faces"),
        Shortcut("people", "Ctrl+G", "People: rename, merge, forget", "Faces"),
        Shortcut("add_person", "Ctrl+N", "Add a person", "Faces"),
        Shortcut("verify_photos", "Ctrl+E", "Verify two photos", "Faces"),
        Shortcut("panel", "P", "Show or hide the side panel", "Window"),
        Shortcut("strip", "Ctrl+P", "All numbers, or the rate alone", "Window"),
        Shortcut("theme", "T", "Dark or light", "Window"),
        Shortcut("settings", "Ctrl+,", "Settings", "Window"),
        Shortcut("shortcuts", "?", "This sheet", "Window"),
        Shortcut("quit", "Ctrl+Q", "Quit", "Window"),
    )
}
