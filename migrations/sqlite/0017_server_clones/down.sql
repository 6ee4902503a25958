DROP TABLE server_clones;
