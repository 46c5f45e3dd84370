"""Django's backend for PostgreSQL, without a question to the server before each request."""

from select import POLLIN, poll

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that is checked by what has come in on it."""

    def is_usable(self) -> bool:
        """Whether the server still holds the connection: nothing comes in on an idle one but its end.

        A server that is gone without a word is found by the next statement, as it would be by Django's `SELECT 1`.
        """
        if self.connection is None or self.connection.closed:
            return False
        incoming = poll()
        incoming.register(self.connection.fileno(), POLLIN)
        return not incoming.poll(0)
