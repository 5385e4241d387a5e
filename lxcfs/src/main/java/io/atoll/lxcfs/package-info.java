@NullMarked
package io.atoll.lxcfs;

import org.jspecify.annotations.NullMarked;
