"""Passes that choose how loops are cut: register tiles, workgroups."""
