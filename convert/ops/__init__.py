"""ONNX operators as small TensorFlow functions."""
