"""What spreadsheet programs and editors do to a CSV: each works, or is refused with the line."""

import pytest

from pkpd import DataError, evaluate
from pkpd.batch import file as scenario_file
from pkpd.batch.table import read_scenarios

HEADER = b"scenario,regimen,until,note"
GOOD = b"levetiracetam 1000 mg iv,6 h"


def write(folder, *lines, end=b"\n"):
    path = folder / "table.csv"
    path.write_bytes(b"".join(line + end for line in lines))
    return path


def rows(path):
    return [row.cells for row in read_scenarios(path).rows]


PLAIN = [("a", "levetiracetam 1000 mg iv", "6 h", "x"), ("b", "levetiracetam 1000 mg iv", "6 h", "y")]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_line_endings_of_any_system(tmp_path, end):
    assert rows(write(tmp_path, HEADER, b"a," + GOOD + b",x", b"b," + GOOD + b",y", end=end)) == PLAIN


def test_mixed_line_endings_keep_the_count_of_lines(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(HEADER + b"\r\na," + GOOD + b",x\nb," + GOOD + b",y\rc," + GOOD + b"\r\n\r\nd," + GOOD + b",z")
    table = read_scenarios(path)
    assert [row.line for row in table.rows] == [2, 3, 4, 6]
    assert "line 4: the row has 3 cells, but the table 4 columns" in table.rows[2].broken


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    path = write(tmp_path, b"\xef\xbb\xbf" + HEADER, b"a," + GOOD + b",x", b"b," + GOOD + b",y")
    assert rows(path) == PLAIN and read_scenarios(path).columns[0] == "scenario"


def test_trailing_commas_of_a_spreadsheet_are_no_columns(tmp_path):
    path = write(tmp_path, HEADER + b",,", b"a," + GOOD + b",x,,", b"b," + GOOD + b",y", b",,,,,", end=b"\r\n")
    assert rows(path) == PLAIN and read_scenarios(path).columns == ("scenario", "regimen", "until", "note")


def test_a_cell_beyond_the_last_column_is_a_broken_row(tmp_path):
    path = write(tmp_path, HEADER + b",", b"a," + GOOD + b",x,", b"b," + GOOD + b",y,z")
    first, second = evaluate(path).to_dict("records")
    assert first["status"] == "ok"
    assert "line 3: the row has 5 cells, but the table 4 columns" in second["reason"]


def test_quoted_commas_quotes_and_line_breaks(tmp_path):
    path = write(tmp_path, HEADER, b'"a, b",' + GOOD + b',"said ""x""', b'and more"', b"c," + GOOD + b",", end=b"\r\n")
    table = read_scenarios(path)
    assert [row.cells[0] for row in table.rows] == ["a, b", "c"]
    assert table.rows[0].cells[3] == 'said "x"\r\nand more' and [row.line for row in table.rows] == [2, 4]


@pytest.mark.parametrize("mark, name", [(b";", "semicolons"), (b"\t", "tabs"), (b"|", "bars")])
def test_other_separators_are_refused(tmp_path, mark, name):
    path = write(tmp_path, HEADER.replace(b",", mark), b"a;none;1 h;x")
    with pytest.raises(DataError, match=f"line 1: the columns are separated by {name}; expected commas, as regimens"):
        read_scenarios(path)


def lines_of(count, special=None, at=0):
    """Many lines, of which one is special."""
    lines = [HEADER, *(b"s%d,%s,n" % (number, GOOD) for number in range(count))]
    if special is not None:
        lines[at - 1] = special
    return lines


def test_a_ragged_row_in_the_middle_is_an_error_row(tmp_path):
    path = write(tmp_path, *lines_of(12_000, b"odd,levetiracetam 1000 mg, iv,6 h,n", at=7001))
    table = read_scenarios(path)
    broken = [row for row in table.stream() if row.broken]
    assert table.count == 12_000 and len(table.spans) == 3
    assert [row.line for row in broken] == [7001] and broken[0].broken.startswith("line 7001: the row has 5 cells")


@pytest.mark.parametrize(
    "special, found",
    [
        (b'odd,"levetiracetam 1000 mg iv,6 h,n', "line 7001: the row cannot be split into cells"),
        (b'odd,"levetiracetam" 1000 mg iv,6 h,n', "line 7001: the row cannot be split into cells"),
        (b"odd,levetiracetam 1000 mg iv,6 h,\xfcber", "line 7001: byte 0xfc is not UTF-8 text"),
        (b"odd,levetiracetam 1000 mg iv,6 h,\x00", "line 7001: a zero byte is not UTF-8 text"),
        (b"s17,levetiracetam 1000 mg iv,6 h,n", "line 7001: scenario 's17' is already the name of .*csv line 19;"),
    ],
)
@pytest.mark.parametrize("block", [1 << 20, 7])
def test_what_makes_the_table_unreadable_is_refused_with_its_line(tmp_path, monkeypatch, special, found, block):
    monkeypatch.setattr(scenario_file, "_BLOCK", block)
    path = write(tmp_path, *lines_of(12_000, special, at=7001))
    with pytest.raises(DataError, match=found):
        read_scenarios(path)


@pytest.mark.parametrize("block", range(1, 9))
def test_letters_of_several_bytes_may_fall_between_blocks(tmp_path, monkeypatch, block):
    monkeypatch.setattr(scenario_file, "_BLOCK", block)
    path = write(tmp_path, HEADER, b"a," + GOOD + ",µg für €, 🧠".replace(",", " ").encode())
    assert read_scenarios(path).count == 1
    path.write_bytes(path.read_bytes() + "b,none,1 h,€".encode()[:-1])  # the file ends within a letter
    with pytest.raises(DataError, match="line 3: byte 0xe2 is not UTF-8 text"):
        read_scenarios(path)


def test_names_are_compared_without_blanks_and_in_full(tmp_path):
    path = write(tmp_path, HEADER, b"a," + GOOD + b",", b" a ," + GOOD + b",")
    with pytest.raises(DataError, match="line 3: scenario 'a' is already the name of .*line 2"):
        read_scenarios(path)
    assert read_scenarios(write(tmp_path, HEADER, b"," + GOOD + b",", b"," + GOOD + b",")).count == 2  # errors later
