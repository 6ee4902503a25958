-- AUTOINCREMENT: the id of a removed row is never given to another one, because tasks,
-- histories and clients may still hold it.
CREATE TABLE node_images (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE node_classes (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    is_default BOOLEAN NOT NULL
);

CREATE TABLE node_types (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    node_class_id BIGINT NOT NULL REFERENCES node_classes (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    UNIQUE (node_class_id, name)
);

CREATE TABLE nodes (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    uuid TEXT NOT NULL UNIQUE,
    name TEXT UNIQUE,
    title TEXT,
    description TEXT,
    owner TEXT,
    active BOOLEAN NOT NULL DEFAULT TRUE,
    condition INTEGER NOT NULL DEFAULT 0,
    is_reserved BOOLEAN NOT NULL DEFAULT FALSE,
    is_controller BOOLEAN NOT NULL DEFAULT FALSE,
    power_state TEXT,
    image_id BIGINT REFERENCES node_images (id),
    node_class_id BIGINT REFERENCES node_classes (id),
    node_type_id BIGINT REFERENCES node_types (id),
    ip_addresses TEXT NOT NULL DEFAULT '[]',
    mac_address TEXT,
    mac_key TEXT,
    hypervisor_id TEXT,
    controller_id TEXT,
    controller_type TEXT,
    dtc_number INTEGER,
    row_number INTEGER,
    rack_number INTEGER,
    unit_number INTEGER,
    cpu_amount INTEGER,
    cpu_arch TEXT,
    ram_mb BIGINT,
    hdd_gb BIGINT,
    inventory_code TEXT,
    system_uuid TEXT,
    serial_number TEXT,
    bmc_address TEXT,
    metadata TEXT NOT NULL DEFAULT '{}',
    properties TEXT NOT NULL DEFAULT '{}',
    capabilities TEXT NOT NULL DEFAULT '{}',
    traits TEXT NOT NULL DEFAULT '[]',
    extra TEXT NOT NULL DEFAULT '{}',
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP,
    held_by TEXT,
    held_for TEXT,
    held_since TIMESTAMP,
    held_until TIMESTAMP
);
CREATE INDEX nodes_mac_key ON nodes (mac_key);
CREATE INDEX nodes_system_uuid ON nodes (system_uuid);
CREATE INDEX nodes_serial_number ON nodes (serial_number);
CREATE INDEX nodes_bmc_address ON nodes (bmc_address);

CREATE TABLE ports (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    uuid TEXT NOT NULL UNIQUE,
    node_id BIGINT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
    address TEXT NOT NULL UNIQUE,
    pxe_enabled BOOLEAN NOT NULL,
    local_link_connection TEXT NOT NULL,
    extra TEXT NOT NULL
);
CREATE INDEX ports_node_id ON ports (node_id);

-- claimable_at: from when the task may be claimed, be it waiting or abandoned; null once it is final.
CREATE TABLE tasks (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    uuid TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    queue TEXT NOT NULL,
    payload TEXT NOT NULL,
    node_id BIGINT,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    max_attempts INTEGER NOT NULL,
    run_after TIMESTAMP NOT NULL,
    claimable_at TIMESTAMP,
    lease_owner TEXT,
    lease_expires TIMESTAMP,
    result TEXT,
    error TEXT,
    requested_by TEXT NOT NULL,
    dialect TEXT NOT NULL,
    request_id TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    started_at TIMESTAMP,
    finished_at TIMESTAMP
);
CREATE INDEX tasks_claimable ON tasks (queue, claimable_at, id);
CREATE INDEX tasks_finished_at ON tasks (finished_at);

CREATE TABLE task_messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    task_id BIGINT NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    written_at TIMESTAMP NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX task_messages_task_id ON task_messages (task_id);

-- task_id is the task that owns the introspection; it may outlive that task.
CREATE TABLE introspections (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    node_id BIGINT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
    node_uuid TEXT NOT NULL,
    state TEXT NOT NULL,
    error TEXT,
    started_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP,
    deadline TIMESTAMP NOT NULL,
    manage_boot BOOLEAN NOT NULL,
    keep_power BOOLEAN NOT NULL,
    nonce_hash TEXT,
    requested_by TEXT NOT NULL,
    task_id BIGINT,
    is_current BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX introspections_current_node_id ON introspections (node_id) WHERE is_current;
CREATE UNIQUE INDEX introspections_current_node_uuid ON introspections (node_uuid) WHERE is_current;
CREATE INDEX introspections_current_order ON introspections (started_at, node_uuid) WHERE is_current;
CREATE INDEX introspections_node_id ON introspections (node_id);
CREATE INDEX introspections_nonce_hash ON introspections (nonce_hash);
CREATE INDEX introspections_running ON introspections (deadline) WHERE finished_at IS NULL;

CREATE TABLE introspection_phases (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    introspection_id BIGINT NOT NULL REFERENCES introspections (id) ON DELETE CASCADE,
    phase TEXT NOT NULL,
    reached_at TIMESTAMP NOT NULL,
    UNIQUE (introspection_id, phase)
);

-- raw and processed are JSON, compressed with zstd.
CREATE TABLE reports (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    introspection_id BIGINT NOT NULL REFERENCES introspections (id) ON DELETE CASCADE,
    node_id BIGINT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
    received_at TIMESTAMP NOT NULL,
    size BIGINT NOT NULL,
    processed BLOB,
    raw BLOB NOT NULL
);
CREATE INDEX reports_introspection_id ON reports (introspection_id);

CREATE TABLE rules (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    uuid TEXT NOT NULL UNIQUE,
    description TEXT,
    conditions TEXT NOT NULL,
    actions TEXT NOT NULL,
    scope TEXT,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL
);

-- password and ssh_key are encrypted: key_id:nonce:ciphertext. host_key is the host as it is looked up.
CREATE TABLE power_controls (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    title TEXT NOT NULL,
    control_type TEXT NOT NULL,
    protocol_type TEXT NOT NULL,
    host TEXT NOT NULL,
    host_key TEXT NOT NULL,
    port_number INTEGER NOT NULL,
    login TEXT,
    password TEXT,
    ssh_key TEXT,
    settings TEXT NOT NULL,
    refused TEXT,
    time_created TIMESTAMP NOT NULL,
    time_updated TIMESTAMP
);
CREATE INDEX power_controls_host_key ON power_controls (host_key);

CREATE TABLE node_power_controls (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    node_id BIGINT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
    power_control_id BIGINT NOT NULL REFERENCES power_controls (id),
    port TEXT NOT NULL,
    is_default BOOLEAN NOT NULL,
    is_initialized BOOLEAN NOT NULL,
    UNIQUE (node_id, power_control_id),
    UNIQUE (power_control_id, port)
);
CREATE UNIQUE INDEX node_power_controls_default ON node_power_controls (node_id) WHERE is_default;

INSERT INTO node_images (id, name) VALUES (1, 'default');
INSERT INTO node_classes (id, name, is_default) VALUES
    (1, 'hypervisor', TRUE),
    (2, 'Storage host', FALSE),
    (3, 'Network host', FALSE),
    (4, 'Server', FALSE);
INSERT INTO node_types (id, node_class_id, name) VALUES
    (1, 1, ''), (2, 1, 'QEMU'), (3, 1, 'KVM'), (4, 1, 'Docker'), (5, 1, 'Xen'), (6, 1, 'VMware'),
    (7, 1, 'HyperV'),
    (8, 2, ''), (9, 2, 'Ceph'), (10, 2, 'mdraid'), (11, 2, 'bcashed'), (12, 2, 'GlusterFS'),
    (13, 2, 'Sheepdog'),
    (14, 3, ''), (15, 3, 'Network node'), (16, 3, 'Commutator'), (17, 3, 'Router'),
    (18, 4, ''), (19, 4, 'Controller node'), (20, 4, 'PXE'), (21, 4, 'DHCP'), (22, 4, 'DNS'),
    (23, 4, 'NTP');
