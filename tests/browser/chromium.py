"""Which Chromium drives the tests: the system's, or the one that Playwright brought.

Debian's headless shell is the same Chromium without its windows, and takes half the processor time of `--headless`.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

# A browser that calls home from a closed network only waits.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
    "--process-per-site",
    # Nothing of a page under test may be asked for elsewhere; and no request waits for a name to be looked up.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


def find_chromium() -> str | None:
    """The path of a Chromium, or None."""
    for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


if __name__ == "__main__":
    sys.exit(find_chromium() is None)
