@NullMarked
package io.atoll.daemon.schedule;

import org.jspecify.annotations.NullMarked;
