"""Nothing is lost: a run that was ended anywhere goes on, and ends with the bytes of one that was not."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time

import pandas as pd
import pytest

from large_tables import bytes_of, manifest_of, rows_of, small_parts  # noqa: F401
from pkpd import ParameterError, PkpdWarning, evaluate, identity, result_files
from pkpd.batch.folder_lock import LOCK, folder_lock
from pkpd.cli import main

pytestmark = pytest.mark.usefixtures("small_parts")


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


@pytest.fixture
def csv(tmp_path):
    path = tmp_path / "scenarios.csv"
    rows_of().to_csv(path, index=False)
    return path


@pytest.fixture
def whole(csv, tmp_path):
    evaluate(csv, out=tmp_path / "whole", profiles=0)
    return bytes_of(tmp_path / "whole")


def end_at(monkeypatch, number, *, moved, error=Killed):
    """Let the run end when it moves its file of that number into place: just before, or just after."""
    move, calls = os.replace, []

    def replace(source, target):
        calls.append(target)
        if len(calls) == number and not moved:
            raise error
        move(source, target)
        if len(calls) == number:
            raise error

    monkeypatch.setattr(result_files.os, "replace", replace)
    return calls


def ended_run(csv, out, number, *, moved=True, profiles=0):
    """A run that is ended; returns whether it was, before it was done."""
    with pytest.MonkeyPatch.context() as patch:
        end_at(patch, number, moved=moved)
        try:
            evaluate(csv, out=out, profiles=profiles)
        except Killed:
            return True
    return False


def test_ended_at_any_write_it_goes_on_to_the_same_bytes(csv, whole, tmp_path):
    for number in range(1, 100):
        out = tmp_path / f"out{number}"
        was_ended = ended_run(csv, out, number, moved=number % 2 == 0)
        if not was_ended:
            break
        evaluate(csv, out=out, resume=True, profiles=0)
        assert bytes_of(out) == whole, f"ended at write {number}"
    assert number > 15  # five parts, each with its record, and what comes after them


def test_pictures_and_page_are_made_when_the_run_goes_on(csv, tmp_path):
    evaluate(csv, out=tmp_path / "whole", profiles=1)
    assert ended_run(csv, tmp_path / "out", 6, profiles=1)
    evaluate(csv, out=tmp_path / "out", resume=True)  # as many profiles as it began with
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "whole")


def test_interrupt_keeps_the_parts_that_are_done(csv, whole, tmp_path, monkeypatch, capsys):
    end_at(monkeypatch, 7, moved=True, error=KeyboardInterrupt)  # with the record of the third part
    assert main(["batch", str(csv), "-o", f"{tmp_path}/out/", "--profiles", "0"]) == 1
    said = capsys.readouterr().err
    assert "interrupted; the 15 of 23 rows that were done are in the results. Go on with --resume." in said
    monkeypatch.undo()
    monkeypatch.setattr("pkpd.batch.table.SPAN_WORK", 5)
    assert main(["batch", str(csv), "-o", f"{tmp_path}/out/", "--resume"]) == 1  # some rows have status error
    assert bytes_of(tmp_path / "out") == whole


def test_parts_that_are_done_are_not_done_again(csv, tmp_path, monkeypatch):
    ended_run(csv, tmp_path / "out", 7)
    done = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out" / "results").glob("*-0000[123].parquet")}
    worked = []
    work = sys.modules["pkpd.batch.parts_run"].work_piece
    monkeypatch.setattr(
        "pkpd.batch.parts_run.work_piece", lambda chunk: worked.append(chunk.rows[0].position) or work(chunk)
    )
    evaluate(csv, out=tmp_path / "out", resume=True)
    assert len(done) == 3 and worked == [15, 20]


def test_a_finished_run_is_left_alone(csv, whole, tmp_path, capsys):
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "whole").rglob("*")}
    parts = evaluate(csv, out=tmp_path / "whole", resume=True)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "whole").rglob("*")} == before
    assert parts["rows"].sum() == 23


def test_resume_in_a_new_folder_begins(csv, whole, tmp_path):
    evaluate(csv, out=tmp_path / "new", resume=True, profiles=0)
    assert bytes_of(tmp_path / "new") == whole


def test_a_small_table_is_resumed_as_well(csv, tmp_path, monkeypatch):
    monkeypatch.setattr("pkpd.batch.table.SPAN_WORK", 5000)
    evaluate(csv, out=tmp_path / "plain", profiles=0)
    evaluate(csv, out=tmp_path / "out", profiles=0, resume=True)
    assert (tmp_path / "out" / "results" / "part-00001.parquet").exists()
    assert (tmp_path / "out" / "results.csv").read_bytes() == (tmp_path / "plain" / "results.csv").read_bytes()


@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_a_damaged_part_is_made_again(csv, whole, tmp_path, damage):
    part = tmp_path / "whole" / "results" / "part-00002.parquet"
    content = part.read_bytes()
    if damage == "gone":
        part.unlink()
    else:
        part.write_bytes(content[: len(content) // 2] if damage == "cut" else b"x" + content[1:])
    what = "is missing" if damage == "gone" else "is not as it was written"
    with pytest.warns(PkpdWarning, match=f"part-00002.parquet' {what}; it is made again"):
        evaluate(csv, out=tmp_path / "whole", resume=True)
    assert bytes_of(tmp_path / "whole") == whole


def test_what_a_killed_run_left_half_written_goes(csv, whole, tmp_path):
    ended_run(csv, tmp_path / "out", 5)
    half = tmp_path / "out" / "results" / ".part-00003.parquet.999999.tmp"
    half.write_bytes(b"PAR1 and no more")
    evaluate(csv, out=tmp_path / "out", resume=True)
    assert bytes_of(tmp_path / "out") == whole


# ---- what does not fit is told apart ------------------------------------------------------------------------------


@pytest.fixture
def begun(csv, tmp_path):
    """A run that was ended after its second part."""
    assert ended_run(csv, tmp_path / "out", 5)
    return tmp_path / "out"


def test_another_input_is_named_with_the_rows_that_differ(csv, begun):
    csv.write_text(csv.read_text().replace("row, 7", "row, seven"))
    said = r"the input '.*scenarios.csv' is not the one with which .* began \('.*', 23 rows\); the first difference"
    with pytest.raises(ParameterError, match=f"{said} is in rows 6 to 10; expected the same input. Restore it"):
        evaluate(csv, out=begun, resume=True)


def test_a_run_of_an_older_program_is_named(csv, begun):
    (begun / "manifest.json").write_text(
        json.dumps({"input": manifest_of(begun)["input"], "rows": {}, "pkpd": "0.0.9"})
    )
    with pytest.raises(ParameterError, match=r"begun by another program: the version of pkpd \('0.0.9' there"):
        evaluate(csv, out=begun, resume=True)


def test_a_small_run_that_is_finished_is_taken_up_in_parts(csv, whole, tmp_path, monkeypatch):
    monkeypatch.setattr("pkpd.batch.table.SPAN_WORK", 5000)
    evaluate(csv, out=tmp_path / "out", profiles=0)
    monkeypatch.setattr("pkpd.batch.table.SPAN_WORK", 5)
    evaluate(csv, out=tmp_path / "out", resume=True)
    assert bytes_of(tmp_path / "out") == whole


def test_other_options_are_named(csv, begun):
    with pytest.raises(ParameterError, match="resume: the option profiles is '3', but the run in .* began with '0'"):
        evaluate(csv, out=begun, resume=True, profiles=3)
    assert main(["batch", str(csv), "-o", str(begun), "--resume", "--seed", "4"]) == 2


@pytest.mark.parametrize(
    "change, message",
    [
        ({"pkpd": "9.9"}, r"the version of pkpd \('.*' there, '9.9' here\)"),
        ({"code": "0" * 64}, r"the code of pkpd \(both call themselves"),
        ({"library": "midazolam"}, "the library file drugs/midazolam.toml"),
        ({"packages": "numpy"}, "the version of numpy"),
    ],
)
def test_another_program_is_named(csv, begun, monkeypatch, change, message):
    here = dict(identity.identity())
    if "library" in change:
        here["library"] = {**here["library"], "drugs/midazolam.toml": "0" * 64}
    elif "packages" in change:
        here["packages"] = {**here["packages"], "numpy": "0.0"}
    else:
        here.update(change)
    monkeypatch.setattr("pkpd.batch.manifest.identity", lambda: here)
    with pytest.raises(
        ParameterError, match=f"resume: the run in .* was begun by another program: {message}.*; expected"
    ):
        evaluate(csv, out=begun, resume=True)


def test_an_unreadable_manifest_is_named(csv, begun):
    (begun / "manifest.json").write_text("{")
    with pytest.raises(ParameterError, match="manifest.json': this is not a manifest that can be read.*Delete it"):
        evaluate(csv, out=begun, resume=True)


def test_an_unfinished_run_is_not_thrown_away(csv, begun):
    with pytest.raises(
        ParameterError, match=r"holds an unfinished run \(10 of 23 rows of '.*scenarios.csv'\).*--resume"
    ):
        evaluate(csv, out=begun)
    assert len(manifest_of(begun)["parts"]) == 2


def test_resume_needs_a_folder(csv, tmp_path, capsys):
    assert main(["batch", str(csv), "--resume"]) == 2
    assert "--resume: needs a folder to write to; expected -o with a folder" in capsys.readouterr().err


# ---- the disk -----------------------------------------------------------------------------------------------------


def test_a_full_disk_is_said_and_what_was_written_stays(csv, whole, tmp_path, monkeypatch):
    sync, calls = os.fsync, []

    def fsync(handle):
        calls.append(handle)
        if len(calls) == 10:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(handle)

    monkeypatch.setattr(result_files.os, "fsync", fsync)
    with pytest.raises(ParameterError, match="the disk is full .*; expected room for the results. Free some space"):
        evaluate(csv, out=tmp_path / "out", profiles=0)
    assert not list((tmp_path / "out").rglob("*.tmp"))
    monkeypatch.setattr(result_files.os, "fsync", sync)
    evaluate(csv, out=tmp_path / "out", resume=True)
    assert bytes_of(tmp_path / "out") == whole


@pytest.mark.skipif(os.name != "posix", reason="limits of a process")
def test_a_file_that_cannot_grow_is_a_sentence(csv, tmp_path):
    program = f"""
        import resource, signal, sys
        import pkpd.batch.table
        from pkpd.cli import main
        pkpd.batch.table.SPAN_WORK = 5
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))
        sys.exit(main(["batch", {str(csv)!r}, "-o", {str(tmp_path / "out")!r} + "/", "--profiles", "0"]))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, env=environment()
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "part-00001.parquet': it cannot be written (" in done.stderr


