"""Every broken order gets its own sentence: the order, carets under the word, what was expected, the nearest word.

In the orders below « and » enclose the words under the carets; they are taken out before the order is read.
"""

import pytest
from regimen_stub import read

from pkpd.errors import RegimenError

DRUGS = "Expected one of fosphenytoin, levetiracetam, lorazepam, midazolam, phenytoin, propofol, valproate."
MASS = "Expected one of g, mg, mcg, ug, ng."
TIME = "Expected one of s, min, h, d."
SEMICOLON = "Orders are separated by ';'."
CLAUSE = "Expected a clause: over, rate, for, max, at, from, every, if, when."
ROUTE = (
    "Expected a route (iv, im, po, in, buccal, sl, sc, pr) or a clause (over, rate, for, max, at, from, every, if, "
    "when)."
)
COMMA = "Expected a decimal point, and no sign between thousands."
DOSE = "Expected a dose after the drug, such as '4 mg'."
ONCE = "Expected each clause at most once. Remove one."
COUNT = "Expected 'x N', N doses in all. Write, for example, 'every 12 h x 6'."
WHOLE = "Expected a whole number from 1, such as 'x 6'."

DRUG_AND_DOSE = [
    ("«lorazepm» 4 mg iv at 5 min", "'lorazepm' is not a known drug", f"{DRUGS} Did you mean 'lorazepam'?"),
    ("«LORAZEPM» 4 mg", "'LORAZEPM' is not a known drug", f"{DRUGS} Did you mean 'lorazepam'?"),
    ("«fenitoin» 1 g", "'fenitoin' is not a known drug", f"{DRUGS} Did you mean 'phenytoin'?"),
    ("«valproic acid» 40 mg/kg", "'valproic acid' is not a known drug", f"{DRUGS} Did you mean 'valproate'?"),
    ("«zzz»", "'zzz' is not a known drug", DRUGS),
    ("«lorazepam4mg» iv", "'lorazepam4mg' is not a known drug", f"{DRUGS} Did you mean 'lorazepam'?"),
    (
        "«4» mg lorazepam",
        "'4' stands where the drug should",
        "Expected DRUG DOSE [ROUTE], such as 'lorazepam 4 mg iv'.",
    ),
    ("lorazepam«»", "the end of the order stands where a number should", DOSE),
    ("lorazepam «iv» 4 mg", "'iv' stands where a number should", DOSE),
    ("lorazepam «-»", "'-' stands where a number should", DOSE),
    ("lorazepam «nan» mg", "'nan' stands where a number should", DOSE),
    ("lorazepam «-4» mg", "'-4' is negative", f"{DOSE} Give a number that is not negative."),
    ("lorazepam «−4» mg", "'−4' is negative", f"{DOSE} Give a number that is not negative."),
    ("lorazepam «1.2.3» mg", "'1.2.3' is not a number", f"{DOSE} Write one decimal point."),
    ("lorazepam «1e400» mg", "'1e400' is too large", DOSE),
    ("lorazepam «0,1» mg", "'0,1' has a decimal comma", f"{COMMA} Write '0.1'."),
    ("lorazepam «,5» mg", "',5' has a comma", f"{COMMA} Write '0.5'."),
    ("lorazepam «4,» mg", "'4,' has a comma", f"{COMMA} Write '4'."),
    (
        "levetiracetam «1,000» mg",
        "'1,000' has a comma",
        f"{COMMA} Write '1000', or '1.000' if a decimal was meant.",
    ),
    ("lorazepam «4»", "'4' has no unit", "Expected a mass, such as '4 mg' (g, mg, mcg, ug, ng)."),
    ("lorazepam «4» iv", "'4' has no unit", "Expected a mass, such as '4 mg' (g, mg, mcg, ug, ng)."),
    ("propofol «0» iv at 72 h", "'0' has no unit", "Expected a mass, such as '4 mg' (g, mg, mcg, ug, ng)."),
    ("lorazepam 4 «ml»", "'ml' is not a unit of mass", MASS),
    ("lorazepam 4 «milligrams»", "'milligrams' is not a unit of mass", f"{MASS} Did you mean 'mg'?"),
    ("lorazepam 4 «mgg» iv", "'mgg' is not a unit of mass", f"{MASS} Did you mean 'mg'?"),
    ("lorazepam 4 «mg.» iv", "'mg.' is not a unit of mass", f"{MASS} Did you mean 'mg'?"),
    ("lorazepam 4 «kg»", "'kg' is not a unit of mass", f"{MASS} Did you mean 'g'?"),
]

