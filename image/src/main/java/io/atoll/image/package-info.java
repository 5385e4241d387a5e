@NullMarked
package io.atoll.image;

import org.jspecify.annotations.NullMarked;
