"""Java tests for JUnit 5 and AssertJ, run through JUnit's own launcher, one test a JVM.

``@Disabled`` and every other condition is switched off by the launcher's configuration. Example:
the launcher's libraries come first on the class path, so that a class of the solution with the
name of one of theirs is never loaded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from benchserver.engines.judges.unittests.framework import Framework, Sentinels, laid, runner
from benchserver.engines.languages.base import Language
from benchserver.engines.languages.java import JAVA
from benchserver.engines.languages.scripts import shell

_ENDINGS = ("java",)
_JARS = ":".join(
    f"/usr/share/java/{name}.jar"
    for name in (
        *("junit-jupiter-api", "junit-jupiter-engine", "junit-jupiter-params"),
        *("junit-platform-commons", "junit-platform-engine", "junit-platform-launcher"),
        *("opentest4j", "apiguardian-api", "assertj-core"),
    )
)
_HOME = "for home in /usr/lib/jvm/java-*-openjdk-*; do [ -x $home/bin/java ] && break; done\n"
_JVM = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData -Xshare:auto"
_BUILD = f"""\
{_HOME}[ -x $home/bin/javac ] && [ -e /usr/share/java/junit-platform-launcher.jar ] || exit 97
[ -e /usr/share/java/assertj-core.jar ] || exit 97
mkdir /tmp/out && $home/bin/javac -J-Xmx512m -J-XX:+UseSerialGC -J-XX:TieredStopAtLevel=1 \
    -J-Xshare:auto -encoding UTF-8 -proc:none -nowarn -cp {_JARS} -d /tmp/out \
    $(find /box/project /box/bench -name '*.java') </dev/null >/dev/null 2>&1 || exit 1
exec $home/bin/jar -J-XX:TieredStopAtLevel=1 --create --no-compress -C /tmp/out . 2>/dev/null
"""
# Standard input and output of the JVM are the two pipes of the supervisor.
_RUN = f"""\
{_HOME}exec $home/bin/java -Xmx{{mebibytes}}m -XX:+ExitOnOutOfMemoryError {_JVM} \
    -cp {_JARS}:/box/tests.jar BenchRunner "$@" <&3 >&4"""
_CLASS = re.compile(r"^(?:public )?(?:final )?class (\w+)", re.M)
_PACKAGE = re.compile(r"^package ([\w.]+);", re.M)


def _language() -> Language:
    assert JAVA.compile is not None
    command = shell(_BUILD, memory_bytes=2**30)
    return replace(
        JAVA,
        compile=replace(JAVA.compile, command=command, artefact="tests.jar"),
        run=replace(
            JAVA.run,
            argv=("/bin/sh", "-c", _RUN, "java"),
            memory_bytes=JAVA.run.memory_bytes + 32 * 2**20,
        ),
        install="apt install openjdk-17-jdk-headless junit5 libassertj-core-java",
    )


def _arrange(solution: Mapping[str, str], tests: Mapping[str, str]) -> dict[str, bytes]:
    files = laid(solution, tests)
    names = [_class_of(text) for path, text in tests.items() if _is_test(path, text)]
    ours = runner("BenchRunner.java").replace('"CLASSES"', f'"{",".join(names)}"')
    files["bench/BenchRunner.java"] = ours.encode()
    return files


def _with_sentinels(tests: Mapping[str, str], names: tuple[str, str]) -> Sentinels:
    path = next(path for path, text in tests.items() if _is_test(path, text))
    head, _, _ = tests[path].rpartition("}")
    passing, failing = (_camel(name) for name in names)
    equal = "org.junit.jupiter.api.Assertions.assertEquals"
    text = (
        f"{head}\n    @Test\n    public void {passing}() {{\n        {equal}(2, 1 + 1);\n    }}\n"
        f"\n    @Test\n    public void {failing}() {{\n        {equal}(3, 1 + 1);\n    }}\n}}\n"
    )
    within = f"[engine:junit-jupiter]/[class:{_class_of(text)}]/[method:"
    return Sentinels(
        tests={**tests, path: text},
        passing=f"{within}{passing}()]",
        failing=f"{within}{failing}()]",
    )


def _is_test(path: str, text: str) -> bool:
    return path.endswith(".java") and "@Test" in text


def _class_of(text: str) -> str:
    package, name = _PACKAGE.search(text), _CLASS.search(text)
    return (f"{package[1]}." if package else "") + (name[1] if name else "")


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


JUNIT = Framework(
    name="junit",
    language=_language(),
    mirrors=3,
    endings=_ENDINGS,
    arrange=_arrange,
    with_sentinels=_with_sentinels,
)
