"""decant: PyTorch to a phone, measured."""

__version__ = "0.1.0"
