"""Bodies that are JavaScript and TypeScript at once."""

from __future__ import annotations

SOLUTIONS: dict[str, tuple[str, tuple[str, str]]] = {
    "HumanEval_24_largest_divisor": (
        """  for (let d = Math.floor(n / 2); d > 1; d--) {
    if (n % d === 0) return d;
  }
  return 1;
}
""",
        ("n / 2", "n / 3"),
    ),
    "HumanEval_96_count_up_to": (
        """  const primes: number[] = [];
  for (let k = 2; k < n; k++) {
    if (primes.every((p) => k % p !== 0)) primes.push(k);
  }
  return primes;
}
""".replace(": number[]", ""),
        ("k < n", "k <= n"),
    ),
    "HumanEval_72_will_it_fly": (
        """  const total = q.reduce((a, b) => a + b, 0);
  return total <= w && q.every((x, i) => x === q[q.length - 1 - i]);
}
""",
        ("<= w", "< w"),
    ),
    "HumanEval_80_is_happy": (
        """  if (s.length < 3) return false;
  for (let i = 2; i < s.length; i++) {
    if (s[i] === s[i - 1] || s[i] === s[i - 2] || s[i - 1] === s[i - 2]) return false;
  }
  return true;
}
""",
        ("s[i] === s[i - 2]", "false"),
    ),
    "HumanEval_40_triples_sum_to_zero": (
        """  for (let i = 0; i < l.length; i++)
    for (let j = i + 1; j < l.length; j++)
      for (let k = j + 1; k < l.length; k++)
        if (l[i] + l[j] + l[k] === 0) return true;
  return false;
}
""",
        ("=== 0", "=== 1"),
    ),
    "HumanEval_48_is_palindrome": (
        """  return text === [...text].reverse().join('');
}
""",
        ("===", "!=="),
    ),
    "HumanEval_8_sum_product": (
        """  let sum = 0, product = 1;
  for (const x of numbers) {
    sum += x;
    product *= x;
  }
  return [sum, product];
}
""",
        ("product = 1", "product = 0"),
    ),
    "HumanEval_136_largest_smallest_integers": (
        """  const below = lst.filter((x) => x < 0), above = lst.filter((x) => x > 0);
  return [
    below.length ? Math.max(...below) : undefined,
    above.length ? Math.min(...above) : undefined,
  ];
}
""",
        ("x > 0", "x >= 0"),
    ),
    "HumanEval_112_reverse_delete": (
        """  const kept = [...s].filter((x) => !c.includes(x));
  return [kept.join(''), kept.join('') === kept.reverse().join('')];
}
""",
        ("!c.includes", "c.includes"),
    ),
    "HumanEval_64_vowels_count": (
        """  let count = 0;
  for (const x of s.toLowerCase()) if ('aeiou'.includes(x)) count++;
  return s.toLowerCase().endsWith('y') ? count + 1 : count;
}
""",
        ("count + 1", "count"),
    ),
    "HumanEval_0_has_close_elements": (
        """  return numbers.some((a, i) =>
    numbers.some((b, j) => i < j && Math.abs(a - b) < threshold));
}
""",
        ("i < j", "i <= j"),
    ),
    "HumanEval_16_count_distinct_characters": (
        """  return new Set(string.toLowerCase()).size;
}
""",
        (".toLowerCase()", ""),
    ),
}
