@NullMarked
package io.atoll.daemon.server;

import org.jspecify.annotations.NullMarked;
