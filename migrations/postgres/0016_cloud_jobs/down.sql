DROP TABLE audits;
DROP TABLE host_progress;
DROP TABLE instance_moves;
