-- Tables with the names and columns of LXD's, made of the records for as long as one query runs:
-- for scripts that ask LXD's database. Ids are counted by age, or by name, and hold while nothing
-- is deleted. The host is the only node.

CREATE TEMP VIEW nodes AS
SELECT 1 AS id, 'none' AS name, '' AS description, '0.0.0.0' AS address, 60 AS schema,
    318 AS api_extensions, strftime('%Y-%m-%dT%H:%M:%SZ', 'now') AS heartbeat, 0 AS state,
    NULL AS arch, NULL AS failure_domain_id;

CREATE TEMP VIEW config AS
SELECT row_number() OVER (ORDER BY c.key) AS id, c.key AS key, c.value AS value
FROM main.records r, json_each(r.document) c
WHERE r.kind = 'server-config';

CREATE TEMP VIEW projects AS
SELECT row_number() OVER (ORDER BY name <> 'default', name) AS id, name,
    document ->> '$.description' AS description
FROM main.records
WHERE kind = 'project';

CREATE TEMP VIEW projects_config AS
SELECT row_number() OVER (ORDER BY p.id, c.key) AS id, p.id AS project_id, c.key AS key,
    c.value AS value
FROM main.records r JOIN projects p ON p.name = r.name, json_each(r.document, '$.config') c
WHERE r.kind = 'project';

CREATE TEMP VIEW certificates AS
SELECT row_number() OVER (ORDER BY name) AS id, document ->> '$.fingerprint' AS fingerprint,
    CASE document ->> '$.type' WHEN 'server' THEN 2 WHEN 'metrics' THEN 3 ELSE 1 END AS type,
    document ->> '$.name' AS name, document ->> '$.certificate' AS certificate,
    document ->> '$.restricted' AS restricted
FROM main.records
WHERE kind = 'certificate';

CREATE TEMP VIEW certificates_projects AS
SELECT c.id AS certificate_id, p.id AS project_id
FROM main.records r
    JOIN certificates c ON c.fingerprint = r.document ->> '$.fingerprint',
    json_each(r.document, '$.projects') e JOIN projects p ON p.name = e.value
WHERE r.kind = 'certificate';

CREATE TEMP VIEW profiles AS
SELECT row_number() OVER (ORDER BY p.id, r.name <> 'default', r.name) AS id, r.name AS name,
    r.document ->> '$.description' AS description, p.id AS project_id
FROM main.records r JOIN projects p ON p.name = r.project
WHERE r.kind = 'profile';

CREATE TEMP VIEW atoll_profiles AS
SELECT f.id AS id, r.document AS document
FROM main.records r JOIN projects p ON p.name = r.project
    JOIN profiles f ON f.project_id = p.id AND f.name = r.name
WHERE r.kind = 'profile';

CREATE TEMP VIEW profiles_config AS
SELECT row_number() OVER (ORDER BY r.id, c.key) AS id, r.id AS profile_id, c.key AS key,
    c.value AS value
FROM atoll_profiles r, json_each(r.document, '$.config') c;

CREATE TEMP VIEW atoll_device_types AS
SELECT key AS id, value AS name
FROM json_each('["none","nic","disk","unix-char","unix-block","usb","gpu","infiniband","proxy","unix-hotplug","tpm","pci"]');

CREATE TEMP VIEW profiles_devices AS
SELECT row_number() OVER (ORDER BY r.id, d.key) AS id, r.id AS profile_id, d.key AS name,
    t.id AS type
FROM atoll_profiles r, json_each(r.document, '$.devices') d
    LEFT JOIN atoll_device_types t ON t.name = d.value ->> '$.type';

CREATE TEMP VIEW profiles_devices_config AS
SELECT row_number() OVER (ORDER BY v.id, c.key) AS id, v.id AS profile_device_id, c.key AS key,
    c.value AS value
FROM atoll_profiles r, json_each(r.document, '$.devices') d, json_each(d.value) c
    JOIN profiles_devices v ON v.profile_id = r.id AND v.name = d.key
