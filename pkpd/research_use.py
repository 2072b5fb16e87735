"""The sentence that stands on every result, in one wording."""

__all__ = ["RESEARCH_USE"]

RESEARCH_USE = "Research and teaching software; it never says what to give a patient."
