package io.atoll.e2e;

import io.atoll.testkit.LxcHost;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/// The same with the distribution's own LXC, which tests the tests. `-Datoll.lxc=debian` does that
/// to the other tests of LXC too.
class LxcWalkthroughOnDebianTest extends LxcWalkthroughTest {
    @Override
    LxcHost launch() {
        Assumptions.assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/lxc-start")),
                "the package lxc is not installed");
        return LxcHost.launch(LxcHost.Kind.DEBIAN, "atoll-lxcwalk");
    }
}
