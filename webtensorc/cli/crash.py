"""What is written down when the command line meets a bug of ours."""

from __future__ import annotations

import json
import os
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from webtensorc.cli.versions import versions


def write(raised: BaseException, arguments: Sequence[str]) -> Path:
    """Write the trace, the command line and the versions into a new folder, and return it.

    The folder is made in `WEBTENSORC_REPRODUCER_DIR`, by default the current directory.

    Raises:
        OSError: nothing can be written there.
    """
    root = Path(os.environ.get("WEBTENSORC_REPRODUCER_DIR", "."))
    root.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="webtensorc-reproducer-", dir=root))
    (folder / "traceback.txt").write_text("".join(traceback.format_exception(raised)))
    facts = {"arguments": list(arguments), "directory": str(Path.cwd()), "versions": versions()}
    (folder / "command.json").write_text(json.dumps(facts, indent=2) + "\n")
    return folder
