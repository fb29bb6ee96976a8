/// Writes the customer's row in the transaction that journals it.
async fn create_customer(tx: &mut Tx<'_>, request: &Request) -> saga::Result<Customer> {
    insert(tx, &request.name).await
}
/// Writes the customer's row in the transaction that journals it.
#[allow(
    non_camel_case_types,
    dead_code,
    unreachable_pub,
    missing_copy_implementations,
    missing_debug_implementations,
    clippy::empty_enums
)]
enum create_customer {}
#[allow(
    dead_code,
    unreachable_pub,
    clippy::missing_errors_doc,
    clippy::needless_pass_by_value,
    clippy::too_many_arguments
)]
impl create_customer {
    /// The journaled arguments of one call of this step.
    ///
    /// # Errors
    /// When an argument cannot be written as JSON.
    fn args(request: &Request) -> ::saga::Result<::saga::Args<Self>> {
        #[allow(unused_imports)]
        use ::saga::__private::NoArgument as _;
        let fields = ::saga::__private::Fields::of::<Self>();
        let fields = ::saga::__private::Argument(&request).write(fields, "request")?;
        fields.args()
    }
}
#[diagnostic::do_not_recommend]
#[allow(clippy::needless_update)]
impl ::saga::Signature for create_customer {
    type Output = <<saga::Result<
        Customer,
    > as ::saga::step::StepResult>::Ok as ::saga::step::Journaled>::Output;
    const META: &'static ::saga::Meta = &::saga::Meta {
        params: &["request"],
        transactional: true,
        ..::saga::Meta::new("create_customer", ::saga::Class::Compensatable)
    };
    fn schema() -> ::saga::step::StepSchema {
        #[allow(unused_imports)]
        use ::saga::__private::NoSchema as _;
        ::saga::step::StepSchema::default()
            .with("request", ::saga::__private::SchemaOf::<Request>::read())
            .giving(
                ::saga::__private::SchemaOf::<
                    <Self as ::saga::Signature>::Output,
                >::written(),
            )
    }
}
impl<__R: ::core::marker::Sync + 'static> ::saga::TransactionalStep<__R>
for create_customer {
    #[allow(unused_variables)]
    async fn run(
        resources: &__R,
        transaction: &mut ::saga::Tx<'_>,
        context: &::saga::StepContext,
        arguments: &::saga::step::Arguments<'_>,
    ) -> ::saga::Result<::saga::step::Success> {
        let tx: &mut ::saga::Tx<'_> = transaction;
        let owned_request: Request = ::saga::__private::read::<
            Request,
        >(arguments, "request")?;
        let request: &Request = &owned_request;
        let result = create_customer(tx, request).await;
        ::saga::__private::finish::<
            Self,
            _,
            _,
        >(<saga::Result<Customer> as ::saga::step::StepResult>::into_result(result))
    }
    #[allow(unused_variables)]
    async fn compensate(
        resources: &__R,
        transaction: &mut ::saga::Tx<'_>,
        context: &::saga::StepContext,
        arguments: &::saga::step::Arguments<'_>,
        made: ::core::option::Option<&::saga::Json>,
    ) -> ::saga::Result<()> {
        #[allow(unused_imports)]
        use ::saga::__private::NoCall as _;
        let tx: &mut ::saga::Tx<'_> = transaction;
        let owned_output: <Self as ::saga::Signature>::Output = ::saga::__private::known_output::<
            Self,
        >(made)?;
        let output: &<Self as ::saga::Signature>::Output = &owned_output;
        ::saga::__private::finish_undo(
            ::saga::__private::Called(delete_customer(tx, output)).future().await,
        )
    }
}
impl<__R: ::core::marker::Sync + 'static> ::saga::Callable<__R> for create_customer {
    fn erased() -> ::saga::step::Callee<__R> {
        ::core::convert::Into::into(::saga::step::ErasedStep::transactional::<Self>())
    }
}
