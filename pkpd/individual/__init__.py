"""What the library says of a drug in one patient: parameters, with every effect applied or withheld."""
