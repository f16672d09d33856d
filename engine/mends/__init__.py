"""Ways to mend what a proof has found: the TOML that would do it, and making those that are proved to change no decision."""

from .mend import Desk, Mend

__all__ = ["Desk", "Mend"]
