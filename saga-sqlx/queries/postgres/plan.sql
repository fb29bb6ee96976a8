-- $1 name@version#fingerprint.
SELECT plan FROM orchestration_definitions WHERE definition = $1
