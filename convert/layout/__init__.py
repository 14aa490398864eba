"""Values, how their axes lie in memory, and the algebra of moving them as little as possible.

The one place where layout is decided; the ops only say which order they need.
"""