WHERE c.key <> 'type';

CREATE TEMP VIEW atoll_architectures AS
SELECT key + 1 AS id, value AS name
FROM json_each('["i686","x86_64","armv7l","aarch64","ppc","ppc64","ppc64le","s390x","mips","mips64","riscv32","riscv64"]');

CREATE TEMP VIEW atoll_instances AS
SELECT row_number() OVER (ORDER BY r.document ->> '$.created_at', p.id, r.name) AS id,
    p.id AS project_id, r.name AS name, r.document AS document
FROM main.records r JOIN projects p ON p.name = r.project
WHERE r.kind = 'instance';

CREATE TEMP VIEW instances AS
SELECT i.id AS id, 1 AS node_id, i.name AS name, a.id AS architecture, 0 AS type,
    i.document ->> '$.ephemeral' AS ephemeral, i.document ->> '$.created_at' AS creation_date,
    i.document ->> '$.stateful' AS stateful, i.document ->> '$.last_used_at' AS last_use_date,
    i.document ->> '$.description' AS description, i.project_id AS project_id,
    '0001-01-01T00:00:00Z' AS expiry_date
FROM atoll_instances i
    LEFT JOIN atoll_architectures a ON a.name = i.document ->> '$.architecture';

CREATE TEMP VIEW instances_config AS
SELECT row_number() OVER (ORDER BY i.id, c.key) AS id, i.id AS instance_id, c.key AS key,
    c.value AS value
FROM atoll_instances i, json_each(i.document, '$.config') c;

CREATE TEMP VIEW instances_devices AS
SELECT row_number() OVER (ORDER BY i.id, d.key) AS id, i.id AS instance_id, d.key AS name,
    t.id AS type
FROM atoll_instances i, json_each(i.document, '$.devices') d
    LEFT JOIN atoll_device_types t ON t.name = d.value ->> '$.type';

CREATE TEMP VIEW instances_devices_config AS
SELECT row_number() OVER (ORDER BY v.id, c.key) AS id, v.id AS instance_device_id, c.key AS key,
    c.value AS value
FROM atoll_instances i, json_each(i.document, '$.devices') d, json_each(d.value) c
    JOIN instances_devices v ON v.instance_id = i.id AND v.name = d.key
WHERE c.key <> 'type';

CREATE TEMP VIEW atoll_profile_projects AS
SELECT p.id AS id,
    CASE WHEN EXISTS (SELECT 1 FROM projects_config c WHERE c.project_id = p.id
        AND c.key = 'features.profiles' AND c.value IN ('true', '1', 'yes', 'on'))
    THEN p.id ELSE 1 END AS owner
FROM projects p;

CREATE TEMP VIEW instances_profiles AS
SELECT row_number() OVER (ORDER BY i.id, e.key) AS id, i.id AS instance_id, f.id AS profile_id,
    e.key + 1 AS apply_order
FROM atoll_instances i JOIN atoll_profile_projects o ON o.id = i.project_id,
    json_each(i.document, '$.profiles') e
    JOIN profiles f ON f.project_id = o.owner AND f.name = e.value;

CREATE TEMP VIEW atoll_snapshots AS
SELECT row_number() OVER (ORDER BY r.document ->> '$.created_at', i.id, r.name) AS id,
    i.id AS instance_id, r.document ->> '$.name' AS name, r.document AS document
FROM main.records r JOIN projects p ON p.name = r.project
    JOIN atoll_instances i
        ON i.project_id = p.id AND i.name = r.document ->> '$.instance.name'
WHERE r.kind = 'snapshot';

CREATE TEMP VIEW instances_snapshots AS
SELECT id, instance_id, name, document ->> '$.created_at' AS creation_date,
    document ->> '$.instance.stateful' AS stateful,
    document ->> '$.instance.description' AS description,
    coalesce(nullif(document ->> '$.expires_at', ''), '0001-01-01T00:00:00Z') AS expiry_date
