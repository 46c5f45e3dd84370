"""PostgreSQL as a database of Django's, checked before a request by what came in. Django looks for `base` in here."""
