"""The readings of the tree: decide, explain, watch, record."""
