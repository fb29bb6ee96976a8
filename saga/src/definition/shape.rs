//! What a value looks like before it exists, and whether it fits where it goes. Only what is certain to fail is
//! refused: what is not known fits.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::schema::Schema;

/// What a value looks like.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    /// Nobody knows.
    Any,
    /// As a JSON Schema says.
    Schema(Schema),
    /// Exactly this.
    Literal(Value),
    /// A list of these.
    List(Vec<Shape>),
    /// A list of any number of such.
    Each(Arc<Shape>),
    /// An object with these fields, and no others.
    Fields(BTreeMap<String, Shape>),
    /// One of these.
    OneOf(Vec<Shape>),
}

impl Shape {
    pub(crate) fn of(schema: Option<&Value>) -> Self {
        schema.map_or(Self::Any, |schema| Self::Schema(Schema::new(schema)))
    }
    pub(crate) fn or_null(self) -> Self {
        Self::OneOf(vec![self, Self::Literal(Value::Null)])
    }

    /// What a field of it looks like. What is not there reads as `null`.
    ///
    /// # Errors
    /// When there certainly is no such field; the fields that there are.
    pub(crate) fn field(&self, name: &str) -> Result<Shape, Vec<String>> {
        match self {
            Self::Any | Self::Literal(Value::Null) => Ok(self.clone()),
            Self::Schema(schema) => schema.field(name),
            Self::Literal(Value::Object(fields)) => match fields.get(name) {
                Some(value) => Ok(Self::Literal(value.clone())),
                None => Err(fields.keys().cloned().collect()),
            },
            Self::Fields(fields) => fields.get(name).cloned().ok_or_else(|| fields.keys().cloned().collect()),
            Self::List(items) => {
                let item = name.parse::<usize>().ok().and_then(|i| items.get(i));
                item.cloned().ok_or_else(Vec::new)
            }
            Self::Each(item) if name.parse::<usize>().is_ok() => Ok(item.as_ref().clone().or_null()),
            Self::Each(_) | Self::Literal(_) => Err(vec![]),
            Self::OneOf(shapes) => {
                let (mut fields, mut known) = (vec![], vec![]);
                for shape in shapes {
                    match shape.field(name) {
                        Ok(field) => fields.push(field),
                        Err(others) => known.extend(others),
                    }
                }
                let only_null = fields.iter().all(|f| matches!(f, Self::Literal(Value::Null)));
                if only_null && !known.is_empty() { Err(known) } else { Ok(Self::OneOf(fields)) }
            }
        }
    }

    /// What an item of it looks like, if it is a list.
    pub(crate) fn item(&self) -> Option<Shape> {
        match self {
            Self::Any => Some(Self::Any),
            Self::Schema(schema) => schema.items(),
            Self::Each(item) => Some(item.as_ref().clone()),
            Self::List(items) => Some(Self::OneOf(items.clone())),
            Self::Literal(Value::Array(items)) => {
                Some(Self::OneOf(items.iter().cloned().map(Self::Literal).collect()))
            }
            Self::OneOf(shapes) => {
                let items: Vec<_> = shapes.iter().filter_map(Shape::item).collect();
                (!items.is_empty()).then_some(Self::OneOf(items))
            }
            Self::Literal(_) | Self::Fields(_) => None,
        }
    }
}

/// How a value certainly does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// The fields and items that lead to the place.
    pub(crate) at: Vec<String>,
    /// What is wrong there.
    pub(crate) message: String,
}

impl Misfit {
    pub(super) fn here(message: impl Into<String>) -> Self {
        Self { at: vec![], message: message.into() }
    }
    fn below(mut self, place: &str) -> Self {
        self.at.insert(0, place.to_owned());
        self
    }
}

/// No schema is followed deeper; a recursive one would have no end.
const DEEPEST: usize = 24;

/// Does every value of this shape have a chance to fit?
pub(crate) fn fits(shape: &Shape, wanted: &Schema) -> Result<(), Misfit> {
    fit(shape, wanted, 0)
}

fn fit(shape: &Shape, wanted: &Schema, depth: usize) -> Result<(), Misfit> {
    if depth > DEEPEST || matches!(shape, Shape::Any) || wanted.is_open() {
        return Ok(());
    }
    match shape {
        Shape::OneOf(shapes) => {
            return shapes.iter().try_for_each(|shape| fit(shape, wanted, depth + 1));
        }
        Shape::Schema(schema) => {
            let choices = schema.choices();
            if !choices.is_empty() {
                let mut choices = choices.into_iter().map(Shape::Schema);
                return choices.try_for_each(|shape| fit(&shape, wanted, depth + 1));
            }
        }
        _ => {}
    }
    let choices = wanted.choices();
    if !choices.is_empty() {
        let mut refused = vec![];
        for choice in &choices {
            match fit(shape, choice, depth + 1) {
                Ok(()) => return Ok(()),
                Err(misfit) => refused.push(misfit),
            }
        }
        // The one that came furthest says it best.
        let deepest = refused.into_iter().max_by_key(|misfit| misfit.at.len());
        return match deepest {
            Some(misfit) if !misfit.at.is_empty() => Err(misfit),
            _ => Err(Misfit::here(format!("{} where {} belongs", words(shape), wanted.words()))),
        };
    }
    kinds(shape, wanted)?;
    parts(shape, wanted, depth)
}

