DROP TABLE host_sessions;
