DROP TABLE alarms;
DROP TABLE held_reports;
DROP TABLE discovery_boots;
DROP TABLE boot_claims;
DROP TABLE node_fingerprints;
