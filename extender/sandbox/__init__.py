"""A pretend APIFRAME over real HTTP: the same calls, a believable life, and every way to misbehave.

It imports nothing of the app around it and is reached by its URL alone, so that the app cannot
tell it from the paid service. Start it with `manage.py sandbox` or `python -m extender.sandbox`.
"""
