"""Arrays in, arrays out: pictures, boxes, results. Knows nothing of models."""

import os

from edgecnn.core.limits import MAX_PIXELS

# OpenCV reads these once, when it is loaded or first opens a file. The decoder then refuses a
# header that claims gigabytes before it allocates them, and damaged files make no noise: what is
# wrong with them arrives as an error.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
