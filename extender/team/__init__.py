"""Members, and how they sign in."""
