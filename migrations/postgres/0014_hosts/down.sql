DROP TABLE host_settings;
DROP TABLE host_access;
