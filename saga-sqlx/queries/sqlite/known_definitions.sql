-- What live workers know.
SELECT DISTINCT known.value ->> 'name', known.value ->> 'version'
  FROM orchestration_workers AS w, json_each(w.definitions) AS known
 WHERE w.state = 'live'
