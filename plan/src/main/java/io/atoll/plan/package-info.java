@NullMarked
package io.atoll.plan;

import org.jspecify.annotations.NullMarked;