def test_a_folder_that_goes_away_is_said(csv, tmp_path, monkeypatch):
    import shutil

    write = sys.modules["pkpd.batch.folder_run"].write_part

    def write_and_lose(path, *rest):
        if path.name == "part-00003.parquet":
            shutil.rmtree(path.parent)
        write(path, *rest)

    monkeypatch.setattr("pkpd.batch.folder_run.write_part", write_and_lose)
    with pytest.raises(ParameterError, match="part-00003.parquet': it cannot be written .*Check the folder"):
        evaluate(csv, out=tmp_path / "out", profiles=0)


# ---- one run a folder ---------------------------------------------------------------------------------------------


def environment():
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def test_a_second_run_is_refused_and_told_whose_the_first_is(csv, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    program = (
        "import sys; from pathlib import Path; from pkpd.batch.folder_lock import folder_lock\n"
        "with folder_lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment()
    ) as other:
        assert other.stdout.readline() == "held\n"
        for resume in (False, True):
            with pytest.raises(ParameterError, match=f"another run is writing to it .process {other.pid} on "
                               f"{socket.gethostname()}.; expected one run a folder. Wait for it"):  # fmt: skip
                evaluate(csv, out=folder, resume=resume)
        other.kill()
        other.wait()
    assert (folder / LOCK).exists()  # a killed run leaves it, and the next one takes it over
    evaluate(csv, out=folder, profiles=0)
    assert not (folder / LOCK).exists()


def test_the_lock_of_another_machine_is_believed(tmp_path):
    (tmp_path / LOCK).write_text(json.dumps({"pid": 1, "host": "elsewhere"}))
    with (
        pytest.raises(ParameterError, match="process 1 on elsewhere.*if that run is over, delete"),
        folder_lock(tmp_path),
    ):
        pass
    (tmp_path / LOCK).unlink()
    with folder_lock(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text()) == {"pid": os.getpid(), "host": socket.gethostname()}


# ---- killed in earnest --------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_killed_at_random_moments_it_ends_with_the_same_bytes(tmp_path, workers):
    from random import Random

    table = rows_of(12_000)
    table.to_csv(tmp_path / "many.csv", index=False)
    command = [sys.executable, "-m", "pkpd", "batch", "many.csv", "--profiles", "2", "--workers", workers, "-o"]
    setting = {"cwd": tmp_path, "env": environment(), "stderr": subprocess.PIPE, "text": True}
    assert subprocess.run([*command, "whole/"], **setting).returncode == 1
    chance, killed = Random(int(workers)), 0
    for attempt in range(12):
        run = subprocess.Popen([*command, "out/", "--resume"], **setting)
        time.sleep(chance.uniform(1, 2 + attempt))
        killed += run.poll() is None
        run.send_signal(signal.SIGKILL)
        run.communicate(timeout=60)
        if killed >= 4:
            break
    assert killed >= 2, "the table is too small: the run ended before it could be killed"
    done = subprocess.run([*command, "out/", "--resume"], **setting)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "whole")
    assert len(pd.read_parquet(tmp_path / "out" / "results")) == 12_000
