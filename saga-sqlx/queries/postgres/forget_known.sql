-- $1 rows of name, version: the definitions that a new worker knows.
WITH gone AS MATERIALIZED (
  SELECT d.definition FROM orchestration_watched_definitions AS d
   WHERE EXISTS (SELECT FROM json_to_recordset($1::json) AS known(name text, version int)
                  WHERE known.name = d.name AND known.version = d.version)
   ORDER BY d.definition FOR UPDATE)
DELETE FROM orchestration_watched_definitions AS d USING gone WHERE d.definition = gone.definition
