package io.atoll.runtime.compiler;

import io.atoll.plan.Place;
import io.atoll.plan.Step;
import io.atoll.runtime.spec.ProfileSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// An AppArmor profile as steps, so that it is there and gone with its container whoever else
/// lives.
final class ProfileSteps {
    private static final int PARSER_MILLIS = 30_000;

    /// The parser finds nothing of its own by it.
    private static final List<String> ENVIRONMENT = List.of("PATH=/usr/sbin:/usr/bin:/sbin:/bin");

    private ProfileSteps() {}

    static List<Step> load(ProfileSpec profile) {
        List<Step> steps = new ArrayList<>();
        profile.namespaceDirectory()
                .ifPresent(dir -> steps.add(new Step.Mkdir(place(dir), 0755, true)));
        steps.add(new Step.RunHook(profile.loadCommand(), ENVIRONMENT, PARSER_MILLIS));
        return steps;
    }

    /// By the kernel's own files, because the profile's text may be gone before its container.
    /// Whatever a start that failed has not made is not there to be removed.
    static List<Step> remove(ProfileSpec profile) {
        List<Step> steps = new ArrayList<>();
        steps.add(
                new Step.IfPossible(
                        new Step.WriteFile(
                                place(profile.policy().resolve(".remove")),
                                profile.name(),
                                Step.WriteMode.EXISTING)));
        profile.namespaceDirectory()
                .ifPresent(
                        dir -> steps.add(new Step.IfPossible(new Step.Remove(place(dir), true))));
        return steps;
    }

    private static Place place(Path path) {
        return Place.host(path.toString());
    }
}
