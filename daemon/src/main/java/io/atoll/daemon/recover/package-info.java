@NullMarked
package io.atoll.daemon.recover;

import org.jspecify.annotations.NullMarked;
