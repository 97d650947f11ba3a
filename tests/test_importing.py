"""``run.py --import_bars`` as the person at the terminal has it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from server.domain.bars import Period
from server.importing import BarImport, period_of
from server.storage.bars import BarRepository
from server.storage.documents import Database
from tests.test_run import run

HEADER = "code,date,open,high,low,close,volume,amount\n"
GOOD = "600519,2026-01-05,10,11,9,10.5,1000,10500\n600519,2026-01-06,10.5,11,9,10.7,1100,11600\n"
MINUTES = "code,time,open,high,low,close,volume\n600519,2026-01-05 09:31,10,11,9,10.5,1000\n"


@pytest.mark.gen_test
async def test_bars_are_stored_and_bad_lines_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.importing.BATCH", 2)
    monkeypatch.setattr("server.importing.PROGRESS_EVERY", 2)
    told: list[str] = []
    repository = BarRepository(database)
    text = HEADER + GOOD + "600519,2026-01-07,10,8,9,10,1,1\nnonsense\n600519,2026-01-08,10,11,9,10.9,1200,1\n"
    for _ in range(2):  # once more changes nothing
        told.clear()
        assert await BarImport(repository, told.append).run(io.BytesIO(text.encode())) == 2
        assert told[0] == "2 bars, 0 errors"
        assert told[1] == "line 4: high 8 is below low 9"
        assert told[2].startswith("line 5: got 1 fields")
        assert told[-1] == "3 bars (1d) are stored, 2 lines were left out"
        bars = await repository.newest("600519.SH", Period.DAY, 10)
        assert [(bar.time.day, bar.close) for bar in bars] == [(5, 10.5), (6, 10.7), (8, 10.9)]


@pytest.mark.gen_test
async def test_only_the_first_errors_are_told(database: Database) -> None:
    told: list[str] = []
    text = HEADER + "nonsense\n" * 100
    assert await BarImport(BarRepository(database), told.append).run(io.BytesIO(text.encode())) == 100
    assert len(told) == 22
    assert told[-2:] == ["further errors are counted alone", "0 bars (1d) are stored, 100 lines were left out"]


@pytest.mark.gen_test
async def test_minutes_from_a_file_stay(database: Database) -> None:
    await BarImport(BarRepository(database), lambda _: None).run(io.BytesIO(MINUTES.encode()))
    [stored] = [one async for one in database["bars"].find()]
    assert stored["period"] == "1m"
    assert "expires_at" not in stored


@pytest.mark.parametrize(
    ("text", "period"), [(HEADER + GOOD, Period.DAY), (MINUTES, Period.MINUTE), ("", Period.DAY), (HEADER, Period.DAY)]
)
def test_the_period_is_seen_at_the_second_line(text: str, period: Period) -> None:
    file = io.BytesIO(text.encode())
    assert period_of(file) is period
    assert file.tell() == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.csv").write_text(HEADER + GOOD)
    (tmp_path / "bad.csv").write_text(HEADER + GOOD + "nonsense\n")
    (tmp_path / "no_columns.csv").write_text("1,2,3\n")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "code", "last"),
    [
        ("good.csv", 0, "2 bars (1d) are stored, 0 lines were left out"),
        ("bad.csv", 1, "2 bars (1d) are stored, 1 lines were left out"),
        ("no_columns.csv", 2, "cannot be imported: line 1: no column for"),
        ("none.csv", 2, "cannot be imported: [Errno 2] No such file or directory"),
    ],
)
def test_the_exit_code_tells_how_it_went(folder: Path, name: str, code: int, last: str) -> None:
    result = run(folder, f"--data_dir={folder / 'data'}", "--import_bars", str(folder / name))
    assert (result.returncode, result.stdout) == (code, "")
    assert last in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("arguments", [("--import_bars",), ("--import_bars=",), ("--import_bars", "--port=0")])
def test_a_file_is_needed(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = run(tmp_path, *arguments)
    assert result.returncode == 2
    assert result.stderr == "--import_bars: a file is missing; give the path of a CSV file\n"
