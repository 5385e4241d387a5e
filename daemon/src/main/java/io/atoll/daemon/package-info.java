@NullMarked
package io.atoll.daemon;

import org.jspecify.annotations.NullMarked;
