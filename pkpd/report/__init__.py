"""Pages and folders for reading: what was asked, the tables, the pictures, the assumptions."""
