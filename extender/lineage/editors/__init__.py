"""A film as editing programs get it."""
