/// Tools that make, copy and remove containers, and what they share.
@NullMarked
package io.atoll.lxctools.disk;

import org.jspecify.annotations.NullMarked;
