@NullMarked
package io.atoll.runtime;

import org.jspecify.annotations.NullMarked;
