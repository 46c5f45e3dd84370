"""A member's own pages: the history, the form, a task."""
