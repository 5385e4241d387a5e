/// Comparisons with Debian's `lxd`, through the same client on the same machine: `./mk bench`.
@NullMarked
package io.atoll.bench;

import org.jspecify.annotations.NullMarked;
