DROP INDEX power_actions_open;
DROP TABLE power_observations;
DROP TABLE gates;
