package io.atoll.e2e;

import io.atoll.testkit.LxcHost;

/// The same with the distribution's own LXC, but for what that does otherwise: it tests the tests.
class LxcArticleOnDebianTest extends LxcArticleTest {
    @Override
    LxcHost launch() {
        return LxcMachine.launchDebian("atoll-lxcartdeb");
    }
}
