"""Engines of blocks that are more than one dense layer: layers take turns on one pair of engines."""
