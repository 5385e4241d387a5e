@NullMarked
package io.atoll.base;

import org.jspecify.annotations.NullMarked;
