//! `impl Step` or `impl TransactionalStep`: an attempt, its undo, its look-up.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Ident};

use super::model::{IfUnknown, Lend, Param, Role, Step, Undo};
use crate::{mentions, signature};

pub(super) fn step(step: &Step) -> TokenStream {
    let saga = &step.krate;
    let name = &step.function.sig.ident;
    let kind = if step.transactional { quote!(TransactionalStep) } else { quote!(Step) };
    let (generics, resources) = bounds(step);
    let (run, compensate, look_up) = (run(step), compensate(step), look_up(step));
    quote! {
        impl<#generics> #saga::#kind<#resources> for #name {
            #run
            #compensate
            #look_up
        }
    }
}

/// `R: Provide<NetBox> + .. + Sync + 'static`, and `R`.
pub(super) fn bounds(step: &Step) -> (TokenStream, Ident) {
    let saga = &step.krate;
    let resources = Ident::new("__R", Span::mixed_site());
    let mut seen = vec![];
    let mut provided = TokenStream::new();
    for param in &step.params {
        if let Role::Inject(ty) = &param.role
            && !seen.contains(&ty.to_token_stream().to_string())
        {
            seen.push(ty.to_token_stream().to_string());
            provided.extend(quote!(#saga::Provide<#ty> +));
        }
    }
    (quote!(#resources: #provided ::core::marker::Sync + 'static), resources)
}

fn run(step: &Step) -> TokenStream {
    let saga = &step.krate;
    let (name, returns) = (&step.function.sig.ident, &step.returns);
    let names = Names::new();
    let head = names.head(step, "run", name.span(), &quote!(#saga::step::Success));
    let arguments: Vec<Ident> = step.params.iter().map(|p| local(p, Some(name))).collect();
    let binds = step.params.iter().zip(&arguments).map(|(p, local)| names.bind(step, p, local));
    let result = Ident::new("result", Span::mixed_site());
    let call = quote_spanned!(name.span()=> let #result = #name(#(#arguments),*).await;);
    let success = signature::success(returns);
    let failure = signature::failure(returns).map_or(success, Spanned::span);
    let at = saga.at(success);
    let opened = quote_spanned!(success=> <#returns as #at::step::StepResult>::into_result(#result));
    let at = saga.at(failure);
    let finish = quote_spanned!(failure=> #at::__private::finish::<Self, _, _>(#opened));
    quote! {
        #[allow(unused_variables)]
        #head {
            #(#binds)*
            #call
            #finish
        }
    }
}

fn compensate(step: &Step) -> Option<TokenStream> {
    let saga = &step.krate;
    let names = Names::new();
    let (call, binds) = match step.compensate.as_ref()? {
        Undo::With(path) => {
            let arguments: Vec<Ident> = step.params.iter().map(|p| local(p, path.path.get_ident())).collect();
            let binds = step.params.iter().zip(&arguments).map(|(p, local)| names.bind(step, p, local));
            let output = Ident::new("output", Span::mixed_site());
            let bind_output = names.bind_output(step, &output);
            let lent = maybe(step, &Ident::new("output", Span::mixed_site().located_at(path.span())));
            (quote_spanned!(path.span()=> #path(#(#arguments,)* #lent)), quote!(#(#binds)* #bind_output))
        }
        Undo::Call(call) => {
            let mentioned = mentions::of(call);
            let mut binds = names.bind_mentioned(step, &mentioned);
            binds.extend(find(&mentioned, "output").map(|output| names.bind_output(step, output)));
            (told_apart(step, call).to_token_stream(), binds)
        }
    };
    let head = names.head(step, "compensate", call.span(), &quote!(()));
    let at = saga.at(call.span());
    let finish = quote_spanned!(call.span()=> #at::__private::finish_undo(#at::__private::Called(#call).future().await));
    Some(quote! {
        #[allow(unused_variables)]
        #head {
            #[allow(unused_imports)]
            use #saga::__private::NoCall as _;
            #binds
            #finish
        }
    })
}

/// The same call, where `output` and `recorded` as arguments say what they are when something else is taken.
fn told_apart(step: &Step, call: &Expr) -> Expr {
    let mut call = call.clone();
    let arguments = match &mut call {
        Expr::Call(call) => &mut call.args,
        Expr::MethodCall(call) => &mut call.args,
        _ => return call,
    };
    for argument in arguments {
        let Expr::Path(path) = &*argument else { continue };
        let Some(name) = path.path.get_ident() else { continue };
        if name == "output" || name == "recorded" {
            *argument = Expr::Verbatim(maybe(step, name));
        }
    }
    call
}

/// `output` or `recorded` as an argument.
fn maybe(step: &Step, name: &Ident) -> TokenStream {
    if step.knows_output() && name == "output" {
        return name.to_token_stream();
    }
    let at = step.krate.at(name.span());
    let lend = Ident::new(if name == "output" { "made" } else { "recorded" }, name.span());
    quote_spanned!(name.span()=> #at::__private::#lend(#name))
}

fn look_up(step: &Step) -> Option<TokenStream> {
    let saga = &step.krate;
    let IfUnknown::LookUp(call) = &step.if_unknown else { return None };
    let names = Names::new();
    let head = names.head(step, "look_up", call.span(), &quote!(::core::option::Option<#saga::Json>));
    let binds = names.bind_mentioned(step, &mentions::of(call));
    let at = saga.at(call.span());
    let finish = quote_spanned!(call.span()=> #at::__private::finish_look_up::<Self>(#at::__private::Called(#call).future().await));
    Some(quote! {
        #[allow(unused_variables)]
        #head {
            #[allow(unused_imports)]
            use #saga::__private::NoCall as _;
            #binds
            #finish
        }
    })
}

/// The parameter's name. A function may be called like a parameter, which must not hide it then.
fn local(param: &Param, function: Option<&Ident>) -> Ident {
    let mut local = param.name.clone();
    if function == Some(&local) {
        local.set_span(Span::mixed_site().located_at(local.span()));
    }
    local
}

fn find<'a>(mentioned: &'a [Ident], name: &str) -> Option<&'a Ident> {
    mentioned.iter().find(|m| *m == name)
}

/// The names of what the engine hands in; none of them can meet a name of the user's.
struct Names {
    resources: Ident,
    tx: Ident,
    cx: Ident,
    args: Ident,
    output: Ident,
}

impl Names {
    fn new() -> Self {
        let name = |name| Ident::new(name, Span::mixed_site());
        Self {
            resources: name("resources"),
            tx: name("transaction"),
            cx: name("context"),
            args: name("arguments"),
            output: name("made"),
        }
    }

    /// The head of one of the functions. A future that is not `Send` is reported at its span.
    fn head(&self, step: &Step, function: &str, span: Span, returns: &TokenStream) -> TokenStream {
        let saga = step.krate.at(span);
        let Self { resources, tx, cx, args, output } = self;
        let (_, r) = bounds(step);
        let tx = step.transactional.then(|| quote!(#tx: &mut #saga::Tx<'_>,));
        let output =
            (function == "compensate").then(|| quote!(#output: ::core::option::Option<&#saga::Json>,));
        let function = Ident::new(function, span);
        quote_spanned! {span=>
            async fn #function(
                #resources: &#r,
                #tx
                #cx: &#saga::StepContext,
                #args: &#saga::step::Arguments<'_>,
                #output
            ) -> #saga::Result<#returns>
        }
    }

    /// Brings a parameter into scope, as the step itself sees it.
    fn bind(&self, step: &Step, param: &Param, name: &Ident) -> TokenStream {
        let saga = &step.krate;
        let Self { resources, tx, cx, args, .. } = self;
        let ty = &param.ty;
        match &param.role {
            Role::Context => quote!(let #name: &#saga::StepContext = #cx;),
            Role::Transaction => quote!(let #name: &mut #saga::Tx<'_> = #tx;),
            Role::Inject(resource) => {
                quote!(let #name: &#resource = #saga::Provide::<#resource>::provide(#resources);)
            }
            Role::Data(storage) => {
                let (owned, key) = (&storage.owned, param.key());
                let at = step.krate.at(ty.span());
                let read = quote_spanned!(ty.span()=> #at::__private::read::<#owned>(#args, #key)?);
                // What is lent lives in a binding of its own, so that the reference can carry the user's name.
                let kept = format_ident!("owned_{}", param.name, span = Span::mixed_site());
                let lent = match storage.lend {
                    Lend::Move => return quote!(let #name: #ty = #read;),
                    Lend::Borrow => quote!(&#kept),
                    Lend::AsRef => quote!(#kept.as_ref()),
                    Lend::AsDeref => quote!(#kept.as_deref()),
                };
                quote!(let #kept: #owned = #read; let #name: #ty = #lent;)
            }
        }
    }

    /// What a compensation or look-up mentions, except `output`.
    fn bind_mentioned(&self, step: &Step, mentioned: &[Ident]) -> TokenStream {
        let saga = &step.krate;
        let Self { tx, cx, .. } = self;
        let mut binds = TokenStream::new();
        for param in &step.params {
            let name = find(mentioned, &param.name.to_string());
            binds.extend(name.map(|name| self.bind(step, param, name)));
        }
        // Names that the step did not give itself.
        let free = |name| find(mentioned, name).filter(|_| step.params.iter().all(|p| p.name != name));
        if let Some(name) = free("cx") {
            binds.extend(quote!(let #name: &#saga::StepContext = #cx;));
        }
        if let Some(name) = free("tx").filter(|_| step.transactional) {
            binds.extend(quote!(let #name: &mut #saga::Tx<'_> = #tx;));
        }
        if let Some(name) = free("cause") {
            binds.extend(quote!(let #name: &str = #cx.cause().unwrap_or_default();));
        }
        if let Some(name) = free("recorded") {
            let kept = Ident::new("owned_record", Span::mixed_site());
            binds.extend(quote!(let #kept = #cx.recorded()?; let #name = #kept.as_ref();));
        }
        binds
    }

    /// `output`: what the step made, or an `Option` of it where that may be lost.
    fn bind_output(&self, step: &Step, name: &Ident) -> TokenStream {
        let saga = &step.krate;
        let made = &self.output;
        let kept = Ident::new("owned_output", Span::mixed_site());
        let output = quote!(<Self as #saga::Signature>::Output);
        if step.knows_output() {
            return quote! {
                let #kept: #output = #saga::__private::known_output::<Self>(#made)?;
                let #name: &#output = &#kept;
            };
        }
        quote! {
            let #kept = #saga::__private::output::<Self>(#made)?;
            let #name: ::core::option::Option<&#output> = #kept.as_ref();
        }
    }
}
