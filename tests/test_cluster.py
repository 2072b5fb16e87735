"""A Dask cluster: a real scheduler and real worker processes on this machine, their numbers, losses and refusals."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

import pkpd
from large_tables import bytes_of, rows_of, small_parts  # noqa: F401
from pkpd import ParameterError, evaluate, identity
from pkpd.cli import main
from pkpd.distribute import distributed

pytest.importorskip("distributed")


def environment(first=""):
    paths = [str(first), *(path for path in sys.path if path)] if first else [path for path in sys.path if path]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "20s"}


class Cluster:
    """A scheduler, and workers that can be started and killed one by one."""

    def __init__(self, folder):
        self.folder, self.workers = folder, []
        self.log = folder / "scheduler.log"
        command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
        self.scheduler = self.start([*command, "--no-dashboard", "--no-show"], self.log)
        self.address = self.said(self.log, r"Scheduler at:\s+(tcp://\S+)")

    def start(self, command, log, first=""):
        with log.open("wb") as stream:
            return subprocess.Popen(command, stdout=stream, stderr=stream, env=environment(first), cwd=self.folder)

    def said(self, log, pattern, seconds=60):
        for _ in range(seconds * 10):
            found = re.search(pattern, log.read_text(errors="replace"))
            if found:
                return found[1]
            time.sleep(0.1)
        raise AssertionError(f"{pattern} is not in {log.read_text(errors='replace')}")

    def add(self, first=""):
        """One more worker: one process, one thread."""
        log = self.folder / f"worker{len(self.workers)}.log"
        command = [sys.executable, "-m", "distributed.cli.dask_worker", self.address, "--nthreads", "1"]
        worker = self.start([*command, "--no-nanny", "--no-dashboard"], log, first)
        self.workers.append(worker)
        self.said(log, r"(Registered to)")
        return worker

    def close(self):
        for process in [*self.workers, self.scheduler]:
            process.send_signal(signal.SIGKILL)
            process.wait()


@pytest.fixture
def cluster(tmp_path):
    folder = tmp_path / "cluster"
    folder.mkdir()
    made = Cluster(folder)
    yield made
    made.close()


@pytest.mark.slow
def test_two_workers_give_the_same_bytes(cluster, tmp_path, small_parts, capsys):  # noqa: F811
    rows_of(40).to_csv(tmp_path / "scenarios.csv", index=False)
    cluster.add()
    cluster.add()
    evaluate(tmp_path / "scenarios.csv", out=tmp_path / "here", profiles=2)
    evaluate(tmp_path / "scenarios.csv", out=tmp_path / "there", profiles=2, cluster=cluster.address, progress=True)
    assert bytes_of(tmp_path / "there") == bytes_of(tmp_path / "here")
    assert "40/40" in capsys.readouterr().err
    here, there = evaluate(rows_of(40)), evaluate(rows_of(40), cluster=cluster.address)
    pd.testing.assert_frame_equal(there, here, check_exact=True)
    assert main(["batch", f"{tmp_path}/scenarios.csv", "-o", f"{tmp_path}/x.csv", "--cluster", cluster.address]) == 1
    assert (tmp_path / "x.csv").read_bytes() == (tmp_path / "here" / "results.csv").read_bytes()


@pytest.mark.slow
def test_a_bootstrap_on_two_workers_gives_the_same_intervals(cluster, root, tmp_path, capsys):
    cluster.add()
    cluster.add()
    options = {"interval": "bootstrap", "n_boot": 30, "seed": 4}
    for name, model, method in (
        ("theophylline", "1cmt oral", "individual"),
        ("levetiracetam", "levetiracetam", "pooled"),
    ):
        data = root / "data" / "observed" / f"{name}.csv"
        here = pkpd.fit(data, model, method=method, **options)
        there = pkpd.fit(data, model, method=method, cluster=cluster.address, progress=True, **options)
        pd.testing.assert_frame_equal(there.params, here.params, check_exact=True)
        assert "30/30" in capsys.readouterr().err
    command = ["fit", str(data), "--model", model, "--method", method, "--interval", "bootstrap", "--n-boot", "30"]
    assert main([*command, "--seed", "4", "--cluster", cluster.address, "-o", f"{tmp_path}/params.csv"]) == 0
    written = pd.read_csv(tmp_path / "params.csv")
    pd.testing.assert_series_equal(written["ci_low"], here.params["ci_low"], rtol=1e-12)


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing(cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows_of(12_000).to_csv("many.csv", index=False)
    cluster.add()
    victim = cluster.add()
    program = "import sys; from pkpd.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", program, "batch", "many.csv", "--profiles", "0", "-o", "there/"]
    run = subprocess.Popen(
        [*command, "--cluster", cluster.address], stderr=subprocess.PIPE, text=True, env=environment()
    )
    while not list(tmp_path.glob("there/results/part-*")) and run.poll() is None:
        time.sleep(0.05)
    assert run.poll() is None, "the table is too small: the run ended before a worker could be killed"
    victim.send_signal(signal.SIGKILL)
    _, said = run.communicate(timeout=600)
    assert run.returncode == 1 and "Traceback" not in said
    evaluate("many.csv", out="here", profiles=0)
    assert bytes_of(tmp_path / "there") == bytes_of(tmp_path / "here")


@pytest.mark.slow
def test_another_library_on_a_worker_is_refused(cluster, tmp_path):
    package = Path(pkpd.__file__).parent
    shutil.copytree(package, tmp_path / "other" / "pkpd", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "other" / "pkpd" / "library" / "drugs" / "midazolam.toml").open("a") as file:
        file.write("\n# changed\n")
    cluster.add(first=tmp_path / "other")
    message = "the worker tcp://.* is not the same program: the library file drugs/midazolam.toml; expected the same"
    with pytest.raises(ParameterError, match=message):
        evaluate(rows_of(5), cluster=cluster.address)


@pytest.mark.slow
def test_a_worker_that_joins_later_is_checked_too(cluster, monkeypatch):
    from pkpd import cluster as module

    cluster.add()
    monkeypatch.setattr(module, "_check_workers", lambda client, address: None)
    monkeypatch.setattr(module, "identity", lambda: {**identity.identity(), "pkpd": "9.9"})
    with pytest.raises(
        ParameterError, match=r"a worker that joined is not .* the version of pkpd .* there, '9.9' here"
    ):
        evaluate(rows_of(5), cluster=cluster.address)


@pytest.mark.slow
def test_the_draws_of_a_trial_go_to_the_cluster(cluster, root):
    cluster.add()
    cluster.add()
    import tomllib

    design = tomllib.loads((root / "data" / "trials" / "phtse.toml").read_text(encoding="utf-8"))
    design["trial"]["n"] = 40
    here = pkpd.trial(design, posterior=2)
    there = pkpd.trial(design, posterior=2, cluster=cluster.address)
    pd.testing.assert_frame_equal(there.posterior, here.posterior, check_exact=True)


# ---- refusals that need no cluster --------------------------------------------------------------------------------


def test_no_scheduler_at_the_address(monkeypatch):
    monkeypatch.setattr("pkpd.cluster.CONNECT_S", 1)
    with pytest.raises(ParameterError, match="there is no Dask scheduler at 'tcp://127.0.0.1:9' .*`dask scheduler`"):
        evaluate(rows_of(5), cluster="tcp://127.0.0.1:9")


def test_missing_dask_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ParameterError, match=r"cluster: 'tcp://x:1' needs the packages .*Install pkpd\[cluster\]"):
        evaluate(rows_of(5), cluster="tcp://x:1")


def test_workers_and_cluster_are_one_too_many():
    with pytest.raises(ParameterError, match="cluster: 'tcp://x:1' and workers=2 are both given; expected one of them"):
        evaluate(rows_of(5), cluster="tcp://x:1", workers=2)


def test_a_trial_without_draws_has_nothing_for_a_cluster(root):
    with pytest.raises(ParameterError, match="trial, cluster: 'tcp://x:1' would get nothing to do.*Give posterior"):
        pkpd.trial(root / "data" / "trials" / "phtse.toml", cluster="tcp://x:1")


def test_a_submit_is_all_that_another_executor_needs():
    from concurrent.futures import ThreadPoolExecutor

    from pkpd.distribute import in_order

    taken = []

    def items():
        for number in range(20):
            taken.append(number)
            yield number

    with ThreadPoolExecutor(3) as pool:
        answers = in_order(pool.submit, lambda: 3, lambda number: number**2, items())
        assert next(answers) == 0 and len(taken) == 6  # two a worker on their way, no more
        assert list(answers) == [number**2 for number in range(1, 20)]


def test_one_worker_is_this_process():
    with distributed(workers=1) as spread:
        assert list(spread(lambda item: (item, os.getpid()), [1, 2])) == [(1, os.getpid()), (2, os.getpid())]
