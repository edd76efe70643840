"""Passes that decide where intermediate values live."""
