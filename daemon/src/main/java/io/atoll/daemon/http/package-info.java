@NullMarked
package io.atoll.daemon.http;

import org.jspecify.annotations.NullMarked;
