"""Converts an exported PyTorch program with litert-torch, in its own environment."""

import litert_torch
import torch


def work(source: str, target: str) -> None:
    """Write the float32 file that litert-torch makes of a `.pt2`."""
    program = torch.export.load(source)
    example, keywords = program.example_inputs
    litert_torch.convert(program.module(), example, sample_kwargs=keywords or None).export(target)
