@NullMarked
package io.atoll.network;

import org.jspecify.annotations.NullMarked;
