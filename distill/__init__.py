"""Teaching a small network from a large one."""
