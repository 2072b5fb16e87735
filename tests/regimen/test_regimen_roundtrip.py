"""A printed regimen reads back as the same orders, and printing it again gives the same text."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from regimen_stub import DRUGS, read

from pkpd.errors import RegimenError

MASSES = ["g", "mg", "mcg", "ug", "\u00b5g", "\u03bcg", "ng"]
positive = st.one_of(
    st.integers(1, 10_000).map(str),
    st.decimals("0.001", "5000", places=3).map(str),
    st.floats(1e-9, 1e9).map(repr),
)
numbers = st.one_of(st.just("0"), positive)
times = st.builds("{} {}".format, positive, st.sampled_from(["s", "min", "h", "d"]))
starts = st.one_of(st.just("0"), times)
pers = st.sampled_from(["", "/kg", "/m2"])
hours = st.sampled_from(["/min", "/h"])


@st.composite
def masses(draw: st.DrawFn, drug: str, number: st.SearchStrategy[str], per: str = "", rate: str = "") -> str:
    """A quantity with PE at one of its allowed places where the drug needs it."""
    unit = draw(st.sampled_from(MASSES))
    parts = [unit, per, rate]
    if DRUGS[drug].dose_unit == "PE":
        place = draw(st.integers(0, 2))
        parts[place] += " PE"
    return f"{draw(number)} {''.join(parts)}"


@st.composite
def orders(draw: st.DrawFn) -> str:
    """Any valid order, its clauses shuffled."""
    drug = draw(st.sampled_from(sorted(DRUGS)))
    infusion = draw(st.booleans())
    route = "iv" if infusion else draw(st.sampled_from(sorted(DRUGS[drug].routes)))
    dose = draw(masses(drug, numbers, draw(pers), draw(hours) if infusion else ""))
    clauses = []
    if draw(st.booleans()):
        clauses.append(f"{draw(st.sampled_from(['at', 'from']))} {draw(starts)}")
    if draw(st.booleans()):
        clauses.append(draw(st.sampled_from(["if seizing", "when seizing"])))
    if infusion and draw(st.booleans()):
        clauses.append(f"for {draw(times)}")
    if not infusion and draw(st.booleans()):
        clauses.append(f"every {draw(times)} x{draw(st.integers(1, 100))}")
    if not infusion and draw(st.booleans()):
        clauses.append(f"max {draw(masses(drug, positive))}")
    if route == "iv" and draw(st.booleans()):
        clauses.append(f"max {draw(masses(drug, positive, rate=draw(hours)))}")
    if route == "iv" and not infusion:
        over = f"over {draw(times)}"
        rate = f"rate {draw(masses(drug, positive, draw(pers), draw(hours)))}"
        clauses += draw(st.sampled_from([[], [over], [rate]]))
    words = [drug, dose, *draw(st.sampled_from([[], ["iv"]]) if route == "iv" else st.just([route]))]
    return " ".join([*words, *draw(st.permutations(clauses))])


regimens = st.lists(orders(), max_size=4).map("; ".join)


@given(regimens)
@example("propofol 0 mg/kg/h at 72 h")
@example("lorazepam 1e-9 ng at 1e-7 s")
def test_a_printed_regimen_reads_back_as_the_same_orders(text):
    regimen = read(text)
    printed = str(regimen)
    assert read(printed) == regimen
    assert str(read(printed)) == printed


@given(regimens, st.randoms(use_true_random=False))
def test_letter_case_and_white_space_do_not_matter(text, random):
    # upper() turns the micro sign into the Greek capital letter, which is read as well
    words = [random.choice([str.upper, str.lower, str.title])(word) for word in text.split(" ")]
    spaced = random.choice(["  ", "\t", "\n ", " "]).join(words) + random.choice(
        ["", " ", ";", " ; "] if text else [""]
    )
    assert read(spaced) == read(text)


@given(st.text(alphabet="lorazepam 4mg/kgPEivxatoverh;.,-0µ×", max_size=40))
def test_any_text_is_read_or_refused_with_a_caret(text):
    try:
        regimen = read("lorazepam " + text)
    except RegimenError as error:
        assert "\n  " in str(error) and "^" in str(error)
    else:
        assert read(str(regimen)) == regimen


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("Lorazepam 0.1MG/KG max 4 mg at 300 s", "lorazepam 0.1 mg/kg iv max 4 mg at 5 min"),
        ("propofol 100 mcg/kg/min for 3 d", "propofol 6 mg/kg/h iv for 72 h"),
        (
            "fosphenytoin 20 mg/kg PE if seizing at 20 min rate 150 mg/min PE max 1.5 g PE",
            "fosphenytoin 20 mg PE/kg iv rate 150 mg PE/min max 1500 mg PE at 20 min if seizing",
        ),
        ("levetiracetam 1 g po from 0.5 d every 12 h ×6", "levetiracetam 1000 mg po at 12 h every 12 h x 6"),
        ("lorazepam 4 mg max 2 mg/min max 8 mg", "lorazepam 4 mg iv max 8 mg max 2 mg/min"),
        ("lorazepam 0.00005 mg at 90 s", "lorazepam 50 ng iv at 1.5 min"),
        ("midazolam 0.05 mg/kg IN", "midazolam 0.05 mg/kg in"),
    ],
)
def test_printed_text(text, printed):
    assert str(read(text)) == printed
