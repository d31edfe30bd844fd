// Compiles every .java file below a folder and writes one jar to stdout; exit status 1: not compiled.
// Nothing is written to disk, and a public class may lie in a file of any name.

import com.sun.source.util.JavacTask;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Writer;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import javax.lang.model.element.Element;
import javax.lang.model.element.ExecutableElement;
import javax.lang.model.element.Modifier;
import javax.lang.model.element.TypeElement;
import javax.lang.model.util.ElementFilter;
import javax.tools.Diagnostic;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

public class Build {
    private static final List<String> OPTIONS = List.of("-proc:none", "-nowarn", "-Xdiags:compact");
    private static final Map<String, ByteArrayOutputStream> CLASSES = new TreeMap<>();
    private static boolean failed;

    private static class Source extends SimpleJavaFileObject {
        private final String text;

        Source(Path path) {
            super(path.toUri(), Kind.SOURCE);
            try {
                text = Files.readString(path);
            } catch (IOException problem) { // not UTF-8
                throw new IllegalArgumentException(problem);
            }
        }

        @Override
        public CharSequence getCharContent(boolean lenient) {
            return text;
        }

        @Override
        public boolean isNameCompatible(String name, Kind kind) {
            return true;
        }
    }

    private static class Output extends SimpleJavaFileObject {
        private final String name;

        Output(String name) {
            super(URI.create("memory:///output.class"), Kind.CLASS);
            this.name = name;
        }

        @Override
        public OutputStream openOutputStream() {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            CLASSES.put(name.replace('.', '/') + ".class", bytes);
            return bytes;
        }
    }

    private static class Outputs extends ForwardingJavaFileManager<JavaFileManager> {
        Outputs(JavaFileManager manager) {
            super(manager);
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                Location location, String name, JavaFileObject.Kind kind, FileObject sibling) {
            return new Output(name);
        }
    }

    public static void main(String[] arguments) {
        try {
            String main = compile(Path.of(arguments[0]));
            if (main == null || failed) {
                System.exit(1);
            }
            write(main);
        } catch (Exception | StackOverflowError problem) { // too deep for the compiler, or broken
            System.exit(1);
        }
    }

    private static String compile(Path folder) throws IOException {
        List<Source> sources;
        try (var paths = Files.walk(folder)) {
            sources = paths.filter(path -> path.toString().endsWith(".java")).sorted().map(Source::new).toList();
        }
        var javac = ToolProvider.getSystemJavaCompiler();
        var outputs = new Outputs(javac.getStandardFileManager(null, null, null));
        JavacTask task = (JavacTask)
                javac.getTask(Writer.nullWriter(), outputs, Build::notice, OPTIONS, null, sources);
        String main = null;
        for (Element element : task.analyze()) {
            if (!failed && element instanceof TypeElement type && starts(task, type)) {
                boolean better = main == null || type.getModifiers().contains(Modifier.PUBLIC);
                main = better ? task.getElements().getBinaryName(type).toString() : main;
            }
        }
        if (!failed) {
            task.generate();
        }
        return main;
    }

    private static void notice(Diagnostic<? extends JavaFileObject> message) {
        failed |= message.getKind() == Diagnostic.Kind.ERROR;
    }

    private static boolean starts(JavacTask task, TypeElement type) {
        return ElementFilter.methodsIn(task.getElements().getAllMembers(type)).stream().anyMatch(Build::isMain);
    }

    private static boolean isMain(ExecutableElement method) {
        return method.getSimpleName().contentEquals("main")
                && method.getModifiers().containsAll(List.of(Modifier.PUBLIC, Modifier.STATIC))
                && method.getParameters().size() == 1
                && method.getParameters().get(0).asType().toString().equals("java.lang.String[]");
    }

    private static void write(String main) throws IOException {
        Manifest manifest = new Manifest();
        manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, main);
        var stdout = new BufferedOutputStream(new FileOutputStream(FileDescriptor.out));
        try (var jar = new JarOutputStream(stdout, manifest)) {
            jar.setLevel(1);
            for (var entry : CLASSES.entrySet()) {
                jar.putNextEntry(new JarEntry(entry.getKey()));
                jar.write(entry.getValue().toByteArray());
            }
        }
    }
}
