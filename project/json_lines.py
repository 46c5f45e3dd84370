"""The log as lines of JSON, for who collects it by machine: `LOG_FORMAT=json`."""

import json
import logging
from datetime import UTC, datetime


class JsonLines(logging.Formatter):
    """A record as one line: `time`, `level`, `logger`, `request`, `message`, and `traceback` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "request": getattr(record, "request_id", ""),
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)
