/// Turns a [io.atoll.runtime.spec.ContainerSpec] into a plan. Pure: what it knows of the host comes
/// in as [HostFacts], so that every decision can be tested without root by comparing the plan with
/// a golden text.
@NullMarked
package io.atoll.runtime.compiler;

import org.jspecify.annotations.NullMarked;