fn kinds(shape: &Shape, wanted: &Schema) -> Result<(), Misfit> {
    let misfit = || Err(Misfit::here(format!("{} where {} belongs", words(shape), wanted.words())));
    let (given, taken) = (kinds_of(shape), wanted.kinds());
    if !given.is_empty() && !taken.is_empty() {
        let fits = |kind: &String| taken.contains(kind) || (kind == "integer" && taken.contains("number"));
        if !given.iter().all(fits) {
            return misfit();
        }
    }
    match (shape, wanted.values()) {
        (Shape::Literal(value), Some(values)) if !values.contains(value) => misfit(),
        (Shape::Literal(value), _) if !wanted.holds(value) => misfit(),
        _ => Ok(()),
    }
}

fn parts(shape: &Shape, wanted: &Schema, depth: usize) -> Result<(), Misfit> {
    if let Some(items) = wanted.items_schema() {
        let each = |(i, item): (usize, &Shape)| {
            fit(item, &items, depth + 1).map_err(|misfit| misfit.below(&i.to_string()))
        };
        match shape {
            Shape::List(given) => given.iter().enumerate().try_for_each(each)?,
            Shape::Literal(Value::Array(given)) => {
                let given: Vec<_> = given.iter().cloned().map(Shape::Literal).collect();
                given.iter().enumerate().try_for_each(each)?;
            }
            _ => {
                if let Some(item) = shape.item() {
                    fit(&item, &items, depth + 1)
                        .map_err(|m| Misfit { message: format!("of an item: {}", m.message), ..m })?;
                }
            }
        }
    }
    let Some(given) = fields_of(shape) else { return Ok(()) };
    for (name, field) in wanted.fields() {
        let required = wanted.requires(&name);
        match given.get(&name) {
            None if required => {
                return Err(Misfit::here(format!("the field `{name}` is missing")));
            }
            Some((_, false)) if required => {
                return Err(Misfit::here(format!("the field `{name}` may be missing")));
            }
            None => {}
            Some((shape, _)) => fit(shape, &field, depth + 1).map_err(|m| m.below(&name))?,
        }
    }
    if wanted.is_closed()
        && let Some(extra) = given.keys().find(|name| !wanted.fields().any(|(known, _)| known == **name))
    {
        return Err(Misfit::here(format!("there is no field `{extra}`")));
    }
    Ok(())
}

/// The fields of an object, and whether each is always there; `None`: nobody knows them.
fn fields_of(shape: &Shape) -> Option<BTreeMap<String, (Shape, bool)>> {
    match shape {
        Shape::Fields(fields) => {
            Some(fields.iter().map(|(name, field)| (name.clone(), (field.clone(), true))).collect())
        }
        Shape::Literal(Value::Object(fields)) => {
            let fields = fields.iter();
            Some(fields.map(|(name, v)| (name.clone(), (Shape::Literal(v.clone()), true))).collect())
        }
        Shape::Schema(schema) if schema.has_fields() => {
            let field = |(name, field): (String, Schema)| {
                let always = schema.requires(&name);
                (name, (Shape::Schema(field), always))
            };
            Some(schema.fields().map(field).collect())
        }
        _ => None,
    }
}

fn kinds_of(shape: &Shape) -> Vec<String> {
    let kind = match shape {
        Shape::Schema(schema) => return schema.kinds().into_iter().collect(),
        Shape::Literal(value) => kind_of(value),
        Shape::List(_) | Shape::Each(_) => "array",
        Shape::Fields(_) => "object",
        Shape::Any | Shape::OneOf(_) => return vec![],
    };
    vec![kind.to_owned()]
}

/// The word that JSON Schema has for it.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// For people: `text`, `number`, `"a"`.
fn words(shape: &Shape) -> String {
    match shape {
        Shape::Literal(value) if value.is_object() || value.is_array() => {
            super::schema::kind_words(kind_of(value))
        }
        Shape::Literal(value) => value.to_string(),
        Shape::Schema(schema) => schema.words(),
        Shape::List(_) | Shape::Each(_) => "a list".to_owned(),
        Shape::Fields(_) => "an object".to_owned(),
        Shape::Any | Shape::OneOf(_) => "this".to_owned(),
    }
}
