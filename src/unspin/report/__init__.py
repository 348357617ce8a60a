"""Pure functions from a text and its restoration to what people and programs read."""
