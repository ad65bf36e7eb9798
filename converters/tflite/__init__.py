"""``.tflite`` files: made from a SavedModel, halved, widened, quantized in part, explained."""
