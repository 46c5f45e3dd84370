"""What gunicorn itself writes to the log."""

import logging

from gunicorn import config, glogging

from project.redaction import Redacted


class Logger(glogging.Logger):
    """Gunicorn's own, without secrets, wherever it is told to write."""

    def setup(self, cfg: config.Config) -> None:
        """Has the handlers made, anew after each change of `cfg`."""
        super().setup(cfg)
        for log in (self.error_log, self.access_log, logging.getLogger()):
            for handler in log.handlers:
                handler.setFormatter(Redacted(handler.formatter or logging.Formatter()))
