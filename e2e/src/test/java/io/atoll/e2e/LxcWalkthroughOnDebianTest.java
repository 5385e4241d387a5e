package io.atoll.e2e;

import io.atoll.testkit.LxcHost;

/// The same with the distribution's own LXC, which tests the tests. `-Datoll.lxc=debian` does that
/// to the other tests of LXC too.
class LxcWalkthroughOnDebianTest extends LxcWalkthroughTest {
    @Override
    LxcHost launch() {
        return LxcMachine.launchDebian("atoll-lxcwalkdeb");
    }
}
