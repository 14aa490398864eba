"""Plans: which operator computes in which scheme, from measured cost and measured noise."""
