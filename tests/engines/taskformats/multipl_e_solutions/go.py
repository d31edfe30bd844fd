"""Go: a completion has the last brace and can import nothing."""

from __future__ import annotations

SOLUTIONS: dict[str, tuple[str, tuple[str, str]]] = {
    "HumanEval_24_largest_divisor": (
        """    for d := n / 2; d > 1; d-- {
        if n%d == 0 {
            return d
        }
    }
    return 1
}
""",
        ("n / 2", "n / 3"),
    ),
    "HumanEval_96_count_up_to": (
        """    primes := []int{}
next:
    for k := 2; k < n; k++ {
        for _, p := range primes {
            if k%p == 0 {
                continue next
            }
        }
        primes = append(primes, k)
    }
    return primes
}
""",
        ("k < n", "k <= n"),
    ),
    "HumanEval_72_will_it_fly": (
        """    total := 0
    for i, x := range q {
        total += x
        if x != q[len(q)-1-i] {
            return false
        }
    }
    return total <= w
}
""",
        ("<= w", "< w"),
    ),
    "HumanEval_80_is_happy": (
        """    for i := 2; i < len(s); i++ {
        if s[i] == s[i-1] || s[i] == s[i-2] || s[i-1] == s[i-2] {
            return false
        }
    }
    return len(s) > 2
}
""",
        ("s[i] == s[i-2]", "false"),
    ),
    "HumanEval_40_triples_sum_to_zero": (
        """    for i := range l {
        for j := i + 1; j < len(l); j++ {
            for k := j + 1; k < len(l); k++ {
                if l[i]+l[j]+l[k] == 0 {
                    return true
                }
            }
        }
    }
    return false
}
""",
        ("== 0", "== 1"),
    ),
    "HumanEval_48_is_palindrome": (
        """    for i := range text {
        if text[i] != text[len(text)-1-i] {
            return false
        }
    }
    return true
}
""",
        ("!=", "=="),
    ),
    "HumanEval_8_sum_product": (
        """    sum, product := 0, 1
    for _, x := range numbers {
        sum += x
        product *= x
    }
    return []interface{}{sum, product}
}
""",
        (":= 0, 1", ":= 0, 0"),
    ),
    "HumanEval_136_largest_smallest_integers": (
        """    var below, above interface{}
    for _, x := range lst {
        if x < 0 && (below == nil || x > below.(int)) {
            below = x
        }
        if x > 0 && (above == nil || x < above.(int)) {
            above = x
        }
    }
    return []interface{}{below, above}
}
""",
        ("x > 0", "x >= 0"),
    ),
    "HumanEval_112_reverse_delete": (
        """    kept := ""
outer:
    for _, x := range s {
        for _, y := range c {
            if x == y {
                continue outer
            }
        }
        kept += string(x)
    }
    for i := range kept {
        if kept[i] != kept[len(kept)-1-i] {
            return []interface{}{kept, false}
        }
    }
    return []interface{}{kept, true}
}
""",
        ("{kept, true}", "{kept, false}"),
    ),
    "HumanEval_64_vowels_count": (
        """    count := 0
    for i, x := range s {
        for _, y := range "aeiouAEIOU" {
            if x == y {
                count++
            }
        }
        if (x == 'y' || x == 'Y') && i == len(s)-1 {
            count++
        }
    }
    return count
}
""",
        ("'y'", "'z'"),
    ),
    "HumanEval_0_has_close_elements": (
        """    for i, a := range numbers {
        for _, b := range numbers[i+1:] {
            if a-b < threshold && b-a < threshold {
                return true
            }
        }
    }
    return false
}
""",
        ("[i+1:]", "[i:]"),
    ),
    "HumanEval_16_count_distinct_characters": (
        """    seen := map[rune]bool{}
    for _, x := range myString {
        if x >= 'A' && x <= 'Z' {
            x += 'a' - 'A'
        }
        seen[x] = true
    }
    return len(seen)
}
""",
        ("x += 'a' - 'A'", "x += 0"),
    ),
}
