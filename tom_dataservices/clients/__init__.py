"""What catalogues and name services say on the wire, each in a module of its own; no table is touched."""
