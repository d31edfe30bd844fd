"""bash: a completion ends before the function's last brace."""

from __future__ import annotations

SOLUTIONS: dict[str, tuple[str, tuple[str, str]]] = {
    "HumanEval_24_largest_divisor": (
        """    local d
    for ((d = $1 / 2; d > 1; d--)); do
        (($1 % d == 0)) && break
    done
    echo $((d < 1 ? 1 : d))""",
        ("$1 / 2", "$1 / 3"),
    ),
    "HumanEval_96_count_up_to": (
        """    local primes=() k p
    for ((k = 2; k < $1; k++)); do
        for p in "${primes[@]}"; do
            ((k % p == 0)) && continue 2
        done
        primes+=("$k")
    done
    echo "${primes[*]}\"""",
        ("k < $1", "k <= $1"),
    ),
    "HumanEval_72_will_it_fly": (
        """    local q=($1) total=0 i
    for ((i = 0; i < ${#q[@]}; i++)); do
        ((total += q[i]))
        ((q[i] == q[${#q[@]} - 1 - i])) || { echo false; return; }
    done
    ((total <= $2)) && echo true || echo false""",
        ("<= $2", "< $2"),
    ),
    "HumanEval_80_is_happy": (
        """    local s=$1 i
    ((${#s} > 2)) || { echo false; return; }
    for ((i = 2; i < ${#s}; i++)); do
        if [[ ${s:i:1} == ${s:i-1:1} || ${s:i:1} == ${s:i-2:1} || ${s:i-1:1} == ${s:i-2:1} ]]; then
            echo false
            return
        fi
    done
    echo true""",
        ("${s:i:1} == ${s:i-2:1} ||", ""),
    ),
    "HumanEval_40_triples_sum_to_zero": (
        """    local l=($1) n i j k
    n=${#l[@]}
    for ((i = 0; i < n; i++)); do
        for ((j = i + 1; j < n; j++)); do
            for ((k = j + 1; k < n; k++)); do
                ((l[i] + l[j] + l[k] == 0)) && { echo true; return; }
            done
        done
    done
    echo false""",
        ("== 0))", "== 1))"),
    ),
    "HumanEval_48_is_palindrome": (
        """    local turned= i
    for ((i = 0; i < ${#1}; i++)); do turned=${1:i:1}$turned; done
    [[ $turned == "$1" ]] && echo true || echo false""",
        ("echo true || echo false", "echo false || echo true"),
    ),
    "HumanEval_8_sum_product": (
        """    local sum=0 product=1 x
    for x in $1; do
        ((sum += x))
        ((product *= x))
    done
    echo "$sum $product\"""",
        ("product=1", "product=0"),
    ),
    "HumanEval_136_largest_smallest_integers": (
        """    local below=None above=None x
    for x in $1; do
        if ((x < 0)) && { [[ $below == None ]] || ((x > below)); }; then below=$x; fi
        if ((x > 0)) && { [[ $above == None ]] || ((x < above)); }; then above=$x; fi
    done
    echo "$below $above\"""",
        ("x > 0", "x >= 0"),
    ),
    "HumanEval_112_reverse_delete": (
        """    local kept= turned= i
    for ((i = 0; i < ${#1}; i++)); do
        if [[ $2 != *"${1:i:1}"* ]]; then
            kept=$kept${1:i:1}
            turned=${1:i:1}$turned
        fi
    done
    [[ $kept == "$turned" ]] && echo "$kept true" || echo "$kept false\"""",
        ("!= *", "== *"),
    ),
    "HumanEval_64_vowels_count": (
        """    local only=${1//[^aeiouAEIOU]/}
    local count=${#only}
    [[ $1 == *[yY] ]] && ((count++))
    echo "$count\"""",
        ("*[yY]", "*[z]"),
    ),
    "HumanEval_16_count_distinct_characters": (
        """    local s=${1,,} i
    declare -A seen=()
    for ((i = 0; i < ${#s}; i++)); do seen[${s:i:1}]=1; done
    echo "${#seen[@]}\"""",
        ("${1,,}", "$1"),
    ),
}
