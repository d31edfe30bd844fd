"""One program per language that does what the word on its stdin says, and one that does not build.

``shout x`` prints X, ``hold n`` keeps n MiB of data and prints n, ``crash`` fails, ``spin`` never
ends, ``spread`` keeps every CPU busy, ``eat`` takes all memory, ``flood`` prints without end.
"""

from __future__ import annotations

BROKEN = {
    "python": "print(input(\n",
    "javascript": "console.log((;\n",
    "typescript": "const n: number = 'x';\nconsole.log(n);\n",
    "bash": 'echo "X\n',
    "c": "int main(void) { return x; }\n",
    "cpp": "int main() { return std::string(); }\n",
    "go": "package main\n\nfunc main() { x := 1 }\n",
    "rust": "fn main() { let s = String::new(); drop(s); drop(s); }\n",
    "java": "class A { public static void main(String[] a) { int x = null; } }\n",
}

_NODE = """
const { Worker, isMainThread } = require('worker_threads');
const [word, rest] = isMainThread ? require('fs').readFileSync(0, 'utf8').trim().split(' ') : [];
const kept = [];
const spin = () => { for (;;) Math.sqrt(kept.length); };
if (!isMainThread) spin();
if (word === 'shout') console.log(rest.toUpperCase());
if (word === 'hold') {
  for (let i = 0; i < Number(rest) * 8; i++) kept.push(new Array(16384).fill(0.5));
  console.log(kept.length / 8);
}
if (word === 'crash') throw new Error('crash');
if (word === 'spin') spin();
if (word === 'spread') for (let i = 0; i < 4; i++) new Worker(FILE);
if (word === 'eat') for (;;) kept.push(new Array(16384).fill(0.5));
if (word === 'flood') for (;;) require('fs').writeSync(1, 'x'.repeat(1000));
"""

