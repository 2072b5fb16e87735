"""From a drug in a patient and its orders to the systems that the engine solves together."""
