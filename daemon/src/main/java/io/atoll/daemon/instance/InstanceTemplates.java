package io.atoll.daemon.instance;

import io.atoll.base.InvalidConfigException;
import io.atoll.daemon.instance.config.ConfigKeys;
import io.atoll.daemon.instance.config.Expansion;
import io.atoll.image.ImageMetadata;
import io.atoll.image.ImageTemplate;
import io.atoll.image.TemplateContext;
import io.atoll.image.TemplateIncludes;
import io.atoll.image.TemplateRenderer;
import io.atoll.linux.Fd;
import io.atoll.linux.GuestFiles;
import io.atoll.linux.PlatformThreads;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The templates that an instance brought along from its image, and writing the files they make.
final class InstanceTemplates {
    /// The longest template that is read, in bytes.
    private static final int TEMPLATE_MAX = 1 << 20;

    private static final int FILE_MODE = 0644;
    private static final int DIRECTORY_MODE = 0755;

    /// One file to write.
    private record Job(String path, String trigger, ImageTemplate template) {}

    /// The metadata in a volume's directory; empty if the instance came from no image.
    static Optional<ImageMetadata> metadata(Path directory) throws IOException {
        Path file = directory.resolve("metadata.yaml");
        return Files.exists(file)
                ? Optional.of(ImageMetadata.parse(Files.readString(file)))
                : Optional.empty();
    }

    /// Writes the files of all templates that one of the triggers asks for, in the triggers' order.
    /// The instance must not run.
    void apply(Preparation.Prepared prepared, List<String> triggers) throws IOException {
        Path directory = prepared.pool().directory(prepared.volume().current());
        // Asked before the file is read: most starts have nothing to write.
        if (!Files.isDirectory(directory.resolve("templates"))) {
            return;
        }
        List<Job> jobs = jobs(directory, triggers);
        if (!jobs.isEmpty()) {
            PlatformThreads.call(() -> write(prepared, directory, jobs));
        }
    }

    private static List<Job> jobs(Path directory, List<String> triggers) throws IOException {
        List<Job> jobs = new ArrayList<>();
        Optional<ImageMetadata> metadata = metadata(directory);
        if (metadata.isEmpty()) {
            return jobs;
        }
        for (String trigger : triggers) {
            metadata.get()
                    .templates()
                    .forEach((path, template) -> {
                        if (template.when().contains(trigger)) {
                            jobs.add(new Job(path, trigger, template));
                        }
                    });
        }
        return jobs;
    }

    private static Boolean write(Preparation.Prepared prepared, Path directory, List<Job> jobs)
            throws IOException {
        try (Fd root = prepared.pool().openRoot(prepared.volume().current())) {
            GuestFiles files = new GuestFiles(root);
            TemplateIncludes includes =
                    name -> new String(files.read(name, TEMPLATE_MAX), StandardCharsets.UTF_8);
            for (Job job : jobs) {
                write(prepared, directory, job, files, includes);
            }
        }
        return true;
    }

    private static void write(
            Preparation.Prepared prepared,
            Path directory,
            Job job,
            GuestFiles files,
            TemplateIncludes includes)
            throws IOException {
        boolean exists = files.exists(job.path());
        if (exists && job.template().createOnly()) {
            return;
        }
        String source = Files.readString(template(directory, job.template().template()));
        byte[] text =
                TemplateRenderer.render(source, context(prepared, job), includes)
                        .getBytes(StandardCharsets.UTF_8);
        if (!exists) {
            int slash = job.path().lastIndexOf('/');
            files.mkdirs(slash < 0 ? "/" : job.path().substring(0, slash), DIRECTORY_MODE, 0, 0);
        }
        files.write(job.path(), text, FILE_MODE);
    }

    /// The file of a template; its name is part of the image, so it may be anything.
    ///
    /// @throws InvalidConfigException if it is not the name of a file in `templates`
    static Path template(Path directory, String name) {
        if (name.isEmpty()
                || name.contains("/")
                || name.equals("..")
                || name.equals(".")
                || name.indexOf('\0') >= 0) {
            throw new InvalidConfigException("Invalid template name \"" + name + "\"");
        }
        return directory.resolve("templates").resolve(name);
    }

    private static TemplateContext context(Preparation.Prepared prepared, Job job) {
        InstanceRecord instance = prepared.instance();
        Expansion expansion = prepared.expansion();
        return new TemplateContext(
                job.trigger(),
                job.path(),
                Map.of(
                        "name", instance.name(),
                        "type", "container",
                        "architecture", instance.architecture(),
                        "ephemeral", Boolean.toString(instance.isEphemeral()),
                        "privileged",
                                Boolean.toString(expansion.typed().is(ConfigKeys.PRIVILEGED))),
                expansion.config(),
                expansion.devices(),
                job.template().properties());
    }
}
