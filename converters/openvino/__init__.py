"""OpenVINO networks: read from a ``.tflite``, quantized by NNCF, named, written as IR."""
