"""Settings of a server at which crowds sign in: an honest hash costs a tenth of a second each."""

from project.settings import *  # noqa: F403, all of them

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
