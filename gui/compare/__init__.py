"""Two variants side by side on the same frames: what compression costs, seen live."""
