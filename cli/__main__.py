"""`python -m evenhand.cli`: the command where it is not on the path."""

from .group import main

if __name__ == "__main__":
    main(prog_name="policy")
