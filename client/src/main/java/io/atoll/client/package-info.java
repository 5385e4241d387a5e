@NullMarked
package io.atoll.client;

import org.jspecify.annotations.NullMarked;
