"""Evenhand: a declarative policy engine for customer incidents."""
