"""ONNX to TensorFlow to TFLite."""
