"""Import and export of targets: files of any usual format into the database, and any list of targets out."""
