"""The language of filters: a safe expression over the fields of alerts, read, checked and compiled once.

Pure: no Django, no ``eval``. Called by the forms of filters, by the pass over a batch, and by the API.
"""

from .compiling import Compiled, compiled
from .conditions import OPERATORS, Condition, conditions_of, written
from .examples import EXAMPLES
from .parsing import parse
from .reading import ExpressionError
from .vocabulary import FIELDS, OWN_FIELDS, Field, field_named

__all__ = [
    "EXAMPLES",
    "FIELDS",
    "OPERATORS",
    "OWN_FIELDS",
    "Compiled",
    "Condition",
    "ExpressionError",
    "Field",
    "compiled",
    "conditions_of",
    "field_named",
    "parse",
    "written",
]
