/// Devices at work: what they add to a start, and how they come to and leave an instance that runs.
@NullMarked
package io.atoll.daemon.device.attach;

import org.jspecify.annotations.NullMarked;
