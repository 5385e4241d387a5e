/// The template that takes images from a server: indexes, downloads, sums and signatures.
@NullMarked
package io.atoll.lxctools.fetch;

import org.jspecify.annotations.NullMarked;
