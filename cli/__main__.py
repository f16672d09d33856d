"""`python -m evenhand.cli`: the command where it is not on the path."""

from .group import main

main(prog_name="policy")
