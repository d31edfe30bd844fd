"""Rust: a completion ends before the function's last brace."""

from __future__ import annotations

SOLUTIONS: dict[str, tuple[str, tuple[str, str]]] = {
    "HumanEval_24_largest_divisor": (
        """    (1..=n / 2).rev().find(|d| n % d == 0).unwrap_or(1)""",
        ("n / 2", "n / 3"),
    ),
    "HumanEval_96_count_up_to": (
        """    let mut primes: Vec<isize> = vec![];
    for k in 2..n {
        if primes.iter().all(|p| k % p != 0) {
            primes.push(k);
        }
    }
    primes""",
        ("2..n", "2..=n"),
    ),
    "HumanEval_72_will_it_fly": (
        """    q.iter().sum::<isize>() <= w && q.iter().eq(q.iter().rev())""",
        ("<= w", "< w"),
    ),
    "HumanEval_80_is_happy": (
        """    let s = s.as_bytes();
    s.len() > 2 && s.windows(3).all(|w| w[0] != w[1] && w[1] != w[2] && w[0] != w[2])""",
        ("w[0] != w[2]", "true"),
    ),
    "HumanEval_40_triples_sum_to_zero": (
        """    for i in 0..l.len() {
        for j in i + 1..l.len() {
            for k in j + 1..l.len() {
                if l[i] + l[j] + l[k] == 0 {
                    return true;
                }
            }
        }
    }
    false""",
        ("== 0", "== 1"),
    ),
    "HumanEval_48_is_palindrome": (
        """    text.chars().eq(text.chars().rev())""",
        ("text.chars().eq", "!text.chars().eq"),
    ),
    "HumanEval_8_sum_product": (
        """    (numbers.iter().sum(), numbers.iter().product())""",
        ("iter().product()", "iter().sum()"),
    ),
    "HumanEval_136_largest_smallest_integers": (
        """    let below = lst.iter().copied().filter(|x| *x < 0).max();
    let above = lst.iter().copied().filter(|x| *x > 0).min();
    (below, above)""",
        ("*x > 0", "*x >= 0"),
    ),
    "HumanEval_112_reverse_delete": (
        """    let kept: String = s.chars().filter(|x| !c.contains(*x)).collect();
    let same = kept.chars().eq(kept.chars().rev());
    (kept, same)""",
        ("!c.contains", "c.contains"),
    ),
    "HumanEval_64_vowels_count": (
        """    let s = s.to_lowercase();
    let count = s.chars().filter(|x| "aeiou".contains(*x)).count() as isize;
    if s.ends_with('y') { count + 1 } else { count }""",
        ("count + 1", "count"),
    ),
    "HumanEval_0_has_close_elements": (
        """    for i in 0..numbers.len() {
        for j in i + 1..numbers.len() {
            if (numbers[i] - numbers[j]).abs() < threshold {
                return true;
            }
        }
    }
    false""",
        ("in i + 1", "in i"),
    ),
    "HumanEval_16_count_distinct_characters": (
        """    use std::collections::HashSet;
    string.to_lowercase().chars().collect::<HashSet<char>>().len() as isize""",
        (".to_lowercase()", ""),
    ),
}
