"""Reports to TNS and messages to Hermes: filled in from a target, previewed, sent once, and kept."""
