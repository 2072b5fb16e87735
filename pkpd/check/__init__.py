"""The check of a data set: rules beyond the errors that every reader refuses, each finding with its line and remedy."""
