"""int8, float16 and dynamic-range candidates from a float TFLite file."""
