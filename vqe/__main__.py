"""`python -m vqe`."""

from vqe.cli.main import main

main()
