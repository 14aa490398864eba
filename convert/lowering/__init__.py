"""ONNX nodes to TensorFlow: the registry of ops, and the walk that emits a graph with it."""
