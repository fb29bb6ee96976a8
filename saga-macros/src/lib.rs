//! The macros of `saga`. Their documentation stands at the re-exports there.
//!
//! Each attribute goes the same way: `parse` reads the syntax, `validate` holds every rule and its words,
//! `model` is what is left, `expand` writes the code. `saga` has two rooms more: `read` turns a body into the
//! model, and `lower` turns the model into calls of the builder.

mod attributes;
mod diagnostics;
mod krate;
mod mentions;
mod options;
mod resources;
mod saga;
mod schema;
mod signature;
mod stand_in;
mod step;

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod golden;

use proc_macro::TokenStream;

#[allow(missing_docs, reason = "documented at the re-export in `saga`")]
#[proc_macro_attribute]
pub fn step(options: TokenStream, item: TokenStream) -> TokenStream {
    step::expand(options.into(), item.into()).into()
}

#[allow(missing_docs, reason = "documented at the re-export in `saga`")]
#[proc_macro_attribute]
pub fn saga(options: TokenStream, item: TokenStream) -> TokenStream {
    saga::expand(options.into(), item.into()).into()
}

#[allow(missing_docs, reason = "documented at the re-export in `saga`")]
#[proc_macro_derive(Resources, attributes(resources))]
pub fn resources(item: TokenStream) -> TokenStream {
    resources::expand(item.into()).into()
}
