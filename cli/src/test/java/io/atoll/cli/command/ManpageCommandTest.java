package io.atoll.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.json.Json;
import io.atoll.cli.CliRun;
import io.atoll.cli.text.Yaml;
import io.atoll.client.FakeServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManpageCommandTest {
    @TempDir Path directory;

    private TreeSet<String> write(String program, String... options) throws IOException {
        try (FakeServer server = FakeServer.start()) {
            CliRun cli = new CliRun(server).as(program);
            List<String> words = new java.util.ArrayList<>(List.of("manpage"));
            words.add(directory.toString());
            words.addAll(List.of(options));
            assertEquals(0, cli.run(words.toArray(String[]::new)), cli.err());
        }
        TreeSet<String> out = new TreeSet<>();
        try (Stream<Path> files = Files.list(directory)) {
            files.forEach(file -> out.add(file.getFileName().toString()));
        }
        return out;
    }

    private String read(String name) throws IOException {
        return Files.readString(directory.resolve(name));
    }

    @Test
    void writesAPageForEveryCommand() throws IOException {
        TreeSet<String> files = write("lxc");
        assertTrue(
                files.containsAll(
                        List.of(
                                "lxc.1",
                                "lxc.image.1",
                                "lxc.image.alias.list.1",
                                "lxc.network.zone.record.entry.add.1")),
                files.toString());
        assertTrue(files.size() > 200, "there are " + files.size());
        assertFalse(files.stream().anyMatch(name -> name.contains("__words")), files.toString());
        String page = read("lxc.image.export.1");
        assertTrue(page.contains("\n.SH NAME\nlxc\\-image\\-export \\- Export an image"), page);
        assertTrue(
                page.contains("\nlxc image export [<remote>:]<image> [<target>] [flags]\n"), page);
        assertTrue(page.contains("\\fB\\-\\-vm\\fP\n"), page);
        assertTrue(page.contains("\\fBlxc\\-image\\fP(1)"), page);
        String group = read("lxc.file.1");
        assertTrue(group.contains(".B pull\nCopy files out of instances\n"), group);
        for (String name : files) {
            for (String line : read(name).split("\n")) {
                boolean isRequest = line.startsWith(".") || line.startsWith("'");
                assertTrue(
                        !isRequest || line.matches("\\.(nh|TH .*|SH .*|TP|B .*|nf|fi)"),
                        name + ": " + line);
            }
        }
    }

    @Test
    void writesTheOtherFormats() throws IOException {
        TreeSet<String> all = write("atoll", "--format", "md");
        assertTrue(all.contains("atoll_list.md"), all.toString());
        assertTrue(read("atoll_file.md").contains("* [atoll file pull](atoll_file_pull.md)\n"));
        assertTrue(write("atoll", "-f", "rest").contains("atoll_list.rst"));
        assertTrue(
                read("atoll_list.rst").startsWith(".. _atoll_list:\n\natoll list\n----------\n"));
        assertTrue(write("atoll", "-f", "yaml").contains("atoll_list.yaml"));
        Json tree = Yaml.parse(read("atoll_list.yaml"));
        assertEquals("atoll list", tree.get("name").asString());
        assertEquals("table", option(tree, "format").get("default_value").asString());
        assertEquals("f", option(tree, "format").get("shorthand").asString());
    }

    private static Json option(Json tree, String name) {
        return tree.get("options").asList().stream()
                .filter(o -> o.get("name").asString().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void theDaemonsProgramHasPagesToo() throws IOException {
        assertTrue(write("lxd").contains("lxd.waitready.1"));
    }

    @Test
    void refusesFormatsAndPlacesThatAreNotThere() throws IOException {
        try (FakeServer server = FakeServer.start()) {
            CliRun format = new CliRun(server);
            assertEquals(1, format.run("manpage", directory.toString(), "-f", "pdf"));
            assertEquals("Error: Unknown format \"pdf\": man, md, rest or yaml\n", format.err());
            CliRun place = new CliRun(server);
            assertEquals(1, place.run("manpage", directory + "/nosuch"));
            assertEquals(
                    "Error: " + directory + "/nosuch/lxc.1: no such file or directory\n",
                    place.err());
        }
    }
}
