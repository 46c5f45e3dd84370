"""Options of `gunicorn project.wsgi`; GUNICORN_CMD_ARGS and the command line win over them."""

import gc
from typing import Any

from project.threads import WEB_THREADS

worker_class = "project.web_worker.Worker"
workers = 2
threads = WEB_THREADS
# Of each process. Who is slow has one of these, and no thread.
worker_connections = 4000
# Loaded once, before the fork: the first pages of a process are as quick as the others, and memory is shared.
preload_app = True
# Pages ask every 2 s: a shorter one would close the connection just as the next poll comes.
keepalive = 75
# Longer than the longest wait for APIFRAME inside a request (20 s), shorter than a proxy's patience.
timeout = 60
graceful_timeout = 25
control_socket_disable = True
# A request line carries share tokens and webhook nonces: nobody may read them in a log.
accesslog = None
logger_class = "project.server_log.Logger"


def when_ready(_server: Any) -> None:
    """Leaves what is loaded out of each process's search for garbage: its pages would wait meanwhile."""
    gc.collect()
    gc.freeze()
