"""Java: a completion ends before the braces of its method and class."""

from __future__ import annotations

SOLUTIONS: dict[str, tuple[str, tuple[str, str]]] = {
    "HumanEval_24_largest_divisor": (
        """        for (long d = n / 2; d > 1; d--) {
            if (n % d == 0) return d;
        }
        return 1;""",
        ("n / 2", "n / 3"),
    ),
    "HumanEval_96_count_up_to": (
        """        ArrayList<Long> primes = new ArrayList<>();
        for (long k = 2; k < n; k++) {
            final long candidate = k;
            if (primes.stream().allMatch(p -> candidate % p != 0)) primes.add(k);
        }
        return primes;""",
        ("k < n", "k <= n"),
    ),
    "HumanEval_72_will_it_fly": (
        """        long total = 0;
        for (long x : q) total += x;
        ArrayList<Long> turned = new ArrayList<>(q);
        Collections.reverse(turned);
        return total <= w && turned.equals(q);""",
        ("<= w", "< w"),
    ),
    "HumanEval_80_is_happy": (
        """        for (int i = 2; i < s.length(); i++) {
            char a = s.charAt(i), b = s.charAt(i - 1), c = s.charAt(i - 2);
            if (a == b || b == c || a == c) return false;
        }
        return s.length() > 2;""",
        ("a == c", "false"),
    ),
    "HumanEval_40_triples_sum_to_zero": (
        """        for (int i = 0; i < l.size(); i++)
            for (int j = i + 1; j < l.size(); j++)
                for (int k = j + 1; k < l.size(); k++)
                    if (l.get(i) + l.get(j) + l.get(k) == 0) return true;
        return false;""",
        ("== 0", "== 1"),
    ),
    "HumanEval_48_is_palindrome": (
        """        return new StringBuilder(text).reverse().toString().equals(text);""",
        ("return new", "return !new"),
    ),
    "HumanEval_8_sum_product": (
        """        long sum = 0, product = 1;
        for (long x : numbers) {
            sum += x;
            product *= x;
        }
        return Pair.with(sum, product);""",
        ("product = 1", "product = 0"),
    ),
    "HumanEval_136_largest_smallest_integers": (
        """        Optional<Long> below = lst.stream().filter(x -> x < 0).max(Long::compare);
        Optional<Long> above = lst.stream().filter(x -> x > 0).min(Long::compare);
        return Pair.with(below, above);""",
        ("x > 0", "x >= 0"),
    ),
    "HumanEval_112_reverse_delete": (
        """        StringBuilder kept = new StringBuilder();
        for (char x : s.toCharArray()) if (c.indexOf(x) < 0) kept.append(x);
        String text = kept.toString();
        return Pair.with(text, kept.reverse().toString().equals(text));""",
        ("< 0", ">= 0"),
    ),
    "HumanEval_64_vowels_count": (
        """        String text = s.toLowerCase();
        long count = text.chars().filter(x -> "aeiou".indexOf(x) >= 0).count();
        return text.endsWith("y") ? count + 1 : count;""",
        ("count + 1", "count"),
    ),
    "HumanEval_0_has_close_elements": (
        """        for (int i = 0; i < numbers.size(); i++)
            for (int j = i + 1; j < numbers.size(); j++)
                if (Math.abs(numbers.get(i) - numbers.get(j)) < threshold) return true;
        return false;""",
        ("j = i + 1", "j = i"),
    ),
    "HumanEval_16_count_distinct_characters": (
        """        return string.toLowerCase().chars().distinct().count();""",
        (".toLowerCase()", ""),
    ),
}
