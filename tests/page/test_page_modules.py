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


MODULES = {f"#{path.relative_to(ROOT / 'static').as_posix()}": path for path in (ROOT / "static" / "js").rglob("*.js")}
FILES = [*MODULES.values(), *(ROOT / "static" / "css").rglob("*.css")]
MAX_LINES = 400


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_of_the_page_is_of_readable_size(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize("name", MODULES)
def test_what_a_module_imports_is_exported(name: str) -> None:
    for names, imported in re.findall(r'import \{([^}]+)\} from "(#js/[^"]+)"', MODULES[name].read_text("utf-8")):
        wanted = {part.split(" as ")[0].strip() for part in names.split(",") if part.strip()}
        assert wanted - exported_by(imported) == set(), f"from {imported}"


def exported_by(name: str) -> set[str]:
    """Return the names that a module gives to others, its own and those it passes on."""
    text = MODULES[name].read_text(encoding="utf-8")
    own = re.findall(r"^export (?:async )?(?:const|let|class|function\*?) (\w+)", text, re.MULTILINE)
    lists = re.findall(r"^export \{([^}]+)\}", text, re.MULTILINE)
    passed = [part.split(" as ")[-1].strip() for names in lists for part in names.split(",")]
    return {*own, *passed}