FROM atoll_snapshots;

CREATE TEMP VIEW instances_snapshots_config AS
SELECT row_number() OVER (ORDER BY s.id, c.key) AS id, s.id AS instance_snapshot_id,
    c.key AS key, c.value AS value
FROM atoll_snapshots s, json_each(s.document, '$.instance.config') c;

CREATE TEMP VIEW instances_snapshots_devices AS
SELECT row_number() OVER (ORDER BY s.id, d.key) AS id, s.id AS instance_snapshot_id,
    d.key AS name, t.id AS type
FROM atoll_snapshots s, json_each(s.document, '$.instance.devices') d
    LEFT JOIN atoll_device_types t ON t.name = d.value ->> '$.type';

CREATE TEMP VIEW instances_snapshots_devices_config AS
SELECT row_number() OVER (ORDER BY v.id, c.key) AS id, v.id AS instance_snapshot_device_id,
    c.key AS key, c.value AS value
FROM atoll_snapshots s, json_each(s.document, '$.instance.devices') d, json_each(d.value) c
    JOIN instances_snapshots_devices v ON v.instance_snapshot_id = s.id AND v.name = d.key
WHERE c.key <> 'type';

CREATE TEMP VIEW atoll_images AS
SELECT row_number() OVER (ORDER BY r.document ->> '$.uploaded_at', p.id, r.name) AS id,
    p.id AS project_id, r.name AS fingerprint, r.document AS document
FROM main.records r JOIN projects p ON p.name = r.project
WHERE r.kind = 'image';

CREATE TEMP VIEW images AS
SELECT i.id AS id, i.fingerprint AS fingerprint, i.document ->> '$.filename' AS filename,
    i.document ->> '$.size' AS size, i.document ->> '$.public' AS public,
    a.id AS architecture, i.document ->> '$.created_at' AS creation_date,
    i.document ->> '$.expires_at' AS expiry_date, i.document ->> '$.uploaded_at' AS upload_date,
    i.document ->> '$.cached' AS cached, i.document ->> '$.last_used_at' AS last_use_date,
    i.document ->> '$.auto_update' AS auto_update, i.project_id AS project_id, 0 AS type
FROM atoll_images i
    LEFT JOIN atoll_architectures a ON a.name = i.document ->> '$.architecture';

CREATE TEMP VIEW images_properties AS
SELECT row_number() OVER (ORDER BY i.id, c.key) AS id, i.id AS image_id, 0 AS type, c.key AS key,
    c.value AS value
FROM atoll_images i, json_each(i.document, '$.properties') c;

CREATE TEMP VIEW images_aliases AS
SELECT row_number() OVER (ORDER BY p.id, r.name) AS id, r.name AS name, i.id AS image_id,
    r.document ->> '$.description' AS description, p.id AS project_id
FROM main.records r JOIN projects p ON p.name = r.project
    LEFT JOIN atoll_images i
        ON i.project_id = p.id AND i.fingerprint = r.document ->> '$.target'
WHERE r.kind = 'image-alias';

CREATE TEMP VIEW networks AS
SELECT row_number() OVER (ORDER BY r.name) AS id, 1 AS project_id, r.name AS name,
    r.document ->> '$.description' AS description, 1 AS state,
    CASE r.document ->> '$.type' WHEN 'macvlan' THEN 1 WHEN 'sriov' THEN 2 WHEN 'ovn' THEN 3
        WHEN 'physical' THEN 4 ELSE 0 END AS type
FROM main.records r
WHERE r.kind = 'network';

CREATE TEMP VIEW networks_config AS
SELECT row_number() OVER (ORDER BY n.id, c.key) AS id, n.id AS network_id, NULL AS node_id,
    c.key AS key, c.value AS value
FROM main.records r JOIN networks n ON n.name = r.name, json_each(r.document, '$.config') c
WHERE r.kind = 'network';

