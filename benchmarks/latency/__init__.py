"""Latency of whole models beside other engines: the models, the engines, how they take turns, and the report."""
