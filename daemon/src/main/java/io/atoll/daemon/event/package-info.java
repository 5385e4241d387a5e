@NullMarked
package io.atoll.daemon.event;

import org.jspecify.annotations.NullMarked;
