"""What every family of fuzzed operators shares: cases, how to draw them, and what to compare them with."""
