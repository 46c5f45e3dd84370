"""Running it: the worker, health, the admin, commands."""
