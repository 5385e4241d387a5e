package io.atoll.daemon.storage;

import io.atoll.base.NotFoundException;
import io.atoll.base.ProjectName;
import io.atoll.daemon.project.Projects;
import io.atoll.daemon.recover.LostVolume;
import io.atoll.daemon.recover.LostVolumes;
import io.atoll.daemon.store.Batch;
import io.atoll.daemon.store.Store;
import io.atoll.storage.StorageDriver;
import io.atoll.storage.VolumeName;
import io.atoll.storage.VolumeType;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Custom volumes without a record. Their names tell all that is known of them.
final class VolumeRecovery implements LostVolumes {
    private final Store store;
    private final Projects projects;

    VolumeRecovery(Store store, Projects projects) {
        this.store = store;
        this.projects = projects;
    }

    @Override
    public List<LostVolume> find(StorageDriver pool) {
        List<LostVolume> out = new ArrayList<>();
        for (String stored : pool.volumes(VolumeType.CUSTOM)) {
            int end = stored.indexOf('_');
            if (end > 0) {
                String name = stored.substring(end + 1);
                ProjectName project = new ProjectName(stored.substring(0, end));
                String in = pool.pool().name();
                if (store.find(CustomVolume.KIND, CustomVolume.key(project, in, name)).isEmpty()) {
                    out.add(lost(pool, project, name));
                }
            }
        }
        return out;
    }

    private LostVolume lost(StorageDriver pool, ProjectName project, String name) {
        List<String> snapshots = pool.snapshots(VolumeName.custom(project + "_" + name));
        List<String> problems = new ArrayList<>();
        try {
            projects.get(project);
        } catch (NotFoundException _) {
            problems.add("Project \"" + project + "\" not found");
        }
        return new LostVolume(
                "custom",
                project,
                pool.pool().name(),
                name,
                snapshots.size(),
                problems,
                () -> record(pool, project, name));
    }

    private void record(StorageDriver driver, ProjectName project, String name) {
        DiskRefresh.takeBack(driver, CustomVolume.volume(project, name));
        Instant now = Instant.now();
        boolean isBlock = driver.disk(CustomVolume.volume(project, name).current()).isPresent();
        String pool = driver.pool().name();
        CustomVolume volume = new CustomVolume(pool, name, "", Map.of(), now, isBlock, "");
        Batch batch = new Batch().create(CustomVolume.KIND, volume.key(project), volume);
        for (String snapshot : driver.snapshots(CustomVolume.volume(project, name))) {
            VolumeSnapshot record =
                    new VolumeSnapshot(
                            pool, name, snapshot, "", Map.of(), now, Optional.empty(), "");
            batch.create(VolumeSnapshot.KIND, record.key(project), record);
        }
        store.commit(batch);
    }
}
