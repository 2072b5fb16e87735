"""What is known: drugs, genes and interactions with their sources, read from the TOML files beside this module."""
