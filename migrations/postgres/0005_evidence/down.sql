DROP TABLE introspection_diagnoses;
DROP TABLE stray_evidence;
DROP TABLE introspection_evidence;
