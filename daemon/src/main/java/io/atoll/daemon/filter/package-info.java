@NullMarked
package io.atoll.daemon.filter;

import org.jspecify.annotations.NullMarked;
