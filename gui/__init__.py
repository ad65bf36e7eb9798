"""The desktop app: one window that shows what a camera sees and what a model says about it.

State, settings, controllers and workers are plain Python and know no Qt; widgets show them; the
main window joins both and pulls news on a timer. Nothing else of edgecnn imports this package.
"""
