-- What live workers know.
SELECT DISTINCT known.name, known.version
  FROM orchestration_workers AS w
 CROSS JOIN json_to_recordset(w.definitions) AS known(name text, version int)
 WHERE w.state = 'live'
