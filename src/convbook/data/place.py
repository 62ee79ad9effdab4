"""Where data lies."""

import os
from pathlib import Path


def folder() -> Path:
    """The folder that ``CONVBOOK_DATA`` names, else ``convbook`` in the user's cache folder. It need not exist yet."""
    named = os.environ.get("CONVBOOK_DATA")
    if named:
        return Path(named).expanduser()
    import pooch

    return Path(pooch.os_cache("convbook"))
