@NullMarked
package io.atoll.daemon.image;

import org.jspecify.annotations.NullMarked;
