// How a literal may look in the bytes of a JSON line. Stateless; private to match/.
#pragma once
#include <vector>

#include "engine/match/literal.h"

namespace culprit {

// True for bytes that JSON writers escape other than as \uXXXX: quote, backslash, slash, \b \f \n
// \r \t.
bool HasEscapeVariants(char c);

// True for bytes that some writers put as \uXXXX even into ASCII text: < > & ' = +. A trigger
// better does without.
bool MayBeUnicodeEscaped(char c);

// How many variants EscapeVariants would give.
size_t CountEscapeVariants(const Literal& literal);

// The literal itself first, then all other ways it can stand in a JSON line, or in JSON inside a
// string of a JSON line, so that Subject() shows the literal; \uXXXX aside.
std::vector<Literal> EscapeVariants(const Literal& literal);

}  // namespace culprit
