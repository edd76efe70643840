"""The built-in passes: one file each, in folders by family, found through the entry point `webtensorc.passes`."""