DOES_AS_TOLD = {
    "python": """
import sys
import threading
word, _, rest = input().partition(" ")
def spin():
    while True: pass
if word == "shout": print(rest.upper())
if word == "hold":
    kept = bytearray(b"x") * (int(rest) * 2**20)
    print(len(kept) >> 20)
if word == "crash": raise ValueError
if word == "spin": spin()
if word == "spread":
    import os
    for _ in range(4):
        if os.fork() == 0: spin()
    os.wait()
if word == "eat":
    kept = []
    while True: kept.append(bytearray(b"x") * 2**20)
if word == "flood":
    while True: print("x" * 1000)
""",
    "javascript": _NODE.replace("FILE", "__filename"),
    "typescript": _NODE.replace("FILE", "__filename")
    .replace("const kept = [];", "const kept: number[][] = [];")
    .replace("const spin = ()", "const spin = (): never"),
    "bash": """
read -r word rest
spin() { while :; do :; done; }
case $word in
    shout) echo "${rest^^}" ;;
    hold)
        for ((i = 0; i < rest; i += 4)); do printf -v "kept$i" "%$((4 << 20))s" ""; done
        echo $((${#kept0} * rest / 4 >> 20)) ;;
    crash) exit 3 ;;
    spin) spin ;;
    spread) spin & spin & spin & spin & wait ;;
    eat) x=xxxxxxxxxxxxxxxx; while :; do x=$x$x; done ;;
    flood) while :; do printf '%01000d' 0; done ;;
esac
""",
    "c": """
#define _GNU_SOURCE
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
int main(void) {
    char word[16] = "", rest[64] = "";
    if (scanf("%15s %63s", word, rest) < 1) return 1;
    if (!strcmp(word, "shout")) { for (char *c = rest; *c; c++) putchar(toupper(*c)); puts(""); }
    if (!strcmp(word, "hold")) {
        size_t size = (size_t)atoi(rest) << 20;
        char *kept = malloc(size);
        memset(kept, 1, size);
        printf("%d\\n", kept[size / 2] * atoi(rest));
    }
    if (!strcmp(word, "crash")) abort();
    if (!strcmp(word, "spin")) for (volatile int x = 0;; x++);
    if (!strcmp(word, "spread")) {
        for (int i = 0; i < 4; i++) if (!fork()) for (volatile int x = 0;; x++);
        wait(NULL);
    }
    if (!strcmp(word, "eat")) for (;;) memset(malloc(1 << 20), 1, 1 << 20);
    if (!strcmp(word, "flood")) for (;;) puts("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    return 0;
}
""",
    "cpp": """
#include <bits/stdc++.h>
static void spin() { for (volatile int x = 0;; x = x + 1); }
int main() {
    std::string word, rest;
    std::cin >> word >> rest;
    if (word == "shout") { for (char& c : rest) c = std::toupper(c); std::cout << rest << "\\n"; }
    if (word == "hold") std::cout << (std::vector<char>(std::stoul(rest) << 20, 1).size() >> 20);
    if (word == "crash") throw std::runtime_error("crash");
    if (word == "spin") spin();
    if (word == "spread") {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; i++) threads.emplace_back(spin);
    }
    std::vector<std::string> kept;
    if (word == "eat") for (;;) kept.emplace_back(1 << 20, 'x');
    if (word == "flood") for (;;) std::cout << std::string(1000, 'x');
}
""",
    "go": """
package main

import (
	"fmt"
	"strings"
)

func spin() {
	for {
	}
}

func main() {
	var word, rest string
	var kept [][]byte
	fmt.Scan(&word, &rest)
	switch word {
	case "shout":
		fmt.Println(strings.ToUpper(rest))
	case "hold":
		var count int
		fmt.Sscan(rest, &count)
		for i := 0; i < count; i++ {
			kept = append(kept, []byte(strings.Repeat("x", 1<<20)))
		}
		fmt.Println(len(kept))
	case "crash":
		panic("crash")
	case "spin":
		spin()
	case "spread":
		for i := 0; i < 4; i++ {
			go spin()
		}
		spin()
	case "eat":
		for {
			kept = append(kept, []byte(strings.Repeat("x", 1<<20)))
		}
	case "flood":
		for {
			fmt.Println(strings.Repeat("x", 1000))
		}
	}
}
""",
    "rust": """
use std::io::Read;

fn spin() {
    loop {
        std::hint::spin_loop();
    }
}

fn main() {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut kept: Vec<Vec<u8>> = Vec::new();
    match words[0] {
        "shout" => println!("{}", words[1].to_uppercase()),
        "hold" => println!("{}", vec![1u8; words[1].parse::<usize>().unwrap() << 20].len() >> 20),
        "crash" => panic!("crash"),
        "spin" => spin(),
        "spread" => {
            let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(spin)).collect();
            for thread in threads {
                thread.join().unwrap();
            }
        }
        "eat" => loop {
            kept.push(vec![1u8; 1 << 20]);
        },
        "flood" => loop {
            println!("{}", "x".repeat(1000));
        },
        _ => {}
    }
}
""",
    "java": """
import java.util.*;

public class Told {
    static void spin() { for (;;) { } }
    public static void main(String[] arguments) {
        Scanner in = new Scanner(System.in);
        String word = in.next(), rest = in.hasNext() ? in.next() : "";
        List<long[]> kept = new ArrayList<>();
        switch (word) {
            case "shout" -> System.out.println(rest.toUpperCase());
            case "hold" -> System.out.println(new byte[Integer.parseInt(rest) << 20].length >> 20);
            case "crash" -> throw new IllegalStateException("crash");
            case "spin" -> spin();
            case "spread" -> {
                for (int i = 0; i < 4; i++) new Thread(Told::spin).start();
            }
            case "eat" -> { for (;;) kept.add(new long[1 << 17]); }
            case "flood" -> { for (;;) System.out.println("x".repeat(1000)); }
        }
    }
}
""",
}
