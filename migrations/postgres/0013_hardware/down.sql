DROP TABLE node_availability_storages;
DROP TABLE availability_storages;
DROP INDEX nodes_node_type_id;
DROP INDEX nodes_node_class_id;
DROP INDEX nodes_image_id;
ALTER TABLE nodes DROP COLUMN is_protected;
ALTER TABLE node_images DROP COLUMN created_at;
ALTER TABLE node_images DROP COLUMN file_data;
