"""The command line: exit codes 0, 1 and 2, data on stdout, messages on stderr, JSON, and never a traceback."""

import io
import json
import os
import re
import subprocess
import sys

import pandas as pd
import pytest

from pkpd.cli import main
from pkpd.cli.shared import pairs
from pkpd.errors import ParameterError

GOOD = "scenario,regimen,until\na,levetiracetam 1000 mg iv,6 h\nb,lorazepam 4 mg iv,6 h\n"
BAD_ROW = GOOD + "c,lorazepam 4 mgg iv,6 h\n"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(GOOD)
    return str(path)


@pytest.fixture
def bad_row(tmp_path):
    path = tmp_path / "bad_row.csv"
    path.write_text(BAD_ROW)
    return str(path)


def run(*words):
    """The command in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.run(
        [sys.executable, "-m", "pkpd", *words], capture_output=True, text=True, check=False, env=environment
    )


# ---- usage --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["batch", "simulate", "fit", "check", "nca", "trial", "drugs", "genes", "doctor"])
def test_help_has_examples(verb, capsys):
    assert main([verb, "--help"]) == 0
    shown = capsys.readouterr()
    assert "examples:" in shown.out and f"pkpd {verb}" in shown.out
    assert shown.err == ""


def test_help_is_fast_because_nothing_heavy_is_loaded():
    program = "import sys; from pkpd.cli import main; main(['--help']); print(sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not any(f"'{heavy}'" in done.stderr for heavy in ("numpy", "pandas", "scipy", "numba", "matplotlib"))


def test_version(capsys):
    import pkpd

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"pkpd {pkpd.__version__}\n"


@pytest.mark.parametrize(
    "words, message",
    [
        ([], "usage: pkpd"),
        (["bath"], r"'bath' is not known; expected batch, .* Did you mean 'batch'\?"),
        (["batch"], "the following arguments are required: FILE"),
        (["batch", "x.csv", "--wrokers", "2"], "unrecognized arguments: --wrokers"),
        (["batch", "x.csv", "--workers", "two"], "--workers: 'two' is not a whole number; expected one such as 5"),
        (["simulate", "none"], "the following arguments are required: --until"),
    ],
)
def test_wrong_usage_is_2(words, message, capsys):
    assert main(words) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert re.search(message, shown.err)


# ---- batch --------------------------------------------------------------------------------------------------------


def test_batch_writes_csv_to_stdout_and_messages_to_stderr(table, capsys):
    assert main(["batch", table]) == 0
    shown = capsys.readouterr()
    frame = pd.read_csv(io.StringIO(shown.out))
    assert frame["status"].tolist() == ["ok", "ok"]
    assert "2 scenarios, 2 ok, 0 error" in shown.err


def test_batch_with_a_bad_row_is_1(bad_row, capsys):
    assert main(["batch", bad_row]) == 1
    shown = capsys.readouterr()
    assert pd.read_csv(io.StringIO(shown.out))["status"].tolist() == ["ok", "ok", "error"]
    assert "bad_row.csv line 4: column 'regimen'" in shown.err and "3 scenarios, 2 ok, 1 error" in shown.err


@pytest.mark.parametrize(
    "suffix, read", [(".csv", pd.read_csv), (".parquet", pd.read_parquet), (".json", pd.read_json)]
)
def test_batch_writes_the_format_of_the_suffix(table, tmp_path, capsys, suffix, read):
    out = tmp_path / f"results{suffix}"
    assert main(["batch", table, "-o", str(out)]) == 0
    assert capsys.readouterr().out == ""
    assert read(out)["scenario"].tolist() == ["a", "b"]
    assert [path.name for path in tmp_path.iterdir() if "tmp" in path.suffix] == []


def test_batch_folder(bad_row, tmp_path, capsys):
    assert main(["batch", bad_row, "-o", f"{tmp_path}/results/", "--profiles", "1", "--json"]) == 1
    assert {"results.csv", "profiles.parquet", "figures", "report.html", "manifest.json"} == {
        path.name for path in (tmp_path / "results").iterdir()
    }
    summary = json.loads(capsys.readouterr().out)
    assert (summary["rows"], summary["ok"], summary["error"], summary["complete"]) == (3, 2, 1, True)
    assert "mgg" in summary["reasons"]["c"]


def test_batch_json_has_null_for_what_is_missing(bad_row, capsys):
    main(["batch", bad_row, "--json"])
    rows = json.loads(capsys.readouterr().out)
    assert [row["status"] for row in rows] == ["ok", "ok", "error"]
    assert rows[2]["lorazepam_cmax_mg_L"] is None and rows[1]["lorazepam_cmax_mg_L"] > 0


def test_batch_workers_give_the_same_bytes(table, tmp_path):
    for workers in ("1", "2"):
        assert main(["batch", table, "-o", str(tmp_path / f"{workers}.csv"), "--workers", workers]) == 0
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()


def test_batch_seed_holds_for_rows_without_one(tmp_path, capsys):
    path = tmp_path / "crowd.csv"
    path.write_text(
        "scenario,regimen,until,n,seed\na,levetiracetam 1000 mg iv,6 h,20,\nb,levetiracetam 1000 mg iv,6 h,20,5\n"
    )
    main(["batch", str(path), "--seed", "5"])
    frame = pd.read_csv(io.StringIO(capsys.readouterr().out))
    same = frame["levetiracetam_auc_mg_h_L_p50"]
    assert same[0] == same[1]
    main(["batch", str(path)])
    other = pd.read_csv(io.StringIO(capsys.readouterr().out))["levetiracetam_auc_mg_h_L_p50"]
    assert other[1] == same[1] and other[0] != same[0]


@pytest.mark.parametrize(
    "words, message",
    [
        (["-o", "out.txt"], "the ending '.txt' is no known format; expected .csv, .parquet, .json"),
        (["-o", "out.cvs"], "Did you mean '.csv'"),
        (["-o", "results"], "For a folder, write 'results/'"),
        (["-o", "no/such/folder/out.csv"], "it cannot be written (no such file or directory)"),
        (["-o", "{table}/"], "it cannot be written (it is a file)"),
        (["-o", "{table}/below/"], "it cannot be written (not a directory)"),
        (["--profiles", "all"], "--profiles: 'all' needs a folder"),
        (["-o", "new/", "--profiles", "some"], "profiles: 'some' is not possible; expected all, none or a number"),
        (["--workers", "0"], "workers: '0' is not possible"),
        (["--seed", "-1"], "--seed: '-1' is not possible"),
    ],
)
def test_batch_options_that_cannot_be_are_2(table, tmp_path, monkeypatch, capsys, words, message):
    monkeypatch.chdir(tmp_path)
    assert main(["batch", table, *(word.format(table=table) for word in words)]) == 2
    shown = capsys.readouterr()
    assert message in shown.err and shown.out == ""
    assert not (tmp_path / "new").exists()


def test_batch_unreadable_input_is_2(tmp_path, capsys):
    assert main(["batch", str(tmp_path / "missing.csv"), "-o", f"{tmp_path}/results/"]) == 2
    assert "missing.csv: cannot be read" in capsys.readouterr().err
    assert not (tmp_path / "results").exists()


# ---- simulate -----------------------------------------------------------------------------------------------------

MIDAZOLAM = ["simulate", "midazolam 10 mg im", "--until", "8 h"]


def test_simulate_prints_the_profile(capsys):
    words = ["--patient", "age_y=30,weight_kg=80", "--genotype", "CYP3A4=*1/*22"]
    assert main([*MIDAZOLAM, *words, "--every", "30 min"]) == 0
    shown = capsys.readouterr()
    frame = pd.read_csv(io.StringIO(shown.out))
    assert list(frame.columns[:2]) == ["id", "time_h"] and "midazolam_plasma_mg_L" in frame
    assert frame["time_h"].tolist() == [i / 2 for i in range(17)]
    assert "midazolam" in shown.err and "it never says what to give a patient" in shown.err


def test_simulate_writes_files(tmp_path, capsys):
    words = ["-o", str(tmp_path / "out.csv"), "--plot", str(tmp_path / "out.png")]
    assert main([*MIDAZOLAM, *words]) == 0
    assert capsys.readouterr().out == ""
    assert len(pd.read_csv(tmp_path / "out.csv")) == 481
    assert (tmp_path / "out.png").read_bytes()[:4] == b"\x89PNG"


def test_simulate_json(capsys):
    assert main([*MIDAZOLAM, "--every", "1 h", "--comedication", "carbamazepine", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert {"metrics", "orders", "assumptions", "warnings", "profile", "provenance", "use"} == set(content)
    assert content["metrics"][0]["midazolam_cmax_mg_L"] > 0
    assert len(content["profile"]["time_h"]) == 9
    assert any("carbamazepine" in str(row) for row in content["assumptions"])


def test_simulate_population_folder(tmp_path):
    words = ["--n", "20", "--seed", "1", "-o", f"{tmp_path}/out/"]
    assert main([*MIDAZOLAM, *words]) == 0
    assert len(pd.read_csv(tmp_path / "out" / "results.csv")) == 20
    assert "<svg" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "words, parts",
    [
        (["simulate", "midazolan 10 mg im", "--until", "8 h"], ["midazolan", "midazolam"]),
        (["simulate", "midazolam 10 mg im", "--until", "8"], ["8", "unit"]),
        ([*MIDAZOLAM, "--patient", "weight_kg=-80"], ["'weight_kg'", "'-80'"]),
        ([*MIDAZOLAM, "--patient", "wieght_kg=80"], ["'wieght_kg'", "Did you mean 'weight_kg'"]),
        ([*MIDAZOLAM, "--patient", "80"], ["--patient", "'80'", "name=value"]),
        ([*MIDAZOLAM, "--genotype", "CYP3A4=*1/*99"], ["CYP3A4", "*99", "*22"]),
        ([*MIDAZOLAM, "--models", "midazolam=swart"], ["swart", "midazolam_swart2004_icu"]),
        ([*MIDAZOLAM, "--evidence", "all"], ["all", "established", "exploratory"]),
        ([*MIDAZOLAM, "--seizure", "statsu"], ["status", "none"]),
        ([*MIDAZOLAM, "--n", "0"], ["--n", "'0'"]),
        ([*MIDAZOLAM, "--plot", "out.gif"], ["'.gif'", ".png"]),
        ([*MIDAZOLAM, "-o", "/proc/none/out.csv"], ["/proc/none/out.csv", "cannot be written"]),
        (["simulate", "midazolam 10 mg im if seizing", "--until", "8 h"], ["if seizing"]),
    ],
)
def test_simulate_bad_input_is_2(words, parts, capsys):
    assert main(words) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and "Traceback" not in shown.err
    for part in parts:
        assert part in shown.err, shown.err


def test_pairs_keep_commas_and_signs_of_values():
    assert pairs("CYP3A4=*1/*22, ABCB1=CC", "--genotype") == {"CYP3A4": "*1/*22", "ABCB1": "CC"}
    assert pairs("a=1,2,b=3", "--patient") == {"a": "1,2", "b": "3"}
    assert pairs(None, "--patient") == {}
    with pytest.raises(ParameterError, match="--patient: 'a=2' stands twice"):
        pairs("a=1,a=2", "--patient")


# ---- drugs, genes, doctor -----------------------------------------------------------------------------------------


def test_drugs_lists_and_shows(capsys):
    assert main(["drugs"]) == 0
    listed = capsys.readouterr().out
    assert all(
        name in listed for name in ("lorazepam", "midazolam", "phenytoin", "fosphenytoin", "propofol", "ketamine")
    )
    assert main(["drugs", "Midazolam"]) == 0
    shown = capsys.readouterr().out
    assert "midazolam_swart2004_icu" in shown and "grade" in shown and "not advice" in shown and "Sources:" in shown


def test_drugs_json(capsys):
    assert main(["drugs", "lorazepam", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    model = next(iter(record["models"].values()))
    assert all({"value", "unit", "source", "status", "grade"} == set(p) for p in model["parameters"].values())
    assert main(["drugs", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) >= 10


def test_genes(capsys):
    assert main(["genes"]) == 0
    assert "CYP2C9" in capsys.readouterr().out
    assert main(["genes", "cyp2c9"]) == 0
    shown = capsys.readouterr().out
    assert "*3" in shown and "phenytoin" in shown
    assert main(["genes", "CYP2C9", "--json"]) == 0
    assert "*1" in json.loads(capsys.readouterr().out)["alleles"]


def test_genes_says_what_an_effect_rests_on(capsys):
    """The range, the note and the source of each effect, although the sources stand in the files of the drugs."""
    assert main(["genes", "CYP2C9", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert {effect["source"] for effect in record["effects"]} <= set(record["sources"])
    main(["genes", "CYP2C9"])
    shown = capsys.readouterr().out
    row = next(line for line in shown.splitlines() if "phenytoin      activity score 0  " in line)
    assert "0.2 to 0.5" in row and "one person" in row and "dagenais2017:" in shown


@pytest.mark.parametrize("verb, word, hint", [("drugs", "lorazepan", "lorazepam"), ("genes", "CYP2C99", "CYP2C9")])
def test_unknown_names_are_2(verb, word, hint, capsys):
    assert main([verb, word]) == 2
    shown = capsys.readouterr().err
    assert f"'{word}'" in shown and f"'{hint}'" in shown


def test_doctor(capsys):
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "numba" in shown and "drug files" in shown and "compiler cache" in shown
    assert main(["doctor", "--json"]) == 0
    assert {row["state"] for row in json.loads(capsys.readouterr().out)} <= {"ok", "missing"}


def test_doctor_reports_a_cache_that_cannot_be_written(monkeypatch, capsys, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PKPD_CACHE_DIR", str(tmp_path / "file" / "cache"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    assert main(["doctor"]) == 1
    shown = capsys.readouterr()
    assert "cannot be written" in shown.out and "Traceback" not in shown.err


# ---- processes ----------------------------------------------------------------------------------------------------


def test_process_exit_code_and_streams(bad_row):
    done = run("batch", bad_row)
    assert done.returncode == 1
    assert done.stdout.startswith("scenario,regimen,until,status,reason,warnings,")
    assert "Traceback" not in done.stderr


def test_reader_that_leaves_early_is_no_error(table):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = f"{sys.executable} -m pkpd simulate 'levetiracetam 1 g iv' --until '24 h' | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, env=environment)
    assert done.stdout.startswith("id,time_h")
    assert "Traceback" not in done.stderr and "Broken" not in done.stderr


def test_unexpected_error_is_a_sentence(monkeypatch, capsys, table):
    def fail(path):
        raise RuntimeError("a fault inside")

    monkeypatch.setattr("pkpd.batch.table.read_scenarios", fail)
    assert main(["batch", table]) == 2
    shown = capsys.readouterr().err
    assert "unexpected RuntimeError: a fault inside" in shown and "PKPD_DEBUG=1" in shown and "Traceback" not in shown
    monkeypatch.setenv("PKPD_DEBUG", "1")
    with pytest.raises(RuntimeError, match="a fault inside"):
        main(["batch", table])
