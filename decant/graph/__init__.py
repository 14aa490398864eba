"""Reads ONNX models and rewrites their graphs."""