DIVISIONS = [
    ("midazolam 0.2 mg/h«/kg»", "'/kg' stands after the time", "Expected the time last. Write 'mg/kg/h'."),
    ("midazolam 2 mcg/min«/m2»", "'/m2' stands after the time", "Expected the time last. Write 'mcg/m2/min'."),
    ("fosphenytoin 2 mg PE/h«/kg»", "'/kg' stands after the time", "Expected the time last. Write 'mg PE/kg/h'."),
    (
        "midazolam 2 mg/kg«/kg»",
        "'/kg' is one division too many",
        "Expected at most '/kg' or '/m2', then '/min' or '/h'.",
    ),
    (
        "midazolam 2 mg/kg«/m2»",
        "'/m2' is one division too many",
        "Expected at most '/kg' or '/m2', then '/min' or '/h'.",
    ),
    (
        "midazolam 2 mg/h«/min»",
        "'/min' is one division too many",
        "Expected at most '/kg' or '/m2', then '/min' or '/h'.",
    ),
    (
        "midazolam 2 mg/kg«/hr»",
        "'/hr' is not known in a dose or a rate",
        "Expected /min or /h after 'mg'. Did you mean 'h'?",
    ),
    (
        "midazolam 2 mg«/kgs»/h",
        "'/kgs' is not known in a dose or a rate",
        "Expected /kg or /m2 or /min or /h after 'mg'. Did you mean 'kg'?",
    ),
    (
        "midazolam 2 mg«/ml»",
        "'/ml' is not known in a dose or a rate",
        "Expected /kg or /m2 or /min or /h after 'mg'.",
    ),
    ("midazolam 2 mg/kg«/d»", "'/d' is not known in a dose or a rate", "Expected /min or /h after 'mg'."),
    (
        "midazolam 2 mg«/»",
        "'/' is not known in a dose or a rate",
        "Expected /kg or /m2 or /min or /h after 'mg'.",
    ),
    ("midazolam 2 mg/h«/»", "'/' is not known in a dose or a rate", "Expected nothing more after 'mg'."),
]

EQUIVALENTS = [
    (
        "fosphenytoin «20 mg/kg»",
        "'20 mg/kg' has no PE, and 'fosphenytoin' is ordered in phenytoin equivalents",
        "Expected PE after the mass. Write '20 mg PE/kg'.",
    ),
    (
        "fosphenytoin 20 mg PE/kg rate «150 mg/min»",
        "'150 mg/min' has no PE, and 'fosphenytoin' is ordered in phenytoin equivalents",
        "Expected PE after the mass. Write '150 mg PE/min'.",
    ),
    (
        "fosphenytoin 20 mg PE/kg max «1500 mg»",
        "'1500 mg' has no PE, and 'fosphenytoin' is ordered in phenytoin equivalents",
        "Expected PE after the mass. Write '1500 mg PE'.",
    ),
    ("lorazepam «4 mg PE»", "'lorazepam' is not ordered in PE", "Expected a plain mass. Write '4 mg'."),
    (
        "phenytoin 20 mg/kg rate «50 mg PE/min»",
        "'phenytoin' is not ordered in PE",
        "Expected a plain mass. Write '50 mg/min'.",
    ),
    ("phenytoin 1 g max «1 g PE»", "'phenytoin' is not ordered in PE", "Expected a plain mass. Write '1 g'."),
    ("fosphenytoin 20 «mgPE»/kg", "'mgPE' is not a unit of mass", f"{MASS} Write 'mg PE'."),
    ("fosphenytoin 20 mg PE/kg «PE»", "'PE' does not follow a mass", "Expected PE once, as in '20 mg PE/kg'."),
]

