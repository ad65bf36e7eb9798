"""Results painted over the picture, in the pixels of the widget, so that lines and words are crisp.

Functions that take a painter and a `Fit`; they know no widget. Adding a kind of result means a
file here and its line in `gui.overlays.scene`.
"""
