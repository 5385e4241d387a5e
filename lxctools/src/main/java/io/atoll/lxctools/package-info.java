@NullMarked
package io.atoll.lxctools;

import org.jspecify.annotations.NullMarked;
