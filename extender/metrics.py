"""What is counted for Prometheus, by all processes of a machine together: nothing unless `METRICS_TOKEN` is set."""

from prometheus_client import Counter, Histogram

REQUESTS = Histogram("extender_request_seconds", "Requests answered, by view", ["view", "method", "status"])
UPDATES = Counter("extender_updates", "Changes of tasks, by what they became and who said so", ["state", "source"])
FILES = Counter("extender_files", "Outcomes of work on clips' files", ["state"])
