"""Ten tasks in C in the native format: head, cases, a solution, and a change that breaks it."""

from __future__ import annotations

TASKS: dict[str, tuple[str, str, str, tuple[str, str]]] = {
    "gcd": (
        "unsigned long gcd(unsigned long a, unsigned long b)",
        '{"args": [12, 18], "expected": 6}\n{"args": [0, 5], "expected": 5}\n',
        """unsigned long gcd(unsigned long a, unsigned long b) {
    while (b) { unsigned long r = a % b; a = b; b = r; }
    return a;
}
""",
        ("return a", "return b"),
    ),
    "total": (
        "long long total(const int *values, size_t count)",
        '{"args": [[2147483647, 1]], "expected": 2147483648}\n{"args": [[]], "expected": 0}\n',
        """#include <stddef.h>
long long total(const int *values, size_t count) {
    long long sum = 0;
    for (size_t i = 0; i < count; i++) sum += values[i];
    return sum;
}
""",
        ("long long sum", "int sum"),
    ),
    "mean": (
        "double mean(const double *values, int count)",
        '{"args": [[1, 2.5]], "expected": 1.75}\n'
        '{"args": [[{"$float": "inf"}]], "expected": {"$float": "inf"}}\n',
        """double mean(const double *values, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) sum += values[i];
    return sum / count;
}
""",
        ("sum / count", "sum / 2 / count"),
    ),
    "is_palindrome": (
        "bool is_palindrome(const char *text)",
        '{"args": ["abba"], "expected": true}\n{"args": ["ab"], "expected": false}\n'
        '{"args": [""], "expected": true}\n',
        """#include <stdbool.h>
#include <string.h>
bool is_palindrome(const char *text) {
    size_t n = strlen(text);
    for (size_t i = 0; i < n / 2; i++) if (text[i] != text[n - 1 - i]) return false;
    return true;
}
""",
        ("return true", "return n > 0"),
    ),
    "shout": (
        "char *shout(const char *text)",
        '{"args": ["a\\u00e9\\"\\\\"], "expected": "A\\u00e9\\"\\\\"}\n'
        '{"args": [null], "expected": null}\n',
        """#include <ctype.h>
#include <stdlib.h>
#include <string.h>
char *shout(const char *text) {
    if (!text) return NULL;
    char *made = strdup(text);
    for (char *p = made; *p; p++) if (*p > 0) *p = toupper(*p);
    return made;
}
""",
        ("toupper", "tolower"),
    ),
    "squares": (
        "int *squares(int count, int *length)",
        '{"args": [3], "expected": [0, 1, 4]}\n{"args": [0], "expected": []}\n',
        """#include <stdlib.h>
int *squares(int count, int *length) {
    int *made = malloc((count + 1) * sizeof(int));
    for (int i = 0; i < count; i++) made[i] = i * i;
    *length = count;
    return made;
}
int main(void) { int n; return squares(2, &n)[1]; }
""",
        ("*length = count", "*length = count + 1"),
    ),
    "reverse": (
        "void reverse(short values[], size_t count)",
        '{"args": [[1, 2, 3]], "expected": [3, 2, 1]}\n{"args": [[]], "expected": []}\n',
        """#include <stddef.h>
void reverse(short values[], size_t count) {
    for (size_t i = 0; i < count / 2; i++) {
        short kept = values[i];
        values[i] = values[count - 1 - i];
        values[count - 1 - i] = kept;
    }
}
""",
        ("= kept", "= kept + 1"),
    ),
    "longest": (
        "const char *longest(const char **words, size_t count)",
        '{"args": [["a", "ccc", "bb"]], "expected": "ccc"}\n{"args": [[]], "expected": null}\n',
        """#include <string.h>
const char *longest(const char **words, size_t count) {
    const char *best = NULL;
    for (size_t i = 0; i < count; i++)
        if (!best || strlen(words[i]) > strlen(best)) best = words[i];
    return best;
}
""",
        ("> strlen", "< strlen"),
    ),
    "split": (
        "char **split(char *text, char mark, size_t *length)",
        '{"args": ["a,,b", ","], "expected": ["a", "", "b"]}\n'
        '{"args": ["", ","], "expected": [""]}\n',
        """#include <stdlib.h>
#include <string.h>
char **split(char *text, char mark, size_t *length) {
    char **made = malloc((strlen(text) + 1) * sizeof *made);
    *length = 0;
    for (char *end; (end = strchr(text, mark)); text = end + 1) {
        *end = 0;
        made[(*length)++] = text;
    }
    made[(*length)++] = text;
    return made;
}
""",
        ("made[(*length)++] = text;\n    return", "return"),
    ),
    "clamp": (
        "int8_t clamp(int64_t value)",
        '{"args": [-9223372036854775808], "expected": -128}\n'
        '{"args": [{"$int": "0x7fffffffffffffff"}], "expected": 127}\n'
        '{"args": [5], "expected": 5}\n',
        """#include <stdint.h>
int8_t clamp(int64_t value) {
    return value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value;
}
""",
        ("INT8_MAX : value", "INT8_MAX : -value"),
    ),
}
