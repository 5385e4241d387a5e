@NullMarked
package io.atoll.daemon.store;

import org.jspecify.annotations.NullMarked;
