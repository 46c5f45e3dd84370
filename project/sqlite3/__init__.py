"""SQLite as a database of Django's, whose writers wait in a queue. Django looks for `base` in here."""
