-- Contents of boot images, storages that nodes can reach, and nodes that are protected. The image
-- `default` has no content: a machine that gets it boots from its next device.
ALTER TABLE node_images ADD COLUMN file_data TEXT NOT NULL DEFAULT '';
ALTER TABLE node_images ADD COLUMN created_at TIMESTAMP NOT NULL DEFAULT '1970-01-01 00:00:00';
UPDATE node_images SET created_at = CURRENT_TIMESTAMP;

ALTER TABLE nodes ADD COLUMN is_protected BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX nodes_image_id ON nodes (image_id);
CREATE INDEX nodes_node_class_id ON nodes (node_class_id);
CREATE INDEX nodes_node_type_id ON nodes (node_type_id);

CREATE TABLE availability_storages (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    compute_path TEXT NOT NULL,
    controller_path TEXT NOT NULL
);

CREATE TABLE node_availability_storages (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    node_id BIGINT NOT NULL REFERENCES nodes (id) ON DELETE CASCADE,
    availability_storage_id BIGINT NOT NULL REFERENCES availability_storages (id),
    UNIQUE (node_id, availability_storage_id)
);
CREATE INDEX node_availability_storages_storage
    ON node_availability_storages (availability_storage_id);