ROUTES = [
    ("lorazepam 4 mg «oral»", "'oral' is neither a route nor a clause", f"{ROUTE} Did you mean 'po'?"),
    ("lorazepam 4 mg «i.v.»", "'i.v.' is neither a route nor a clause", f"{ROUTE} Did you mean 'iv'?"),
    ("midazolam 4 mg «bucal»", "'bucal' is neither a route nor a clause", f"{ROUTE} Did you mean 'buccal'?"),
    ("lorazepam 4 mg «foo»", "'foo' is neither a route nor a clause", f"{ROUTE} Did you mean 'for'?"),
    ("lorazepam 4 mg iv «im»", "the route 'im' is the second", "Expected one route, right after the dose."),
    (
        "lorazepam 4 mg at 5 min «iv»",
        "the route 'iv' does not follow the dose",
        "Expected one route, right after the dose.",
    ),
    (
        "midazolam 10 mg «sl»",
        "the library has no absorption rate for 'midazolam' by route 'sl'",
        "Expected route iv or im or po or in or buccal or sc or pr. `pkpd drugs midazolam` lists the routes.",
    ),
    (
        "propofol 2 mg/kg «IM»",
        "the library has no absorption rate for 'propofol' by route 'im'",
        "Expected route iv. `pkpd drugs propofol` lists the routes.",
    ),
    ("midazolam 0.2 mg/kg/h «im»", "an infusion cannot run 'im'", "Expected route iv for a mass per time."),
]

TIMES = [
    ("lorazepam 4 mg at «5»", "'5' has no unit", "Expected a time, such as '5 min' (s, min, h, d)."),
    ("lorazepam 4 mg over «5» at 3 min", "'5' has no unit", "Expected a time, such as '5 min' (s, min, h, d)."),
    ("propofol 5 mg/h for «24»", "'24' has no unit", "Expected a time, such as '24 h' (s, min, h, d)."),
    ("lorazepam 4 mg every «12» x 3", "'12' has no unit", "Expected a time, such as '12 h' (s, min, h, d)."),
    ("lorazepam 4 mg at 5 «minutes»", "'minutes' is not a unit of time", f"{TIME} Did you mean 'min'?"),
    ("lorazepam 4 mg at 5 «m»", "'m' is not a unit of time", f"{TIME} Did you mean 'min'?"),
    ("lorazepam 4 mg at 5 «hours»", "'hours' is not a unit of time", f"{TIME} Did you mean 'h'?"),
    ("lorazepam 4 mg at 5 «mg»", "'mg' is not a unit of time", TIME),
    ("lorazepam 4 mg at 0 «foo»", "'foo' is not a unit of time", TIME),
    (
        "lorazepam 4 mg at «-5» min",
        "'-5' is negative",
        "Expected a time with its unit, such as '5 min'. Give a number that is not negative.",
    ),
    ("lorazepam 4 mg at «0,5» h", "'0,5' has a decimal comma", f"{COMMA} Write '0.5'."),
    (
        "lorazepam 4 mg at «soon»",
        "'soon' stands where a number should",
        "Expected a time with its unit, such as '5 min'.",
    ),
    (
        "lorazepam 4 mg at«»",
        "the end of the order stands where a number should",
        "Expected a time with its unit, such as '5 min'.",
    ),
    ("lorazepam 4 mg over «0» min", "'over' has zero length", "Expected a time above 0, such as '5 min'."),
    ("lorazepam 4 mg over «0»", "'over' has zero length", "Expected a time above 0, such as '5 min'."),
    ("propofol 5 mg/h for «0» h", "'for' has zero length", "Expected a time above 0, such as '24 h'."),
    ("lorazepam 4 mg every «0» h x 2", "'every' has zero length", "Expected a time above 0, such as '12 h'."),
]

