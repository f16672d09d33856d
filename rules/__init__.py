"""The language: facts, types, conditions and policies; TOML in, a checked immutable tree out."""
