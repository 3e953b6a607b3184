"""What the engines of blocks that are more than one dense layer declare."""
