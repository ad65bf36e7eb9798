"""Windows over the window: shortcuts, settings, about."""
