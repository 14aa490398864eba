"""Runs every form of a model on the same inputs, judges each hop, and names the op at fault."""
