"""Tokens into a checked tree, by recursive descent; what does not fit is told with its place."""

from __future__ import annotations

import math
from collections.abc import Callable

from .functions import FUNCTIONS
from .reading import ExpressionError, Token, quoted, text_of, tokens_of
from .tree import (
    ANY,
    KIND_WORDS,
    NUMBER,
    TEXT,
    TRUTH,
    Between,
    Call,
    Constant,
    FieldValue,
    Missing,
    Negated,
    Node,
    OneOf,
    Pair,
)
from .vocabulary import field_named, like

MAX_DEPTH = 40
MAX_NODES = 400
_COMPARISONS = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "=": "=", "==": "=", "!=": "!=", "<>": "!="}


def parse(text: str) -> Node:
    """Return the tree of an expression, which gives true or false.

    Raises
    ------
    ExpressionError
        With the place of what does not fit, and what was expected there.
    """
    parser = _Parser(tokens_of(text))
    if parser.now.kind == "end":
        raise ExpressionError("the expression is empty; expected a condition such as mag < 19", 1)
    tree = parser.either()
    if parser.now.kind != "end":
        raise ExpressionError(
            f"found {parser.now}; expected and, or, or the end{parser.hint()}", parser.now.place
        )
    parser.fits(tree, TRUTH)
    if not parser.has_field:
        raise ExpressionError("the expression names no field of an alert", 1)
    return tree


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0
        self.count = 0
        self.has_field = False

    @property
    def now(self) -> Token:
        return self.tokens[self.at]

    def hint(self) -> str:
        """Return what is meant, maybe, where an expression goes on unexpectedly."""
        if self.now.kind == "sign" and self.now.value in _COMPARISONS:
            return "; a range is written mag between 18 and 20"
        if self.now.kind == "name" and self.at and self.tokens[self.at - 1].kind == "number":
            return "; numbers bear no unit: the list of fields tells the unit of each"
        return ""

    def take(self, kind: str, *values: str) -> Token | None:
        token = self.now
        if token.kind == kind and (not values or token.value in values):
            self.at += 1
            return token
        return None

    def need(self, kind: str, value: str, after: str) -> Token:
        token = self.take(kind, value)
        if token is None:
            raise ExpressionError(f"found {self.now}; expected “{value}” {after}", self.now.place)
        return token

    def made(self, node: Node) -> Node:
        self.count += 1
        if self.count > MAX_NODES:
            raise ExpressionError(f"the expression has more than {MAX_NODES} parts", node.place)
        return node

    def fits(self, node: Node, kind: str, other: Node | None = None) -> None:
        """Refuse a node of the wrong kind; `other` is what it is compared with."""
        if ANY in (kind, node.kind) or node.kind == kind:
            return
        because = " to compare it with" if other is not None else ""
        raise ExpressionError(
            f"this is {KIND_WORDS[node.kind]}; expected {KIND_WORDS[kind]}{because}", node.place
        )

    def deeper(self, read: Callable[[], Node]) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(f"more than {MAX_DEPTH} levels of brackets", self.now.place)
        try:
            return read()
        finally:
            self.depth -= 1

    def either(self) -> Node:
        return self.joined("or", lambda: self.joined("and", self.negated))

    def joined(self, word: str, read: Callable[[], Node]) -> Node:
        left = read()
        while token := self.take("word", word):
            self.fits(left, TRUTH)
            right = read()
            self.fits(right, TRUTH)
            left = self.made(Pair(TRUTH, token.place, word, left, right))
        return left

    def negated(self) -> Node:
        if token := self.take("word", "not"):
            of = self.deeper(self.negated)
            self.fits(of, TRUTH)
            return self.made(Negated(TRUTH, token.place, of))
        return self.compared()

    def compared(self) -> Node:
        left = self.sum()
        token = self.now
        if token.kind == "sign" and token.value in _COMPARISONS:
            self.at += 1
            self.not_bare(left)
            right = self.sum()
            self.fits(right, left.kind, left)
            sign = _COMPARISONS[token.value]
            if sign not in ("=", "!=") and TRUTH in (left.kind, right.kind):
                raise ExpressionError(f"“{token.value}” compares numbers or texts", token.place)
            return self.made(Pair(TRUTH, token.place, sign, left, right))
        if self.take("word", "is"):
            return self.is_missing(left, token)
        if token.kind == "word" and token.value in ("not", "in", "between", "contains"):
            return self.worded(left, token)
        return left

    def not_bare(self, left: Node) -> None:
        """Refuse a word that is meant as a text, without its quotation marks."""
        token = self.now
        is_call = self.tokens[self.at + 1 : self.at + 2] and self.tokens[self.at + 1].value == "("
        if token.kind == "name" and left.kind == TEXT and not is_call and field_named(token.value) is None:
            raise ExpressionError(f"a text stands in quotation marks: {quoted(token.value)}", token.place)

    def is_missing(self, left: Node, token: Token) -> Node:
        negated = self.take("word", "not")
        if not self.take("word", "missing", "null"):
            raise ExpressionError(f"found {self.now}; expected missing after is", self.now.place)
        found = self.made(Missing(TRUTH, token.place, left))
        return self.made(Negated(TRUTH, token.place, found)) if negated else found

    def worded(self, left: Node, token: Token) -> Node:
        negated = self.take("word", "not")
        if self.take("word", "in"):
            found: Node = OneOf(TRUTH, token.place, left, self.values(left))
        elif self.take("word", "between"):
            low = self.sum()
            self.need("word", "and", "between the two limits")
            high = self.sum()
            for limit in (low, high):
                self.fits(limit, left.kind, left)
            found = Between(TRUTH, token.place, left, low, high)
        elif self.take("word", "contains"):
            self.not_bare(left)
            right = self.sum()
            self.fits(left, TEXT)
            self.fits(right, TEXT)
            found = Pair(TRUTH, token.place, "contains", left, right)
        else:
            raise ExpressionError(
                f"found {self.now}; expected in, between or contains after not", self.now.place
            )
        self.made(found)
        return self.made(Negated(TRUTH, token.place, found)) if negated else found

    def values(self, left: Node) -> tuple[float | str | bool, ...]:
        opened = self.take("sign", "(", "[")
        if opened is None:
            raise ExpressionError(f"found {self.now}; expected a list such as ('g', 'r')", self.now.place)
        closing = ")" if opened.value == "(" else "]"
        found = []
        while True:
            self.not_bare(left)
            node = self.signed()
            if not isinstance(node, Constant):
                raise ExpressionError("a list holds plain numbers and texts", node.place)
            self.fits(node, left.kind, left)
            found.append(node.value)
            if not self.take("sign", ","):
                break
        self.need("sign", closing, "at the end of the list")
        return tuple(found)

    def sum(self) -> Node:
        return self.arithmetic(("+", "-"), lambda: self.arithmetic(("*", "/"), self.signed))

    def arithmetic(self, signs: tuple[str, ...], read: Callable[[], Node]) -> Node:
        left = read()
        while token := self.take("sign", *signs):
            right = read()
            self.fits(left, NUMBER)
            self.fits(right, NUMBER)
            if token.value == "/" and isinstance(right, Constant) and right.value == 0:
                raise ExpressionError("nothing is divided by zero", right.place)
            left = self.made(Pair(NUMBER, token.place, token.value, left, right))
        return left

    def signed(self) -> Node:
        if token := self.take("sign", "-"):
            of = self.deeper(self.signed)
            self.fits(of, NUMBER)
            if isinstance(of, Constant):
                return Constant(NUMBER, token.place, -float(of.value))
            return self.made(Negated(NUMBER, token.place, of))
        self.take("sign", "+")
        return self.single()

    def single(self) -> Node:
        token = self.now
        self.at += token.kind != "end"
        if token.kind == "number":
            value = float(token.value)
            if not math.isfinite(value):
                raise ExpressionError("the number is too large", token.place)
            return self.made(Constant(NUMBER, token.place, value))
        if token.kind == "text":
            return self.made(Constant(TEXT, token.place, text_of(token)))
        if token.kind == "word" and token.value in ("true", "false"):
            return self.made(Constant(TRUTH, token.place, token.value == "true"))
        if token.kind == "sign" and token.value == "(":
            inside = self.deeper(self.either)
            self.need("sign", ")", f"to close the one at character {token.place}")
            return inside
        if token.kind == "name":
            if self.take("sign", "("):
                return self.deeper(lambda: self.call(token))
            return self.field(token)
        hint = "; write mag is missing" if token.value == "null" else ""
        raise ExpressionError(f"found {token}; expected a field, a number or a text{hint}", token.place)

    def field(self, token: Token) -> Node:
        field = field_named(token.value)
        if field is None:
            near = like(token.value)
            if token.value.lower() in ("none", "nan"):
                raise ExpressionError(f"there is no “{token.value}”; write mag is missing", token.place)
            hint = f"; did you mean {near}?" if near else "; the list of fields stands beside the form"
            if token.value in FUNCTIONS:
                hint = f"; the function is written {FUNCTIONS[token.value].text}"
            raise ExpressionError(f"there is no field “{token.value}”{hint}", token.place)
        self.has_field = True
        return self.made(FieldValue(field.kind, token.place, field.name, token.value))

    def call(self, token: Token) -> Node:
        function = FUNCTIONS.get(token.value)
        if function is None:
            raise ExpressionError(
                f"there is no function “{token.value}”; there are {', '.join(sorted(FUNCTIONS))}", token.place
            )
        arguments: list[Node] = []
        while not self.take("sign", ")"):
            if arguments:
                self.need("sign", ",", "or “)” after an argument")
            kind = function.takes[min(len(arguments), len(function.takes) - 1)]
            argument = self.sum()
            self.fits(argument, kind)
            arguments.append(argument)
        wanted = len(function.takes)
        if len(arguments) != wanted and not (function.is_open and len(arguments) > wanted):
            raise ExpressionError(
                f"{token.value} takes {wanted} argument{'s' * (wanted != 1)}, found {len(arguments)}:"
                f" {function.text}",
                token.place,
            )
        kind = function.gives
        if function.also:
            self.has_field = True
        if kind == ANY and len({argument.kind for argument in arguments}) == 1:
            kind = arguments[0].kind
        return self.made(Call(kind, token.place, token.value, tuple(arguments)))
