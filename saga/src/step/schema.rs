//! What the values of a step look like, as JSON Schemas.

use serde_json::Value;

/// The JSON Schemas of a step's parameters and output. What is unknown is not said, and anything fits it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepSchema {
    /// By parameter name.
    pub params: Vec<(&'static str, Value)>,
    /// Of what it gives.
    pub output: Option<Value>,
}

impl StepSchema {
    /// The schema of a parameter.
    pub fn param(&self, name: &str) -> Option<&Value> {
        self.params.iter().find(|(param, _)| *param == name).map(|(_, schema)| schema)
    }

    /// Adds a parameter, if its schema is known.
    #[must_use]
    pub fn with(mut self, param: &'static str, schema: Option<Value>) -> Self {
        self.params.extend(schema.map(|schema| (param, schema)));
        self
    }

    /// Says what the step gives, if that is known.
    #[must_use]
    pub fn giving(self, output: Option<Value>) -> Self {
        Self { output, ..self }
    }
}
