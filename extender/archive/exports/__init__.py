"""Films to take away: a branch as one file, made by the worker, once for the same cut list."""
