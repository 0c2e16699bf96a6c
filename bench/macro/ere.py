"""RE2 patterns as POSIX extended ones (with GNU's \\b), for peers that know no others.

Only whether a line matches is kept: groups capture nothing, lazy becomes greedy. A pattern that
cannot be said that way raises Untranslatable.
"""
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    try:
        from re import _constants as c, _parser as parser  # Python 3.11 and later
    except ImportError:
        import sre_constants as c
        import sre_parse as parser

SPECIAL = set(".[]{}()*+?^$|\\")
CLASSES = {c.CATEGORY_DIGIT: "0-9", c.CATEGORY_WORD: "A-Za-z0-9_", c.CATEGORY_SPACE: "[:space:]"}
NEGATED = {c.CATEGORY_NOT_DIGIT: "^0-9", c.CATEGORY_NOT_WORD: "^A-Za-z0-9_",
           c.CATEGORY_NOT_SPACE: "^[:space:]"}


class Untranslatable(ValueError):
    pass


def to_ere(pattern):
    try:
        tree = parser.parse(pattern)
    except Exception as error:  # Python's own parser says no to some of RE2's syntax
        raise Untranslatable(str(error)) from error
    return _sequence(tree, bool(tree.state.flags & parser.SRE_FLAG_IGNORECASE))


def _sequence(items, fold):
    return "".join(_item(op, value, fold) for op, value in items)


def _literal(code, fold):
    char = chr(code)
    if code > 126 or (code < 32 and char != "\t"):
        raise Untranslatable(f"character {code}")
    if fold and char.isalpha():
        return f"[{char.lower()}{char.upper()}]"
    return "\\" + char if char in SPECIAL else char


def _set(items, fold):
    negated, chars, ranges = False, set(), ""
    for op, value in items:
        if op is c.NEGATE:
            negated = True
        elif op is c.LITERAL:
            chars |= {chr(value).lower(), chr(value).upper()} if fold else {chr(value)}
        elif op is c.RANGE:
            low, high = chr(value[0]), chr(value[1])
            ranges += f"{low}-{high}"
            if fold and low.isalpha() and high.isalpha():
                ranges += f"{low.swapcase()}-{high.swapcase()}"
        elif op is c.CATEGORY and value in CLASSES:
            ranges += CLASSES[value]
        elif op is c.CATEGORY and value in NEGATED and len(items) == 1:
            return f"[{NEGATED[value]}]"
        else:
            raise Untranslatable(f"{op} {value} in a class")
    chars.discard("\n")  # no line holds one
    if not ranges and not chars:
        if negated:
            return "."
        raise Untranslatable("only a newline")
    if chars == {"^"} and not ranges and not negated:
        return "\\^"
    # Inside brackets "]" stands first, "^" not first, "-" last, and a backslash is itself.
    first = "]" if "]" in chars else ""
    caret = "^" if "^" in chars else ""
    dash = "-" if "-" in chars else ""
    middle = "".join(sorted(chars - {"]", "^", "-"}))
    return "[" + ("^" if negated else "") + first + ranges + middle + caret + dash + "]"


def _item(op, value, fold):
    if op is c.LITERAL:
        return _literal(value, fold)
    if op is c.NOT_LITERAL:
        return _set([(c.NEGATE, None), (c.LITERAL, value)], fold)
    if op is c.ANY:
        return "."
    if op is c.IN:
        return _set(value, fold)
    if op is c.BRANCH:
        return "(" + "|".join(_sequence(branch, fold) for branch in value[1]) + ")"
    if op is c.SUBPATTERN:
        _, add, remove, inner = value
        fold = (fold or bool(add & parser.SRE_FLAG_IGNORECASE)) and not (
            remove & parser.SRE_FLAG_IGNORECASE)
        return "(" + _sequence(inner, fold) + ")"
    if op in (c.MAX_REPEAT, c.MIN_REPEAT):
        low, high, inner = value
        body = _sequence(inner, fold)
        if len(inner) != 1 or inner[0][0] in (c.MAX_REPEAT, c.MIN_REPEAT):
            body = f"({body})"
        if high is c.MAXREPEAT:
            return body + {0: "*", 1: "+"}.get(low, f"{{{low},}}")
        return body + ("?" if (low, high) == (0, 1) else f"{{{low},{high}}}")
    if op is c.AT:
        known = {c.AT_BEGINNING: "^", c.AT_BEGINNING_STRING: "^", c.AT_END: "$",
                 c.AT_END_STRING: "$", c.AT_BOUNDARY: "\\b", c.AT_NON_BOUNDARY: "\\B"}
        return known[value]
    raise Untranslatable(str(op))
