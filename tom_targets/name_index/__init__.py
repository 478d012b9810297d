"""The index behind searches for a part of a name; ``queries`` says how it is made and asked."""

from tom_targets.name_index.queries import SHORTEST, TABLES, ensure_name_index, holding

__all__ = ["SHORTEST", "TABLES", "ensure_name_index", "holding"]
