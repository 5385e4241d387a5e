/// What a container is to be, as validated values. Nothing here touches the host: the same records
/// come from an instance's configuration, from an `lxc.*` file and from tests, and the plan
/// compiler turns them into a plan.
@NullMarked
package io.atoll.runtime.spec;

import org.jspecify.annotations.NullMarked;
