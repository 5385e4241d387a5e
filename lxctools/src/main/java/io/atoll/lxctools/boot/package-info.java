/// Tools around the host's own life: containers that start with it, and what it can do for them.
@NullMarked
package io.atoll.lxctools.boot;

import org.jspecify.annotations.NullMarked;
