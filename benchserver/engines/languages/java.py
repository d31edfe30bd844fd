"""Java: the JDK's compiler in one process, one jar; the class with ``main`` is found by itself.

The cache is our driver and an archive of the compiler's loaded classes. The JVM's heap gets the
task's memory; its own need comes on top. Example: ``public class Sum`` in the one file is fine.
"""

from __future__ import annotations

from benchserver.engines.languages.base import Caches, Command, Compile, Language
from benchserver.engines.languages.scripts import driver, fits, shell, state, step, written

# Debian's own layout, found inside the box: the first JDK there is.
_HOME = "for home in /usr/lib/jvm/java-*-openjdk-*; do [ -x $home/bin/java ] && break; done\n"
_MODULES = "$home/lib/modules"
_SMALL = "-Xmx640m -Xss64m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData"
_DRIVER = written(driver("Build.java"), "/tmp/Build.java")
_COMPILE = f"""\
{_HOME}[ -x $home/bin/javac ] || exit 97
if {fits(_MODULES)}; then
    exec $home/bin/java {_SMALL} -XX:SharedArchiveFile=/toolchain/build.jsa \\
        -cp /toolchain/build.jar Build /box </dev/null 2>/dev/null
fi
{_DRIVER}exec $home/bin/java {_SMALL} /tmp/Build.java /box </dev/null 2>/dev/null
"""
_JAR = f"""\
{_HOME}{_DRIVER}$home/bin/javac -d /tmp/classes /tmp/Build.java
$home/bin/jar --create --file /tmp/made/build.jar -C /tmp/classes .
"""
_WARM = """\
import java.util.*;
import java.util.stream.*;

public class Warm {
    enum Colour { RED, GREEN }
    interface Shape { default double area() { return 0; } }
    record Point<T extends Comparable<T>>(T x, T y) implements Shape {}
    public static void main(String[] arguments) throws Exception {
        Map<String, List<Integer>> map = new HashMap<>();
        try (Scanner in = new Scanner(System.in)) {
            while (in.hasNextInt()) {
                map.computeIfAbsent("x" + in.nextInt(), key -> new ArrayList<>()).add(map.size());
            }
        }
        int[] squares = IntStream.range(0, 9).map(i -> i * i).toArray();
        System.out.println(Arrays.toString(squares) + Colour.RED + new Point<>(1, 2) + map);
    }
}
"""
_ARCHIVE = f"""\
{_HOME}mkdir /tmp/warm
{written(_WARM, "/tmp/warm/Warm.java")}$home/bin/java {_SMALL} \\
    -XX:ArchiveClassesAtExit=/tmp/made/build.jsa -cp /toolchain/build.jar Build /tmp/warm
"""

JAVA = Language(
    name="java",
    title="Java",
    extension="java",
    source="Main.java",
    # The young generation holds no long-lived data, so it comes on top of the heap's old part.
    run=Command(
        argv=(
            "/bin/sh",
            "-c",
            _HOME + "exec $home/bin/java -Xmx$(({mebibytes} + 40))m -XX:MaxNewSize=32m -Xss64m"
            " -XX:+UseSerialGC -XX:+ExitOnOutOfMemoryError -XX:-UsePerfData"
            " -XX:+DisplayVMOutputToStderr"
            " -XX:ReservedCodeCacheSize=64m -XX:CompressedClassSpaceSize=64m"
            ' -jar /box/main.jar "$@"',
            "java",
        ),
        memory_bytes=160 * 2**20,
        address_bytes=8 * 2**30,  # each thread reserves its stack
    ),
    compile=Compile(
        command=shell(_COMPILE, memory_bytes=2**30),
        artefact="main.jar",
        output_bytes=16 * 2**20,
    ),
    caches=Caches(
        steps=(step(_JAR), step(_ARCHIVE, _MODULES)),
        compilers=("/bin/sh", "-c", _HOME + state(_MODULES)),
    ),
    version=("/bin/sh", "-c", _HOME + "exec $home/bin/java --version"),
    tested="OpenJDK 17",
    install="apt install openjdk-17-jdk-headless",
    hello=(
        "import java.util.Scanner;\n\npublic class Hello {\n"
        "    public static void main(String[] arguments) {\n"
        "        System.out.println(new Scanner(System.in).nextLine().toUpperCase());\n    }\n}\n"
    ),
    out_of_memory=(b"java.lang.OutOfMemoryError",),
)
