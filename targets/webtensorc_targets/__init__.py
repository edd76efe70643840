"""The built-in targets: one file each, found by name through the entry point `webtensorc.targets`."""
