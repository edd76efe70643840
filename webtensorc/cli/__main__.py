"""`python -m webtensorc.cli`, for where the console script is not on the path."""

from webtensorc.cli import main

main()
