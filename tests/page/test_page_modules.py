"""The unit tests of the page's modules, run by Node's own test runner."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SUITES = sorted(path.name for path in Path(__file__).parent.glob("*.test.js"))


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
@pytest.mark.skipif(not (ROOT / "node_modules" / "preact").is_dir(), reason="needs the packages of npm: make test")
def test_the_modules_of_the_page() -> None:
    suites = [f"tests/page/{name}" for name in SUITES]
    command = ["node", "--test", "--test-reporter=tap", *suites]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    passed = re.search(r"^# pass (\d+)$", ended.stdout, re.MULTILINE)
    assert passed is not None
    assert int(passed[1]) >= len(SUITES)
