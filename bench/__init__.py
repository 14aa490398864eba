"""Measured evidence: size, latency, accuracy, gate and report."""
