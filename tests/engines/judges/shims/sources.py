"""One program a language: ``f(how, value)`` gives ``value`` back and does what ``how`` says.

``honest``: only that. ``add``: the first part is one too high. ``count``: the first part becomes
the number of calls so far. The rest tries to pass with a wrong answer (``print``, ``leave``,
``ahead``, ``flood``, ``huge``) or breaks the rule of exactly one answer with a right one
(``twice``), or raises (``raise``).
"""

from __future__ import annotations

CPP = """
#include <unistd.h>
#define int long long
using namespace std;
typedef tuple<long, double, string, bool, optional<long>, vector<string>, map<string, long>,
              set<long>> Value;
static int calls = 0;
Value f(const string& how, Value value) {
    ++calls;
    if (how == "honest") return value;
    if (how == "count") { get<0>(value) = calls; return value; }
    if (how == "twice") { bench_shim::send("{\\"id\\":1,\\"ok\\":1}"); return value; }
    if (how == "ahead") bench_shim::send("{\\"id\\":1,\\"ok\\":null}");
    if (how == "print") { puts("PASSED"); fflush(stdout); write(2, "passed", 6); }
    if (how == "leave") exit(0);
    if (how == "flood") for (;;) bench_shim::send("{\\"id\\":1,\\"ok\\":1}");
    if (how == "huge") get<2>(value) = string(5000000, 'x');
    if (how == "raise") throw runtime_error("no");
    ++get<0>(value);
    return value;
}
signed main() { return f("honest", {}) == Value{} ? 0 : 1; }
"""

RUST = """
use std::collections::*;
use std::io::Write;
use std::os::unix::io::FromRawFd;
type Value = (i64, f64, String, bool, Option<i64>, Vec<String>);
static mut CALLS: i64 = 0;
fn say(text: &str) {
    let mut file = unsafe { std::fs::File::from_raw_fd(4) };
    let _ = file.write_all(format!("{:08x}{}", text.len(), text).as_bytes());
    std::mem::forget(file);
}
fn f(how: &str, mut value: Value, map: BTreeMap<String, i64>, set: &HashSet<i64>)
    -> (Value, BTreeMap<String, i64>, HashSet<i64>) {
    unsafe { CALLS += 1; }
    match how {
        "honest" => {}
        "count" => value.0 = unsafe { CALLS },
        "twice" => say("{\\"id\\":1,\\"ok\\":1}"),
        "raise" => panic!("no"),
        "leave" => std::process::exit(0),
        "flood" => loop { say("{\\"id\\":1,\\"ok\\":1}") },
        other => {
            value.0 += 1;
            match other {
                "print" => { println!("PASSED"); eprintln!("passed"); }
                "ahead" => say("{\\"id\\":1,\\"ok\\":null}"),
                "huge" => value.2 = "x".repeat(5_000_000),
                _ => {}
            }
        }
    }
    (value, map, set.clone())
}
fn main() {}
"""

GO = """
package solution

import (
    "fmt"
    "os"
    "strings"
)

var calls = 0

func say(text string) { fmt.Fprintf(os.NewFile(4, "out"), "%08x%s", len(text), text) }

func f(how string, value []interface{}) ([]interface{}, error) {
    calls++
    switch how {
    case "honest":
        return value, nil
    case "count":
        value[0] = calls
        return value, nil
    case "twice":
        say(`{"id":1,"ok":1}`)
        return value, nil
    case "ahead":
        say(`{"id":1,"ok":null}`)
    case "print":
        fmt.Println("PASSED")
    case "leave":
        os.Exit(0)
    case "flood":
        for {
            say(`{"id":1,"ok":1}`)
        }
    case "huge":
        value[2] = strings.Repeat("x", 5000000)
    case "raise":
        return nil, fmt.Errorf("no")
    }
    value[0] = value[0].(int) + 1
    return value, nil
}

func main() { fmt.Println(f("honest", nil)) }
"""

JAVA = """
import java.util.*;

public class Solution {
    record Value(long a, double b, String c, boolean d, Optional<Long> e, List<String> f,
                 Map<String, Long> g, Set<Long> h) {
        Value with(long first, String text) { return new Value(first, b, text, d, e, f, g, h); }
    }
    static long calls = 0;
    private static Value f(String how, Value value) throws Exception {
        calls++;
        switch (how) {
            case "honest": return value;
            case "count": return value.with(calls, value.c());
            case "twice": BenchShim.send("{\\"id\\":1,\\"ok\\":1}"); return value;
            case "ahead": BenchShim.send("{\\"id\\":1,\\"ok\\":null}"); break;
            case "print": System.out.println("PASSED"); System.err.println("passed"); break;
            case "leave": System.exit(0);
            case "flood": while (true) BenchShim.send("{\\"id\\":1,\\"ok\\":1}");
            case "huge": return value.with(value.a() + 1, "x".repeat(5_000_000));
            case "raise": throw new IllegalStateException("no");
        }
        return value.with(value.a() + 1, value.c());
    }
    public static void main(String[] arguments) { throw new RuntimeException(); }
}
"""

JAVASCRIPT = """
let calls = 0;
const say = (text) => require('fs').writeSync(4, text.length.toString(16).padStart(8, '0') + text);
const f = async (how, value) => {
  calls++;
  if (how === 'honest') return value;
  if (how === 'count') return [calls, ...value.slice(1)];
  if (how === 'twice') { say('{"id":1,"ok":1}'); return value; }
  if (how === 'ahead') say('{"id":1,"ok":null}');
  if (how === 'print') console.log('PASSED');
  if (how === 'leave') process.exit(0);
  if (how === 'flood') for (;;) say('{"id":1,"ok":1}');
  if (how === 'huge') value[2] = 'x'.repeat(5000000);
  if (how === 'raise') throw new RangeError('no');
  value[0]++;
  return value;
};
"""

TYPESCRIPT = "declare var require: any, process: any;\n" + JAVASCRIPT.replace(
    "(text)", "(text: string)"
).replace("(how, value)", "(how: string, value: any[]): Promise<any[]>").replace(
    "const f", "export const f"
)

SOURCES = {
    "cpp": CPP,
    "rust": RUST,
    "go": GO,
    "java": JAVA,
    "javascript": JAVASCRIPT,
    "typescript": TYPESCRIPT,
}