CLAUSES = [
    ("lorazepam 4 mg at 5 min «from» 10 min", "the clause 'at' is given twice, as 'at' and 'from'", ONCE),
    ("lorazepam 4 mg at 5 min «at» 5 min", "the clause 'at' is given twice", ONCE),
    ("lorazepam 4 mg over 5 min «over» 5 min", "the clause 'over' is given twice", ONCE),
    ("lorazepam 4 mg rate 1 mg/h «rate» 1 mg/h", "the clause 'rate' is given twice", ONCE),
    ("propofol 5 mg/h for 1 h «for» 1 h", "the clause 'for' is given twice", ONCE),
    ("lorazepam 4 mg max 4 mg «max» 5 mg", "the clause 'max' is given twice", ONCE),
    ("lorazepam 4 mg max 4 mg max 1 mg/h «max» 5 mg/h", "the clause 'max rate' is given twice", ONCE),
    ("lorazepam 4 mg every 1 h x 2 «every» 1 h x 2", "the clause 'every' is given twice", ONCE),
    ("lorazepam 4 mg if seizing «if» seizing", "the clause 'if seizing' is given twice", ONCE),
    ("lorazepam 4 mg if seizing «when» seizing", "the clause 'if seizing' is given twice, as 'if' and 'when'", ONCE),
    ("lorazepam 4 mg if «seizure»", "'seizure' stands after 'if'", "Expected 'if seizing'. Did you mean 'seizing'?"),
    (
        "lorazepam 4 mg when «siezing»",
        "'siezing' stands after 'when'",
        "Expected 'when seizing'. Did you mean 'seizing'?",
    ),
    ("lorazepam 4 mg if«»", "the end of the order stands after 'if'", "Expected 'if seizing'."),
    ("lorazepam 4 mg every 12 h«»", "the end of the order stands where the number of doses should", COUNT),
    ("lorazepam 4 mg every 12 h «at» 5 min", "'at' stands where the number of doses should", COUNT),
    ("lorazepam 4 mg every 12 h «6»", "'6' stands where the number of doses should", COUNT),
    ("lorazepam 4 mg every 12 h x «0»", "'0' is not a number of doses", WHOLE),
    ("lorazepam 4 mg every 12 h x «2.5»", "'2.5' is not a number of doses", WHOLE),
    (
        "lorazepam 4 mg every 12 h x«»",
        "the end of the order stands where a number should",
        "Expected the number of doses, such as 'x 6'.",
    ),
    ("lorazepam 4 mg «x» 3", "'x' does not follow an interval", "Expected 'every INTERVAL x N'."),
    (
        "lorazepam 4 mg iv «stat»",
        "'stat' stands where a clause should begin",
        f"{CLAUSE} Leave it out: an order without 'at' is given at time 0.",
    ),
    ("levetiracetam 1 g iv «daily»", "'daily' stands where a clause should begin", f"{CLAUSE} Write 'every 24 h x N'."),
    ("lorazepam 4 mg iv«,» midazolam 5 mg", "',' stands where a clause should begin", f"{CLAUSE} {SEMICOLON}"),
    ("lorazepam 4 mg iv «midazolam» 5 mg", "'midazolam' stands where a clause should begin", f"{CLAUSE} {SEMICOLON}"),
    (
        "lorazepam 4 mg iv «evry» 6 h x 2",
        "'evry' stands where a clause should begin",
        f"{CLAUSE} Did you mean 'every'?",
    ),
    (
        "lorazepam 4 mg iv «starting» 6 h",
        "'starting' stands where a clause should begin",
        f"{CLAUSE} Did you mean 'from'?",
    ),
    ("lorazepam 4 mg«,» at 5 min", "',' stands where a clause should begin", CLAUSE),
    ("midazolam 10 mg in «5» min", "'5' stands where a clause should begin", CLAUSE),
    ("lorazepam 4 mg over 1 h «30» min", "'30' stands where a clause should begin", CLAUSE),
]

