"""Programs that solve nothing, in every language: intake wants each of them to fail.

A task whose tests accept one of these would give points for nothing. ``PROGRAMS`` are silent, print
a constant or echo their input; ``BODIES`` are ends of a function whose head the task's prompt
gives, in languages that can make a value of any type. Example: ``PROGRAMS["bash"]`` holds ``cat``.
"""

from __future__ import annotations

from collections.abc import Mapping


def _in_main(head: str, *bodies: str) -> tuple[str, ...]:
    return tuple(head.replace("BODY", body) for body in bodies)


_C = "#include <stdio.h>\nint main(void) { BODY return 0; }\n"
_CPP = "#include <iostream>\nint main() { BODY }\n"
_GO = 'package main\n\nimport (\n\t"fmt"\n\t"io"\n\t"os"\n)\n\nfunc main() {\n\tBODY\n}\n'
_GO_USES = "_, _, _ = fmt.Println, io.Copy, os.Stdin"
_RUST = "use std::io::{self, Read};\nfn main() { let mut s = String::new(); BODY }\n"
_JAVA = (
    "public class Main {\n    public static void main(String[] a) throws Exception { BODY }\n}\n"
)
_JS = ("", "console.log('')\n", "console.log(0)\n")

PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "python": ("", "print()\n", "print(0)\n", "import sys\nsys.stdout.write(sys.stdin.read())\n"),
    "javascript": (*_JS, "process.stdin.pipe(process.stdout)\n"),
    "typescript": (*_JS, "require('fs').writeSync(1, require('fs').readFileSync(0))\n"),
    "bash": ("", "echo\n", "echo 0\n", "cat\n"),
    "c": _in_main(
        _C, "", 'puts("");', 'puts("0");', "int c; while ((c = getchar()) != EOF) putchar(c);"
    ),
    "cpp": _in_main(
        _CPP, "", "std::cout << '\\n';", "std::cout << 0;", "std::cout << std::cin.rdbuf();"
    ),
    "go": _in_main(
        _GO,
        _GO_USES,
        f"{_GO_USES}\n\tfmt.Println()",
        f"{_GO_USES}\n\tfmt.Println(0)",
        f"{_GO_USES}\n\tio.Copy(os.Stdout, os.Stdin)",
    ),
    "rust": _in_main(
        _RUST,
        "let _ = &mut s;",
        "let _ = &mut s; println!();",
        'let _ = &mut s; println!("0");',
        'io::stdin().read_to_string(&mut s).unwrap(); print!("{}", s);',
    ),
    "java": _in_main(
        _JAVA,
        "",
        "System.out.println();",
        "System.out.println(0);",
        "System.in.transferTo(System.out);",
    ),
}

# What closes the function that a prompt leaves open, and answers the same to everything.
BODIES: Mapping[str, tuple[str, ...]] = {
    "javascript": (
        "}\n",
        "  return 0;\n}\n",
        "  return '';\n}\n",
        "  return [];\n}\n",
        "  return true;\n}\n",
    ),
    "typescript": (
        "  return null as any;\n}\n",
        "  return 0 as any;\n}\n",
        "  return [] as any;\n}\n",
    ),
    "cpp": ("    return {};\n}\n",),
    "rust": ("    Default::default()\n}\n",),
    "bash": ("    true\n}\n", "    echo 0\n}\n", "    echo true\n}\n", '    echo "$@"\n}\n'),
}
