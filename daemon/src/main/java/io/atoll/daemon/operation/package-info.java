@NullMarked
package io.atoll.daemon.operation;

import org.jspecify.annotations.NullMarked;
