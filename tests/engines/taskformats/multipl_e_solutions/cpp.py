"""C++: a completion ends before the function's last brace."""

from __future__ import annotations

SOLUTIONS: dict[str, tuple[str, tuple[str, str]]] = {
    "HumanEval_24_largest_divisor": (
        """    for (long d = n / 2; d > 1; d--)
        if (n % d == 0) return d;
    return 1;""",
        ("n / 2", "n / 3"),
    ),
    "HumanEval_96_count_up_to": (
        """    std::vector<long> primes;
    for (long k = 2; k < n; k++)
        if (std::all_of(primes.begin(), primes.end(), [&](long p) { return k % p != 0; }))
            primes.push_back(k);
    return primes;""",
        ("k < n", "k <= n"),
    ),
    "HumanEval_72_will_it_fly": (
        """    long total = std::accumulate(q.begin(), q.end(), 0L);
    return total <= w && std::equal(q.begin(), q.end(), q.rbegin());""",
        ("<= w", "< w"),
    ),
    "HumanEval_80_is_happy": (
        """    if (s.size() < 3) return false;
    for (size_t i = 2; i < s.size(); i++)
        if (s[i] == s[i - 1] || s[i] == s[i - 2] || s[i - 1] == s[i - 2]) return false;
    return true;""",
        ("s[i] == s[i - 2]", "false"),
    ),
    "HumanEval_40_triples_sum_to_zero": (
        """    for (size_t i = 0; i < l.size(); i++)
        for (size_t j = i + 1; j < l.size(); j++)
            for (size_t k = j + 1; k < l.size(); k++)
                if (l[i] + l[j] + l[k] == 0) return true;
    return false;""",
        ("== 0", "== 1"),
    ),
    "HumanEval_48_is_palindrome": (
        """    return std::equal(text.begin(), text.end(), text.rbegin());""",
        ("std::equal", "!std::equal"),
    ),
    "HumanEval_8_sum_product": (
        """    long sum = 0, product = 1;
    for (long x : numbers) sum += x, product *= x;
    return {sum, product};""",
        ("product = 1", "product = 0"),
    ),
    "HumanEval_136_largest_smallest_integers": (
        """    std::optional<long> below, above;
    for (long x : lst) {
        if (x < 0 && (!below || x > *below)) below = x;
        if (x > 0 && (!above || x < *above)) above = x;
    }
    return {below, above};""",
        ("x > 0", "x >= 0"),
    ),
    "HumanEval_112_reverse_delete": (
        """    std::string kept;
    for (char x : s) if (c.find(x) == std::string::npos) kept += x;
    return {kept, std::equal(kept.begin(), kept.end(), kept.rbegin())};""",
        ("== std", "!= std"),
    ),
    "HumanEval_64_vowels_count": (
        """    long count = 0;
    for (char x : s) count += std::string("aeiouAEIOU").find(x) != std::string::npos;
    return count + (!s.empty() && std::tolower(s.back()) == 'y');""",
        ("'y'", "'z'"),
    ),
    "HumanEval_0_has_close_elements": (
        """    for (size_t i = 0; i < numbers.size(); i++)
        for (size_t j = i + 1; j < numbers.size(); j++)
            if (std::abs(numbers[i] - numbers[j]) < threshold) return true;
    return false;""",
        ("j = i + 1", "j = i"),
    ),
    "HumanEval_16_count_distinct_characters": (
        """    std::set<char> seen;
    for (char x : string) seen.insert(std::tolower(x));
    return seen.size();""",
        ("std::tolower(x)", "x"),
    ),
}
