"""What the package is held against: published values, another program's answers, solvers written apart from it.

The tests and the validation page of the documentation read the same rows and call the same functions.
"""
