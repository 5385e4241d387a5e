/// Pages about the daemon itself for whoever looks for a fault in it: threads, memory, recordings.
@NullMarked
package io.atoll.daemon.debug;

import org.jspecify.annotations.NullMarked;
