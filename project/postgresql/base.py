"""Django's backend for PostgreSQL, without a question to the server before each request."""

from select import POLLIN, poll

from django.db.backends.postgresql import base
from psycopg.pq import TransactionStatus

# Of a connection that is closed it is another, and where a transaction has failed or a statement was cut off.
USABLE = {TransactionStatus.IDLE, TransactionStatus.INTRANS}


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection that is checked by what has come in on it."""

    def is_usable(self) -> bool:
        """Whether the server still holds the connection: nothing comes in on an idle one but its end.

        A server that goes in this very moment, or has gone without a word, is found by the first statement: that
        request fails, and the next one has a new connection. (Keepalives find the latter within half a minute.)
        """
        if self.connection is None or self.connection.info.transaction_status not in USABLE:
            return False
        incoming = poll()
        incoming.register(self.connection.fileno(), POLLIN)
        return not incoming.poll(0)
