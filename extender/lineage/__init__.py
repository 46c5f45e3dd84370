"""How clips continue one another: branches, trees, films."""
