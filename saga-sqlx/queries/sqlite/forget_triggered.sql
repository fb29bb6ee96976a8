-- ?1 the present, or NULL; ?2 a trigger, or NULL: what was remembered for it, or is not kept any more.
DELETE FROM orchestration_triggered
 WHERE triggered_id IN (
   SELECT triggered_id FROM orchestration_triggered WHERE kept_until <= ?1
    UNION ALL
   SELECT triggered_id FROM orchestration_triggered WHERE trigger_name = ?2)
