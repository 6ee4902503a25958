DROP TABLE device_readings;
