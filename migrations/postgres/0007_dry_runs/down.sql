DROP TABLE dry_run_results;
DROP TABLE dry_runs;
