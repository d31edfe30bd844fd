"""Java: javac and one jar; the class with ``main`` is found, whatever its name.

The JVM's heap gets the task's memory; its own need comes on top. Example: ``public class Sum`` in
the one source file is fine.
"""

from __future__ import annotations

from benchserver.engines.languages.base import Command, Compile, Language

# The newest JDK below /usr/lib/jvm that is Debian's own layout; found inside the box.
_HOME = "for home in /usr/lib/jvm/java-*-openjdk-*; do [ -x $home/bin/java ] && break; done; "

_COMPILE = (
    _HOME
    + """\
[ -x $home/bin/javac ] || exit 97
name=$(grep -aoE 'public +(final +|abstract +)*class +[A-Za-z_][A-Za-z0-9_]*' /box/Main.java \
    | head -n 1 | grep -oE '[A-Za-z0-9_]+$')
mkdir /tmp/src /tmp/out && cp /box/Main.java "/tmp/src/${name:-Main}.java" || exit 1
$home/bin/javac -J-Xmx512m -J-XX:+UseSerialGC -J-XX:TieredStopAtLevel=1 -encoding UTF-8 \
    -proc:none -nowarn -d /tmp/out /tmp/src/*.java </dev/null >/dev/null 2>&1 || exit 1
exec $home/bin/jar --create --main-class "${name:-Main}" -C /tmp/out . 2>/dev/null
"""
)

JAVA = Language(
    name="java",
    title="Java",
    extension="java",
    source="Main.java",
    run=Command(
        argv=(
            "/bin/sh",
            "-c",
            _HOME + "exec $home/bin/java -Xmx{mebibytes}m -Xss64m -XX:+UseSerialGC"
            ' -XX:+ExitOnOutOfMemoryError -XX:-UsePerfData -Xshare:auto -jar /box/main.jar "$@"',
            "java",
        ),
        memory_bytes=128 * 2**20,
        address_bytes=4 * 2**30,
    ),
    compile=Compile(
        command=Command(
            argv=("/bin/sh", "-c", _COMPILE), memory_bytes=2**30, address_bytes=6 * 2**30
        ),
        artefact="main.jar",
    ),
    version=("/bin/sh", "-c", _HOME + "exec $home/bin/java --version"),
    tested="17",
    install="apt install openjdk-17-jdk-headless",
    hello=(
        "import java.util.Scanner;\n\npublic class Hello {\n"
        "    public static void main(String[] arguments) {\n"
        "        System.out.println(new Scanner(System.in).nextLine().toUpperCase());\n    }\n}\n"
    ),
    out_of_memory=(b"java.lang.OutOfMemoryError",),
)
