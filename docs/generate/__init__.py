"""Pages that are written from the data of the package, so that no number stands in two places.

They are kept under version control: a reader finds them beside the other pages without building anything, and a changed
clinical number shows in the page's difference. A test holds that they are up to date.
"""
