"""The core: tasks and their clips, from the form to the last update."""
