-- Two marks of the present run, which stood among the user's values before.
ALTER TABLE orchestration_workflows ADD COLUMN turned_back INTEGER NOT NULL DEFAULT 0;
ALTER TABLE orchestration_workflows ADD COLUMN leaves_intents INTEGER NOT NULL DEFAULT 0;
UPDATE orchestration_workflows
   SET turned_back = json_type(context, '$."(turned back)"') IS NOT NULL,
       leaves_intents = json_type(context, '$."(leaves intents)"') IS NOT NULL,
       context = json_remove(context, '$."(turned back)"', '$."(leaves intents)"')
 WHERE json_valid(context) AND (context LIKE '%"(turned back)"%' OR context LIKE '%"(leaves intents)"%');
