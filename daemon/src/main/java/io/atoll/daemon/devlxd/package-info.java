/// What an instance can ask about itself through `/dev/lxd/sock`: a small HTTP server with one
/// socket per instance, so that who asks needs no guessing. Everything that comes in is hostile.
@NullMarked
package io.atoll.daemon.devlxd;

import org.jspecify.annotations.NullMarked;
