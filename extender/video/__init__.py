"""Looks into videos and pictures, and makes films of them, in a process of its own.

It knows nothing of Django nor of the rest of Extender.

The other side of the process is `extender.video.process`; both import `facts`, `layout`, `cutlist`: they are light.
"""
