@NullMarked
package io.atoll.daemon.storage;

import org.jspecify.annotations.NullMarked;
