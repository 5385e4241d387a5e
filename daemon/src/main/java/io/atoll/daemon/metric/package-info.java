@NullMarked
package io.atoll.daemon.metric;

import org.jspecify.annotations.NullMarked;
