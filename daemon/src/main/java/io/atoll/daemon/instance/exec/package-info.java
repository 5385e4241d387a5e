/// Commands and consoles of running instances: descriptors on one side, websockets on the other.
@NullMarked
package io.atoll.daemon.instance.exec;

import org.jspecify.annotations.NullMarked;
