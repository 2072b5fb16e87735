"""What the command line says: options in its own words, colours on a terminal only, completion in a real shell."""

import os
import pty
import re
import subprocess
import sys

import pytest

from pkpd.cli import main
from pkpd.cli.command import make_parser
from pkpd.cli.speech import speak_as, worded

GOOD = "ID,TIME,AMT,DV\n" + "".join(f"1,{t},{100 if t == 0 else 0},{10 * 0.8**t:.4f}\n" for t in range(6))


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "levels.csv"
    path.write_text(GOOD)
    return str(path)


@pytest.fixture
def fit_words():
    speak_as(make_parser()[1]["fit"])
    yield
    speak_as(None)


@pytest.mark.parametrize(
    ("python", "shell"),
    [
        ("fit: method='mpa' is not known", "fit: --method 'mpa' is not known"),
        ("n_boot=5 is not possible", "--n-boot 5 is not possible"),
        ("Give omega={'CL': 0.09, 'V1': 0.04}, say", "Give --omega CL=0.09,V1=0.04, say"),
        ("bounds={'KA': (0.1, 10)}", "--bounds KA=0.1:10"),
        ("Write for example vary=['CL', 'V1'].", "Write for example --vary CL,V1."),
        ("Give lloq=, a column LLOQ, or blq='M1'", "Give --lloq, a column LLOQ, or --blq 'M1'"),
        ("check=False", "--no-check"),
        ("Try workers=1.", "Try --workers 1."),
        ("units: 'TIEM' is not a column", "--units: 'TIEM' is not a column"),
        ("Leave omega out, or choose method='map'.", "Leave --omega out, or choose --method 'map'."),
        ("columns={'NAME': 'ID'}", "--columns NAME=ID"),
        # What is no option of this verb stays, and so does what the user typed.
        ("patient, column 'seed=5': x=3", "patient, column 'seed=5': x=3"),
        ("times=[0, 1]", "times=[0, 1]"),
    ],
)
def test_options_are_worded_for_the_command_line(fit_words, python, shell):
    assert worded(python) == shell


def test_in_python_the_words_stay():
    assert worded("Give omega={'CL': 0.09}.") == "Give omega={'CL': 0.09}."


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["--method", "map"], ["--omega: missing", "Give --omega CL=0.09,V1=0.04"]),
        (["--method", "indiv"], ["--method 'indiv'", "Did you mean 'individual'?"]),
        (["--error", "prop"], ["--error 'prop'", "Did you mean 'proportional'?"]),
        (["--units", "TIME=hours"], ["--units: column TIME", "'hours'", "Did you mean 'h'?"]),
        (["--units", "TIME=min;DV=mg/L"], ["--units", "Write a comma before 'DV='"]),
        (["--seed", "-1"], ["--seed: -1"]),
        (["--n-boot", "x"], ["--n-boot: 'x' is not a whole number"]),
        (["--lloq", "x"], ["--lloq: 'x' is not a number"]),
        (["--jsn"], ["--jsn", "Did you mean '--json'?", "`pkpd fit --help`"]),
        (["--blq", "M2"], ["--blq 'M2'", "'M1', 'M3'"]),
    ],
)
def test_fit_speaks_of_its_options(data, words, parts, capsys):
    assert main(["fit", data, "--model", "1cmt", *words]) == 2
    said = capsys.readouterr().err
    assert not re.search(r"[a-z]=[{'\[]", said), said
    for part in parts:
        assert part in said, said


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (["simulate", "lorazepam", "4", "mg", "iv", "--until", "1 h"], ["4 mg iv", "into quotes"]),
        (["simulate", "lorazepam 4 mg iv", "--untl", "1 h"], ["--untl", "Did you mean '--until'?"]),
        (["simulate", "none", "--until", "24 hours"], ["--until", "'hours' is not a unit of time", "mean 'h'?"]),
        (["simulate", "none", "--until", "12:30"], ["--until", "':30' is not a unit of time"]),
        (["simulate", "none", "--until", "0 h"], ["--until: '0 h'"]),
        (["simulate", "none", "--until", "1 h", "--onset", "x"], ["--onset", "'x' does not begin with a number"]),
        (["simulate", "none", "--until", "1 h", "--picture", "pris"], ["--picture", "Add --plot"]),
        (["simulate", "none", "--until", "1 h", "--plot", "a.jpg"], ["'.jpg'", ".png, .svg, .pdf. Change"]),
        (["simulate", "none", "--until", "1 h", "--n", "2.5"], ["--n: '2.5' is not a whole number"]),
        (["--print-completion", "bsh"], ["'bsh'", "Did you mean 'bash'?"]),
    ],
)
def test_mistakes_in_the_words_of_the_command_line(words, parts, capsys):
    assert main(words) == 2
    said = capsys.readouterr().err
    for part in parts:
        assert part in said, said


# ---- colours -------------------------------------------------------------------------------------------------------


def on_a_terminal(*words, **environment):
    """What a process writes to stderr when that is a terminal."""
    ours, theirs = pty.openpty()
    settings = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "TERM": "xterm", **environment}
    process = subprocess.Popen([sys.executable, "-m", "pkpd", *words], stdout=theirs, stderr=theirs, env=settings)
    os.close(theirs)
    text = b""
    while True:
        try:
            more = os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
        if not more:
            break
        text += more
    process.wait()
    os.close(ours)
    return text.decode()


def test_errors_have_colour_on_a_terminal_only(capsys):
    wrong = ["simulate", "lorazepm 4 mg iv", "--until", "1 h"]
    shown = on_a_terminal(*wrong)
    assert "\033[1;31mpkpd:\033[0m" in shown and "\033[1;31m  ^^^^^^^^\033[0m" in shown
    assert "\033" not in on_a_terminal(*wrong, NO_COLOR="1")
    assert "\033" not in on_a_terminal(*wrong, TERM="dumb")
    assert main(wrong) == 2
    assert "\033" not in capsys.readouterr().err


# ---- completion ----------------------------------------------------------------------------------------------------

COMPLETE = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_shtab_pkpd "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    pytest.importorskip("shtab")
    path = tmp_path_factory.mktemp("completion") / "pkpd.bash"
    words = [sys.executable, "-m", "pkpd", "--print-completion", "bash"]
    path.write_text(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    return path


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        (["sim"], {"simulate"}),
        (["simulate", "--se"], {"--seed", "--seizure"}),
        (["simulate", "none", "--seizure", "status-"], {"status-rodent", "status-fast"}),
        (["drugs", "lo"], {"lorazepam"}),
        (["genes", "CYP2C"], {"CYP2C9", "CYP2C19"}),
        (["fit", "x.csv", "--method", "m"], {"map"}),
        (["fit", "x.csv", "--model", "mid"], {"midazolam"}),
        (["batch", "lev"], {"levels.csv"}),
    ],
)
def test_bash_completes(script, data, line, offered):
    done = subprocess.run(
        ["bash", "-c", COMPLETE, "bash", str(script), "pkpd", *line],
        capture_output=True,
        text=True,
        check=True,
        cwd=os.path.dirname(data),
    )
    assert set(done.stdout.split()) == offered


def test_completion_says_what_is_missing(monkeypatch, capsys):
    monkeypatch.setattr("pkpd.cli.completion.util.find_spec", lambda name: None)
    assert main(["--print-completion", "bash"]) == 2
    assert "Install pkpd[completion]" in capsys.readouterr().err
