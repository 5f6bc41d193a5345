-- How plugins ran, in more than sums: how long their calls took, what failed last, what they counted each day.

-- Of the calls of a version in an hour, how many took about as long: a bucket ends at most a quarter above where it begins.
CREATE TABLE plugin_spans (
    plugin_id TEXT NOT NULL,
    version TEXT NOT NULL,
    hour BIGINT NOT NULL,
    bucket BIGINT NOT NULL,
    calls BIGINT NOT NULL,
    PRIMARY KEY (plugin_id, version, hour, bucket)
) WITHOUT ROWID;
CREATE INDEX plugin_spans_by_age ON plugin_spans (hour);

-- The last turns that a plugin failed, each once however often it was tried.
CREATE TABLE plugin_failures (
    plugin_id TEXT NOT NULL,
    turn_id TEXT NOT NULL,
    version TEXT NOT NULL,
    service_point_id TEXT NOT NULL,
    -- What went wrong, as one of our words: never what the plugin says.
    kind TEXT NOT NULL,
    tries BIGINT NOT NULL,
    failed_at BIGINT NOT NULL,
    PRIMARY KEY (plugin_id, turn_id)
) WITHOUT ROWID;
CREATE INDEX plugin_failures_by_age ON plugin_failures (failed_at);

-- What plugins counted, by the day of UTC that begins then.
CREATE TABLE plugin_counter_days (
    plugin_id TEXT NOT NULL,
    metric TEXT NOT NULL,
    day BIGINT NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (plugin_id, metric, day)
) WITHOUT ROWID;
CREATE INDEX plugin_counter_days_by_age ON plugin_counter_days (day);
