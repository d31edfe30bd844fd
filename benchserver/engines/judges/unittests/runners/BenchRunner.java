// Runs one JUnit 5 test a process; a late nonce goes to the supervisor. Disabled tests are run.

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectUniqueId;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;
import org.junit.platform.launcher.core.LauncherConfig;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.jupiter.engine.JupiterTestEngine;

public final class BenchRunner {
    private static final class Count implements TestExecutionListener {
        int good;
        int bad;

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            boolean passed = result.getStatus() == TestExecutionResult.Status.SUCCESSFUL;
            if (!passed) bad++;
            else if (test.isTest()) good++;
        }

        @Override
        public void executionSkipped(TestIdentifier test, String reason) {
            bad++;
        }
    }

    public static void main(String[] words) throws IOException {
        FileInputStream in = new FileInputStream(FileDescriptor.in);
        FileOutputStream out = new FileOutputStream(FileDescriptor.out);
        System.setOut(new PrintStream(OutputStream.nullOutputStream()));
        Launcher launcher = LauncherFactory.create(LauncherConfig.builder()
            .enableTestEngineAutoRegistration(false)
            .enableTestExecutionListenerAutoRegistration(false)
            .enablePostDiscoveryFilterAutoRegistration(false)
            .enableLauncherDiscoveryListenerAutoRegistration(false)
            .enableLauncherSessionListenerAutoRegistration(false)
            .addTestEngines(new JupiterTestEngine())
            .build());
        if (words[0].equals("list")) {
            list(launcher, "CLASSES".split(","), out);
        } else {
            run(launcher, words[1], in, out);
        }
    }

    private static LauncherDiscoveryRequest request(List<DiscoverySelector> selectors) {
        return LauncherDiscoveryRequestBuilder.request()
            .selectors(selectors)
            .configurationParameter("junit.jupiter.conditions.deactivate", "*")
            .configurationParameter("junit.jupiter.extensions.autodetection.enabled", "false")
            .build();
    }

    private static void list(Launcher launcher, String[] classes, OutputStream out)
            throws IOException {
        List<DiscoverySelector> selectors = new ArrayList<>();
        for (String name : classes) selectors.add(selectClass(name));
        TestPlan plan = launcher.discover(request(selectors));
        StringBuilder text = new StringBuilder("[");
        for (TestIdentifier root : plan.getRoots())
            for (TestIdentifier test : plan.getDescendants(root))
                if (leaf(plan, test))
                    text.append(text.length() > 1 ? "," : "").append('"')
                        .append(test.getUniqueId().replace("\\", "\\\\").replace("\"", "\\\""))
                        .append('"');
        out.write(text.append("]").toString().getBytes(StandardCharsets.UTF_8));
        Runtime.getRuntime().halt(0);
    }

    // A test, or a template whose invocations are known only when it runs.
    private static boolean leaf(TestPlan plan, TestIdentifier test) {
        String last = test.getUniqueId().substring(test.getUniqueId().lastIndexOf('['));
        return test.isTest() || (plan.getChildren(test).isEmpty()
            && (last.startsWith("[test-template:") || last.startsWith("[test-factory:")));
    }

    private static void run(Launcher launcher, String name, FileInputStream in, OutputStream out)
            throws IOException {
        Count count = new Count();
        launcher.execute(request(List.of(selectUniqueId(name))), count);
        if (count.bad > 0 || count.good == 0) {
            out.write("failed\n".getBytes(StandardCharsets.US_ASCII));
            Runtime.getRuntime().halt(1);
        }
        out.write("done\n".getBytes(StandardCharsets.US_ASCII));
        byte[] nonce = new byte[32];
        for (int got = 0, more; got < nonce.length; got += more) {
            more = in.read(nonce, got, nonce.length - got);
            if (more < 0) Runtime.getRuntime().halt(1);
        }
        out.write(nonce);
        Runtime.getRuntime().halt(0);
    }
}
