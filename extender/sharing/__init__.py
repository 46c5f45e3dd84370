"""Links for guests, and what a guest sees."""