COMBINATIONS = [
    (
        "lorazepam 4 mg over 2 min «rate» 2 mg/min",
        "'over' and 'rate' are both given",
        "Expected one of them. Remove the other.",
    ),
    (
        "lorazepam 4 mg rate 2 mg/min «over» 2 min",
        "'over' and 'rate' are both given",
        "Expected one of them. Remove the other.",
    ),
    (
        "lorazepam 4 mg «for» 5 min",
        "'for' does not go with a dose",
        "Expected 'over' for how long a dose takes; an infusion is a mass per time, such as '5 mg/h'.",
    ),
    (
        "propofol 5 mg/kg/h «over» 6 h",
        "'over' does not go with an infusion",
        "Expected a dose before 'over'. For how long an infusion runs, write 'for'.",
    ),
    (
        "propofol 5 mg/kg/h «rate» 6 mg/h",
        "'rate' does not go with an infusion",
        "Expected a dose before 'rate'. The rate of an infusion stands after the drug.",
    ),
    (
        "propofol 5 mg/kg/h «every» 6 h x 3",
        "'every' does not go with an infusion",
        "Expected a dose before 'every'. An infusion runs on; write a second order to change it.",
    ),
    (
        "propofol 5 mg/kg/h «max» 500 mg",
        "'max' does not go with an infusion",
        "Expected a mass per time to cap an infusion, such as 'max 10 mg/h'.",
    ),
    (
        "lorazepam 4 mg im «over» 2 min",
        "'over' does not go with route 'im'",
        "Expected 'over' with route iv only. Remove it, or order iv.",
    ),
    (
        "lorazepam 4 mg im «rate» 2 mg/min",
        "'rate' does not go with route 'im'",
        "Expected 'rate' with route iv only. Remove it, or order iv.",
    ),
    (
        "lorazepam 4 mg im «max» 2 mg/min",
        "'max rate' does not go with route 'im'",
        "Expected 'max rate' with route iv only. Remove it, or order iv.",
    ),
    ("lorazepam 4 mg rate «2 mg»", "'2 mg' is not a rate", "Expected a mass per time, such as '2 mg/min'."),
    (
        "lorazepam 4 mg rate «0 mg/min»",
        "the rate '0 mg/min' is zero",
        "Expected a rate above 0, such as '2 mg/min'.",
    ),
    (
        "lorazepam 4 mg max «0.1 mg/kg»",
        "the largest dose '0.1 mg/kg' is per kg",
        "Expected a mass or a mass per time without '/kg' or '/m2', such as 'max 4 mg'.",
    ),
    (
        "propofol 5 mg/kg/h max «5 mg/m2/h»",
        "the largest dose '5 mg/m2/h' is per m2",
        "Expected a mass or a mass per time without '/kg' or '/m2', such as 'max 4 mg'.",
    ),
    (
        "lorazepam 4 mg max «0 mg»",
        "the cap '0 mg' is zero",
        "Expected a mass or a rate above 0, such as 'max 4 mg'.",
    ),
]

ALL = [*DRUG_AND_DOSE, *DIVISIONS, *EQUIVALENTS, *ROUTES, *TIMES, *CLAUSES, *COMBINATIONS]


def message_of(text: str) -> str:
    with pytest.raises(RegimenError) as error:
        read(text)
    return str(error.value)


@pytest.mark.parametrize(("marked", "wrong", "expected"), ALL, ids=[marked for marked, _, _ in ALL])
def test_message(marked, wrong, expected):
    order = marked.replace("«", "").replace("»", "")
    start, end = marked.index("«"), marked.index("»") - 1
    first, shown, carets, last = message_of(order).split("\n")
    assert first == f"regimen, order 1: {wrong}"
    assert shown == f"  {order}"
    assert carets == "  " + " " * start + "^" * max(end - start, 1)
    assert last == expected


def test_the_order_at_fault_is_named_and_shown_alone():
    message = message_of("lorazepam 4 mg;  propofol 2 mg/kg ; midazolam 10\tmg  oral ; propofol 1 mg")
    assert message.startswith(
        "regimen, order 3: 'oral' is neither a route nor a clause\n"
        "  midazolam 10 mg  oral\n"
        "                   ^^^^\n"
        "Expected a route"
    )


@pytest.mark.parametrize(
    ("text", "index", "position"),
    [
        ("lorazepam 4 mg; ; lorazepam 4 mg", 2, 16),
        ("lorazepam 4 mg;;", 2, 15),
        ("; lorazepam 4 mg", 1, 0),
        (";", 1, 0),
    ],
)
def test_an_empty_order(text, index, position):
    assert message_of(text) == (
        f"regimen, order {index}: the order is empty\n  {text}\n  {' ' * position}^\n"
        "Expected DRUG DOSE [ROUTE] between two semicolons. Remove one ';', or write the order."
    )


def test_none_stands_alone():
    assert message_of("lorazepam 4 mg; none") == (
        "regimen, order 2: 'none' stands beside other orders\n  none\n  ^^^^\n"
        "Expected 'none' alone for an untreated run, or orders only. Remove it."
    )


@pytest.mark.parametrize(("value", "kind"), [(None, "None"), (4.0, "a float"), (["lorazepam 4 mg"], "a list")])
def test_a_regimen_is_text(value, kind):
    message = message_of(value)
    assert message == (
        f"regimen: '{value}' is {kind}; expected text such as 'lorazepam 4 mg iv at 5 min'. "
        "Write 'none' for an untreated run."
    )
