@NullMarked
package io.atoll.daemon.network;

import org.jspecify.annotations.NullMarked;
