/// Images of OCI registries.
@NullMarked
package io.atoll.image.oci;

import org.jspecify.annotations.NullMarked;
