package io.atoll.house;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Keeps the table of modules in `docs/architecture.md` true: who may refer to whom, and that only
/// `linux` makes native calls.
class ArrowsTest {
    /// What each module may see beside itself; what those may see is included.
    private static final Map<String, Set<String>> MAY_SEE =
            Map.ofEntries(
                    Map.entry("base", Set.of()),
                    Map.entry("plan", Set.of("base")),
                    Map.entry("linux", Set.of("base")),
                    Map.entry("runtime", Set.of("plan", "linux")),
                    Map.entry("storage", Set.of("linux")),
                    Map.entry("image", Set.of("linux", "api")),
                    Map.entry("network", Set.of("linux")),
                    Map.entry("lxcfs", Set.of("linux")),
                    Map.entry("api", Set.of("base")),
                    Map.entry(
                            "daemon",
                            Set.of("runtime", "storage", "image", "network", "lxcfs", "api")),
                    Map.entry("client", Set.of("api")),
                    Map.entry("cli", Set.of("client", "image")),
                    Map.entry("lxctools", Set.of("runtime", "storage", "image", "network")),
                    Map.entry("warm", Set.of("cli", "lxctools", "linux")));

    private static final JavaClasses CLASSES =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .importPackages("io.atoll");

    @TestFactory
    Stream<DynamicTest> arrowsPointDown() {
        return MAY_SEE.keySet().stream()
                .sorted()
                .map(module -> DynamicTest.dynamicTest(module, () -> assertSeesOnlyBelow(module)));
    }

    private static void assertSeesOnlyBelow(String module) {
        List<String> allowed = new ArrayList<>();
        for (String seen : below(module)) {
            allowed.add("io.atoll." + seen + "..");
        }
        classes()
                .that()
                .resideInAPackage("io.atoll." + module + "..")
                .should()
                .onlyDependOnClassesThat(
                        com.tngtech.archunit.base.DescribedPredicate.describe(
                                "are of " + below(module) + " or no part of Atoll",
                                type ->
                                        !type.getPackageName().startsWith("io.atoll.")
                                                || com.tngtech.archunit.core.domain.JavaClass
                                                        .Predicates.resideInAnyPackage(
                                                                allowed.toArray(String[]::new))
                                                        .test(type)))
                .allowEmptyShould(true)
                .check(CLASSES);
    }

    private static Set<String> below(String module) {
        Set<String> seen = new TreeSet<>(Set.of(module));
        for (String next : MAY_SEE.get(module)) {
            seen.addAll(below(next));
        }
        return seen;
    }

    @Test
    void onlyLinuxMakesNativeCalls() {
        noClasses()
                .that()
                .resideOutsideOfPackages("io.atoll.linux..", "io.atoll.testkit..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("java.lang.foreign..")
                .check(CLASSES);
    }

    @Test
    void everyModuleHasARowHere() {
        Set<String> packages = new TreeSet<>();
        CLASSES.forEach(type -> packages.add(type.getPackageName().split("\\.", 4)[2]));
        packages.removeAll(Set.of("testkit", "e2e", "bench", "house"));
        packages.removeAll(MAY_SEE.keySet());
        if (!packages.isEmpty()) {
            throw new AssertionError("modules without a row in ArrowsTest: " + packages);
        }
    }
}
