"""Passes that simplify the graph: constants, duplicates, dead work, layouts."""