CREATE TEMP VIEW networks_acls AS
SELECT row_number() OVER (ORDER BY p.id, r.name) AS id, p.id AS project_id, r.name AS name,
    r.document ->> '$.description' AS description, r.document ->> '$.ingress' AS ingress,
    r.document ->> '$.egress' AS egress
FROM main.records r JOIN projects p ON p.name = r.project
WHERE r.kind = 'network-acl';

CREATE TEMP VIEW storage_pools AS
SELECT row_number() OVER (ORDER BY name) AS id, name, document ->> '$.driver' AS driver,
    document ->> '$.description' AS description, 1 AS state
FROM main.records
WHERE kind = 'storage-pool';

CREATE TEMP VIEW storage_pools_config AS
SELECT row_number() OVER (ORDER BY s.id, c.key) AS id, s.id AS storage_pool_id, 1 AS node_id,
    c.key AS key, c.value AS value
FROM main.records r JOIN storage_pools s ON s.name = r.name, json_each(r.document, '$.config') c
WHERE r.kind = 'storage-pool';

CREATE TEMP VIEW atoll_roots AS
SELECT i.id AS instance_id,
    coalesce(
        (SELECT d.value ->> '$.pool' FROM json_each(i.document, '$.devices') d
            WHERE d.value ->> '$.path' = '/'),
        (SELECT d.value ->> '$.pool'
            FROM instances_profiles p JOIN atoll_profiles f ON f.id = p.profile_id,
                json_each(f.document, '$.devices') d
            WHERE p.instance_id = i.id AND d.value ->> '$.path' = '/'
            ORDER BY p.apply_order DESC LIMIT 1)) AS pool
FROM atoll_instances i;

CREATE TEMP VIEW atoll_volumes AS
SELECT document ->> '$.name' AS name, document ->> '$.pool' AS pool, 2 AS type,
    document ->> '$.description' AS description, project,
    document ->> '$.content_type' = 'block' AS content_type, document
FROM main.records
WHERE kind = 'custom-volume'
UNION ALL
SELECT i.name, t.pool, 0, '', p.name, 0, '{}'
FROM atoll_instances i JOIN atoll_roots t ON t.instance_id = i.id
    JOIN projects p ON p.id = i.project_id;

CREATE TEMP VIEW storage_volumes AS
SELECT row_number() OVER (ORDER BY s.id, v.type, p.id, v.name) AS id, v.name AS name,
    s.id AS storage_pool_id, 1 AS node_id, v.type AS type, v.description AS description,
    p.id AS project_id, v.content_type AS content_type
FROM atoll_volumes v JOIN storage_pools s ON s.name = v.pool
    JOIN projects p ON p.name = v.project;

CREATE TEMP VIEW storage_volumes_config AS
SELECT row_number() OVER (ORDER BY t.id, c.key) AS id, t.id AS storage_volume_id, c.key AS key,
    c.value AS value
FROM atoll_volumes v JOIN storage_pools s ON s.name = v.pool
    JOIN projects p ON p.name = v.project
    JOIN storage_volumes t ON t.storage_pool_id = s.id AND t.project_id = p.id
        AND t.name = v.name AND t.type = v.type,
    json_each(v.document, '$.config') c;

CREATE TEMP VIEW storage_volumes_snapshots AS
SELECT row_number() OVER (ORDER BY r.document ->> '$.created_at', t.id) AS id,
    t.id AS storage_volume_id, r.document ->> '$.name' AS name,
    r.document ->> '$.description' AS description,
    coalesce(nullif(r.document ->> '$.expires_at', ''), '0001-01-01T00:00:00Z') AS expiry_date
FROM main.records r JOIN storage_pools s ON s.name = r.document ->> '$.pool'
    JOIN projects p ON p.name = r.project
    JOIN storage_volumes t ON t.storage_pool_id = s.id AND t.project_id = p.id
        AND t.name = r.document ->> '$.volume' AND t.type = 2
WHERE r.kind = 'custom-volume-snapshot';
