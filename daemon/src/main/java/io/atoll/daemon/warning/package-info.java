@NullMarked
package io.atoll.daemon.warning;

import org.jspecify.annotations.NullMarked;
