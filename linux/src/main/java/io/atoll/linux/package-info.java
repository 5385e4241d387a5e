@NullMarked
package io.atoll.linux;

import org.jspecify.annotations.NullMarked;
