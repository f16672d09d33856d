"""The policy packs that ship with Evenhand: data only."""
