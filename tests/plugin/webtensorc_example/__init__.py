"""A plug-in of webtensorc: see CONTRIBUTING.md."""
