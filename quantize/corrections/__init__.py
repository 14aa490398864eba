"""Changes a float graph's constants so that its integers lose less."""
