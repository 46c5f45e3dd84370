"""`gunicorn project.wsgi` serves this; its options are in gunicorn.conf.py."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
application = get_wsgi_application()

from extender.operations import demo, patience  # noqa: E402, there are no models before

patience.limit_statements()
demo.refuse()
