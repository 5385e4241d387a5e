@NullMarked
package io.atoll.daemon.resource;

import org.jspecify.annotations.NullMarked;
