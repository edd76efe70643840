"""Passes that join operations into one dispatch."""
