"""Does a converted file answer like its source: figures, named gates, and golden pictures."""
