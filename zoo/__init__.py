"""The models that ship with decant."""
