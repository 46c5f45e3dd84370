"""`gunicorn project.wsgi` serves this; its options are in gunicorn.conf.py."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
application = get_wsgi_application()

from django.conf import settings  # noqa: E402, the environment comes first
from django.db import connections  # noqa: E402, settings come first

from extender.operations import demo, metrics, patience  # noqa: E402, there are no models before
from project import warm  # noqa: E402

patience.limit_statements()
demo.refuse()
metrics.forget_the_dead(settings.METRICS_DIR)
warm.load()
# The processes that serve are forked from this one, and may not share its connection.
connections.close_all()
