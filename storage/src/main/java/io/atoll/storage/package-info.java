@NullMarked
package io.atoll.storage;

import org.jspecify.annotations.NullMarked;
