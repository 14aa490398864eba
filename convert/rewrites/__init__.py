"""Graph rewrites applied before emission."""
